//! Opens a film, reads a few hundred kilobytes of it, and decides whether a browser can play it.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use mp4::limits::MOOV_BYTES_MAX;
use mp4::locate::{LocateStep, Locator};
use mp4::plan::{self, PlanTarget, Selection};
use mp4::{ByteRange, Index, Track, TrackKind};

use super::description::{codecs, missing, plays};
use super::{fragments, matroska_film};
use crate::library_folder::open_regular;
use crate::output::format::Clock;

/// Bytes that the source id hashes at each end of the film, and at each place between.
const SAMPLE_BYTES: usize = 64 << 10;
/// Positions between the ends that the source id hashes.
const SAMPLES: u64 = 16;
/// Reads until `moov` is found: more than the locator itself walks.
const STEPS_MAX: u32 = 4 * mp4::limits::BOXES_BEFORE_MOOV_MAX;
/// Bytes of one read: the locator wants at most `MOOV_GUESS_BYTES`.
const STEP_BYTES_MAX: u64 = mp4::limits::MOOV_GUESS_BYTES;
/// Length of the first and last window, which must lie in the file.
const WINDOW_MS: u64 = 10_000;
/// A last window of ten seconds is behind one or two key frames.
const WINDOWS_MAX: usize = 16;

/// Size and modification time of a file: where they differ, it was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileStamp {
    pub(crate) size_bytes: u64,
    modified: Option<SystemTime>,
}

impl FileStamp {
    /// Of the file at `path`, now.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|found| Self::new(&found))
    }

    fn new(found: &fs::Metadata) -> Self {
        Self { size_bytes: found.len(), modified: found.modified().ok() }
    }
}

/// A film that plays.
#[derive(Debug, Clone)]
pub(crate) struct ProbedFilm {
    /// Canonical.
    pub(crate) path: PathBuf,
    pub(crate) stamp: FileStamp,
    pub(crate) container: Container,
    /// Names its content: 32 hexadecimal digits.
    pub(crate) source_id: String,
    pub(crate) duration_ms: u64,
    /// Lines of the picture.
    pub(crate) height: Option<u32>,
    /// Pixels of the picture, as the sample description says.
    pub(crate) pixels: u64,
    /// RFC 6381 names.
    pub(crate) codec: String,
    /// Kinds of tracks that Media Source Extensions do not play.
    pub(crate) missing: Vec<api::MissingKind>,
    /// `avc1.64001f 1280x720, mp4a.40.2, 10:00`
    pub(crate) plays: String,
}

/// What a film's tracks lie in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    /// The byte range of its `moov` box.
    Mp4(ByteRange),
    Matroska,
    WebM,
}

impl Container {
    /// As the catalog names it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Mp4(_) => "mp4",
            Self::Matroska => "matroska",
            Self::WebM => "webm",
        }
    }
}

/// Why a film does not play: a sentence.
pub(crate) type Reason = String;

/// Opens the file at `path`, which is canonical.
pub(crate) fn probe(path: &Path) -> Result<ProbedFilm, Reason> {
    let mut file = open_regular(path).map_err(|e| format!("cannot be opened: {e}"))?;
    let stamp = file.metadata().map(|found| FileStamp::new(&found));
    let stamp = stamp.map_err(unreadable)?;
    if stamp.size_bytes == 0 {
        return Err("is empty".to_owned());
    }
    let (found, source_id) = find(&mut file, stamp.size_bytes)?;
    let FoundFilm { container, index, note } = found;
    let playing = playing(&index);
    if FileStamp::of(path).ok() != Some(stamp) {
        return Err("was changed while it was read; publish again when it is complete".to_owned());
    }
    let video = playing.iter().find(|track| track.kind == TrackKind::Video);
    Ok(ProbedFilm {
        path: path.to_owned(),
        stamp,
        container,
        source_id,
        duration_ms: index.duration_ms(),
        height: video.map(|track| u32::from(track.height)).filter(|height| *height > 0),
        pixels: video.map_or(0, |track| u64::from(track.width) * u64::from(track.height)),
        codec: codecs(&playing),
        missing: missing(&index),
        plays: plays(&playing, &index) + note,
    })
}

/// A film that a browser can play.
pub(super) struct FoundFilm {
    pub(super) container: Container,
    pub(super) index: Index<Vec<u8>>,
    /// Goes behind what it plays.
    pub(super) note: &'static str,
}

/// A film, and its source id.
fn find(file: &mut File, size_bytes: u64) -> Result<(FoundFilm, String), Reason> {
    let head = head(file, size_bytes)?;
    if head.starts_with(&matroska::MAGIC) {
        let source_id = source_id(file, size_bytes, &[]).map_err(unreadable)?;
        return Ok((matroska_film::probe(file, size_bytes)?, source_id));
    }
    let (range, moov) = moov(file, size_bytes, head)?;
    let source_id = source_id(file, size_bytes, &moov).map_err(unreadable)?;
    let index = playable_index(file, size_bytes, range, moov)?;
    Ok((FoundFilm { container: Container::Mp4(range), index, note: "" }, source_id))
}

