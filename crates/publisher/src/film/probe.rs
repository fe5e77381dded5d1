//! Opens a film, reads a few hundred kilobytes of it, and decides whether a browser can play it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use mp4::{Index, Track, TrackKind};

use super::description::{codecs, missing, plays};
use super::file::{FileStamp, read_at};
use super::file_kind::other_kind;
use super::found_film::{Container, FoundFilm};
use super::reason::{Reason, unreadable};
use super::{matroska_film, mp4_film};
use crate::library_folder::open_regular;

/// Bytes that the source id hashes at each end of the film, and at each place between.
const SAMPLE_BYTES: usize = 64 << 10;
/// Positions between the ends that the source id hashes.
const SAMPLES: u64 = 16;
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

/// A film, and its source id.
fn find(file: &mut File, size_bytes: u64) -> Result<(FoundFilm, String), Reason> {
    let head = head(file, size_bytes)?;
    if head.starts_with(&matroska::MAGIC) {
        let source_id = source_id(file, size_bytes, &[]).map_err(unreadable)?;
        return Ok((matroska_film::probe(file, size_bytes)?, source_id));
    }
    let (range, moov) = mp4_film::moov(file, size_bytes, head)?;
    let source_id = source_id(file, size_bytes, &moov).map_err(unreadable)?;
    Ok((mp4_film::probe(file, size_bytes, range, moov)?, source_id))
}

/// The source id of the film at `path`, whether it plays or not; `None` where it is no film.
pub(crate) fn source_id_of(path: &Path) -> Option<String> {
    let mut file = open_regular(path).ok()?;
    let size_bytes = file.metadata().ok()?.len();
    let head = head(&mut file, size_bytes).ok()?;
    if head.starts_with(&matroska::MAGIC) {
        return source_id(&mut file, size_bytes, &[]).ok();
    }
    let (_, moov) = mp4_film::moov(&mut file, size_bytes, head).ok()?;
    source_id(&mut file, size_bytes, &moov).ok()
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

#[cfg(test)]
mod tests {
    use std::fs;

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