/// The source id of the film at `path`, whether it plays or not; `None` where it is no film.
pub(crate) fn source_id_of(path: &Path) -> Option<String> {
    let mut file = open_regular(path).ok()?;
    let size_bytes = file.metadata().ok()?.len();
    let head = head(&mut file, size_bytes).ok()?;
    if head.starts_with(&matroska::MAGIC) {
        return source_id(&mut file, size_bytes, &[]).ok();
    }
    let (_, moov) = moov(&mut file, size_bytes, head).ok()?;
    source_id(&mut file, size_bytes, &moov).ok()
}

/// The index of a film that a browser can play and whose media data is all there.
fn playable_index(
    file: &mut File,
    size_bytes: u64,
    range: ByteRange,
    moov: Vec<u8>,
) -> Result<Index<Vec<u8>>, Reason> {
    let mut index = Index::parse(moov).map_err(broken)?;
    index.set_file(range, Some(size_bytes));
    index.playable().map_err(|why| format!("does not play: {why}"))?;
    if index.is_fragmented() {
        // Its own length is known only when all of it was walked; what cannot be gathered still plays.
        let moov = read_at(file, range.start, range.len()).map_err(unreadable)?;
        let again = Index::parse(moov).map_err(broken)?;
        if let Ok(gathered) =
            fragments::gather(file, again, range, size_bytes).map_err(unreadable)?
        {
            index = gathered;
        }
    }
    is_whole(file, &mut index, size_bytes)?;
    Ok(index)
}

/// The first bytes of the file; an error where they are those of another kind of file.
fn head(file: &mut File, size_bytes: u64) -> Result<Vec<u8>, Reason> {
    let length = size_bytes.min(SAMPLE_BYTES as u64);
    let head = read_at(file, 0, length).map_err(unreadable)?;
    match other_kind(&head) {
        Some(other) => Err(format!("is {other}, neither MP4 nor Matroska")),
        None => Ok(head),
    }
}

fn broken(error: mp4::Error) -> Reason {
    match error.violation {
        violation if violation.starts_with("not an MP4") => format!("is {violation}"),
        _ if error.is_limit() => format!("is not read: {error}"),
        _ => format!("is broken: {error}"),
    }
}

/// The byte range of the `moov` box, and its bytes.
fn moov(file: &mut File, size_bytes: u64, head: Vec<u8>) -> Result<(ByteRange, Vec<u8>), Reason> {
    let mut locator = Locator::new(Some(size_bytes));
    locator.feed(0, &head);
    drop(head);
    for _ in 0..STEPS_MAX {
        match locator.next().map_err(broken)? {
            LocateStep::Need(range) => {
                let length = range.len().min(STEP_BYTES_MAX);
                let bytes = read_at(file, range.start, length).map_err(unreadable)?;
                locator.feed(range.start, &bytes);
            }
            LocateStep::Moov(range) if range.len() > MOOV_BYTES_MAX => {
                return Err(format!(
                    "is not read: its `moov` box has {} bytes, and at most {MOOV_BYTES_MAX} are",
                    range.len()
                ));
            }
            LocateStep::Moov(range) => {
                let bytes = read_at(file, range.start, range.len()).map_err(unreadable)?;
                return Ok((range, bytes));
            }
        }
    }
    Err(format!("is not a film: {STEPS_MAX} boxes and no `moov` among them"))
}

pub(super) fn unreadable(error: io::Error) -> Reason {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        "became shorter while it was read".to_owned()
    } else {
        format!("cannot be read: {error}")
    }
}

pub(crate) fn read_at(file: &mut File, start: u64, length: u64) -> io::Result<Vec<u8>> {
    let length = usize::try_from(length).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// BLAKE3-128 over the size, both ends, `moov` and samples between: films that differ differ there,
/// and no gigabytes are read to know it.
fn source_id(file: &mut File, size_bytes: u64, moov: &[u8]) -> io::Result<String> {
    let block = size_bytes.min(SAMPLE_BYTES as u64);
    let room = size_bytes - block;
    let mut hash = blake3::Hasher::new();
    hash.update(&size_bytes.to_le_bytes());
    hash.update(&read_at(file, 0, block)?);
    hash.update(&read_at(file, room, block)?);
    hash.update(moov);
    for sample in 1..=SAMPLES {
        let start = u128::from(room) * u128::from(sample) / u128::from(SAMPLES + 1);
        let start = u64::try_from(start).unwrap_or(room);
        hash.update(&read_at(file, start, block)?);
    }
    Ok(short(&hash.finalize()))
}

/// 32 hexadecimal digits.
pub(crate) fn short(hash: &blake3::Hash) -> String {
    hash.to_hex().get(..32).unwrap_or_default().to_owned()
}

/// The tracks that a browser would play.
fn playing(index: &Index<Vec<u8>>) -> Vec<&Track> {
    let chosen = [index.default_video(), index.default_audio()];
    chosen.into_iter().flatten().filter_map(|track| index.tracks().get(track)).collect()
}

/// Reads the `moof` boxes of a fragmented film that planning `target` needs.
fn feed_fragments(
    file: &mut File,
    index: &mut Index<Vec<u8>>,
    selection: Selection,
    wanted: PlanTarget,
) -> Result<(), Reason> {
    while let Some(range) = plan::need(index, selection, wanted).map_err(broken)? {
        let bytes = read_at(file, range.start, range.len()).map_err(unreadable)?;
        index.feed(range.start, &bytes).map_err(broken)?;
    }
    Ok(())
}

/// Checks that the file has every byte that its tables name: a film whose copying was interrupted has
/// its `moov` and not its end.
pub(super) fn is_whole(
    file: &mut File,
    index: &mut Index<Vec<u8>>,
    size_bytes: u64,
) -> Result<(), Reason> {
    let selection = Selection { video: index.default_video(), audio: index.default_audio() };
    for time_ms in [0, u64::MAX] {
        feed_fragments(file, index, selection, PlanTarget::Time(time_ms))?;
        let (mut cursor, _) = plan::seek(index, selection, time_ms).map_err(broken)?;
        for _ in 0..WINDOWS_MAX {
            feed_fragments(file, index, selection, PlanTarget::Window(cursor))?;
            let Some(window) = plan::next(index, selection, cursor, WINDOW_MS).map_err(broken)?
            else {
                break;
            };
            let end = window.fetches.iter().map(|fetch| fetch.range.end).max().unwrap_or(0);
            if end > size_bytes {
                return Err(format!(
                    "is cut short: what it shows at {} goes up to byte {end}, and the file has \
                     {size_bytes}",
                    Clock(window.start_ms)
                ));
            }
            cursor = window.next;
        }
    }
    Ok(())
}

/// The kind of a file that is neither MP4 nor Matroska, of those that are often named `.mp4`.
fn other_kind(head: &[u8]) -> Option<&'static str> {
    let magics: [(&[u8], &str); 7] = [
        (b"RIFF", "AVI or another RIFF file"),
        (b"OggS", "Ogg"),
        (b"FLV", "Flash video"),
        (b"%PDF", "a PDF"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"ID3", "MP3"),
        (&[0x00, 0x00, 0x01, 0xba], "an MPEG program stream"),
    ];
    if let Some((_, kind)) = magics.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(kind);
    }
    if head.first() == Some(&0x47) && head.get(188) == Some(&0x47) {
        return Some("an MPEG transport stream");
    }
    if head.iter().all(|byte| *byte == 0) {
        return Some("all zeros at its beginning");
    }
    let start = head.get(..512).unwrap_or(head);
    let printable = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..);
    // The cut may be in the middle of a letter; the text before it is still valid.
    let text = match std::str::from_utf8(start) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    (text && start.iter().all(printable)).then_some("text")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIP: &[u8] = include_bytes!("../../../../local-runtime/demo/clip.mp4");

    fn of(bytes: &[u8]) -> Result<ProbedFilm, Reason> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("film.mp4");
        fs::write(&path, bytes).unwrap();
        probe(&path)
    }

    #[test]
    fn playable_film_is_described() {
        let film = of(CLIP).unwrap();
        assert_eq!(film.plays, "avc1.64001f 1280x720, mp4a.40.2, 0:16");
        assert_eq!((film.duration_ms, film.height), (16_000, Some(720)));
        assert!(api::limits::is_id(&film.source_id) && film.source_id.len() == 32);
    }

    #[test]
    fn files_that_are_no_films_are_named() {
        let zeros = vec![0; 100_000];
        let long = "Ein Text mit Umlauten: äöü. ".repeat(1000);
        for (bytes, wanted) in [
            (b"".as_slice(), "is empty"),
            (b"A list of films", "is text, neither MP4 nor Matroska"),
            (long.as_bytes(), "is text"),
            (&long.as_bytes()[..511], "is text"),
            (&zeros, "all zeros"),
            (b"\x1a\x45\xdf\xa3 and more", "file has no Segment"),
            (b"RIFF....AVI ", "AVI"),
            (&CLIP[..20], "is broken"),
            (&CLIP[..8000], "is broken"),
            (&CLIP[..CLIP.len() / 2], "is cut short"),
            (&CLIP[..CLIP.len() - 1], "is cut short"),
            (&CLIP[4..], "is not an MP4 file"),
        ] {
            let reason = of(bytes).unwrap_err();
            assert!(reason.contains(wanted), "{wanted} is not in: {reason}");
        }
    }

    #[test]
    fn film_cut_anywhere_is_refused_without_a_panic() {
        for length in (0..CLIP.len()).step_by(CLIP.len() / 97) {
            assert!(of(&CLIP[..length]).is_err(), "{length} bytes of {}", CLIP.len());
        }
    }

    #[test]
    fn source_ids_differ_where_bytes_differ() {
        let id = |bytes: &[u8]| of(bytes).unwrap().source_id;
        assert_eq!(id(CLIP), id(CLIP));
        let longer = [CLIP, b"\0\0\0\x08free"].concat();
        assert_ne!(id(CLIP), id(&longer));
        let mut last = CLIP.to_vec();
        *last.last_mut().unwrap() ^= 1;
        assert_ne!(id(CLIP), id(&last));
    }
}
