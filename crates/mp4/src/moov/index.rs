//! A film's tracks out of its `moov`: headers and sample descriptions by mp4parse, the sample
//! tables where they lie.

use super::codecs::{self, Support};
use super::sample_description::{self, Description};
use super::sample_entry;
use super::stream::{self, MovieContext};
use super::text_format::TextFormat;
use super::track::{Track, TrackMedia};
use super::track_boxes::TrackBoxes;
use super::track_header::TrackKind;
use super::unplayed_kinds;
use crate::boxes::{BoxAt, boxes, find, mdhd, mehd, tref, trex};
use crate::error::{Error, LARGE_MOOV, MANY_TRACKS, Result, Unplayable};
use crate::limits::{MOOV_BYTES_MAX, PSSH_MAX, SEGMENTS_MAX, TICKS_MAX, TRACKS_MAX};
use crate::range::ByteRange;
use crate::samples::moof::MoofTrack;
use crate::samples::moof_store::{FragmentedTrack, MoofStore};
use crate::ticks::rescale;
use crate::timeline::edit_segment::SampleSource;

#[cfg(not(feature = "mp4parse"))]
use super::header_reader::{read, read_entry};
#[cfg(feature = "mp4parse")]
use super::mp4parse_reader::{read, read_entry};

/// A `moov` and what is found in it. The sample tables stay in its bytes.
#[derive(Debug)]
pub struct Index<B> {
    moov: B,
    tracks: Vec<Track>,
    moofs: Option<MoofStore>,
    pssh: Vec<BoxAt>,
    chpl: Option<BoxAt>,
}

impl<B: AsRef<[u8]>> Index<B> {
    /// From the whole box, header and all.
    pub fn parse(moov: B) -> Result<Self> {
        let MoovContent { tracks, moofs, pssh, chpl } = read_moov(moov.as_ref())?;
        Ok(Self { moov, tracks, moofs, pssh, chpl })
    }

    /// Whether `moof` boxes may tell of samples that `moov` does not: then [`plan::need`] says
    /// which bytes must be fed.
    ///
    /// [`plan::need`]: crate::remux::plan::need
    pub fn is_fragmented(&self) -> bool {
        self.moofs.is_some()
    }

    /// Tells where in the file `moov` lies, and how large the file is, if that is known.
    pub fn set_file(&mut self, moov: ByteRange, file_size: Option<u64>) {
        if let Some(moofs) = &mut self.moofs {
            moofs.set_file(moov, file_size);
        }
    }

    /// Takes bytes of a fragmented file that begin at `offset`: box by box, and no media of it.
    pub fn feed(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.moofs.as_mut().map_or(Ok(()), |moofs| moofs.feed(offset, bytes))
    }

    /// For one file: what an edit list can hide or move is left as it is, and
    /// [`init::write_many`] writes that list. A `SourceBuffer` must not see such a film, for
    /// browsers do not agree on edit lists.
    ///
    /// [`init::write_many`]: crate::remux::init::write_many
    #[must_use]
    pub fn for_file(mut self) -> Self {
        let data = self.moov.as_ref();
        for track in self.tracks.iter_mut().filter(|track| track.text.is_none()) {
            let is_video = track.kind == TrackKind::Video;
            if let Some(TrackMedia { tables, timeline, .. }) = &mut track.stream {
                let source = SampleSource { data, tables, is_video };
                timeline.raise(source, track.timescale.into());
            }
        }
        self
    }

    /// Of what was found before.
    pub(crate) fn of(moov: B, tracks: Vec<Track>) -> Self {
        Self { moov, tracks, moofs: None, pssh: Vec::new(), chpl: None }
    }

    /// All tracks, in the file's order.
    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// How long the film is: the longest of its playable tracks.
    pub fn duration_ms(&self) -> u64 {
        let playable = |t: &&Track| t.playable.is_ok();
        let told = self.tracks.iter().filter(playable).map(|t| t.duration_ms).max().unwrap_or(0);
        told.max(self.moofs.as_ref().map_or(0, MoofStore::until_ms))
    }

    /// The first video track that plays in every browser, else the first that plays in some.
    pub fn default_video(&self) -> Option<usize> {
        self.first(TrackKind::Video)
    }

    /// The first audio track that plays in every browser, else the first that plays in some.
    pub fn default_audio(&self) -> Option<usize> {
        self.first(TrackKind::Audio)
    }

    fn first(&self, kind: TrackKind) -> Option<usize> {
        let plays = |t: &Track| t.kind == kind && t.playable.is_ok();
        let everywhere = |t: &Track| plays(t) && t.support == Support::Everywhere;
        self.tracks.iter().position(everywhere).or_else(|| self.tracks.iter().position(plays))
    }

    /// Whether the film plays: of video and of audio, whichever it has, one track each does.
    pub fn playable(&self) -> Result<(), Unplayable> {
        let mut any = false;
        for kind in [TrackKind::Video, TrackKind::Audio] {
            let mut reasons = self.tracks.iter().filter(|t| t.kind == kind).map(|t| &t.playable);
            let Some(first) = reasons.next() else { continue };
            if let Err(reason) = first
                && !reasons.any(Result::is_ok)
            {
                return Err(reason.clone());
            }
            any = true;
        }
        // A track too broken to tell its kind, or only text: its own reason says more.
        let other = self.tracks.iter().find_map(|t| t.playable.as_ref().err());
        if any { Ok(()) } else { Err(other.cloned().unwrap_or(Unplayable::NoMedia)) }
    }

    /// Where the last byte that playable tracks need ends: a shorter file is cut off.
    pub fn media_end(&self) -> u64 {
        let data = self.moov();
        let playable = self.tracks.iter().filter(|t| t.playable.is_ok());
        playable
            .filter_map(|t| t.stream.as_ref())
            .map(|s| s.tables.media_end(data))
            .max()
            .unwrap_or(0)
    }

    pub(crate) fn moov(&self) -> &[u8] {
        self.moov.as_ref()
    }

    pub(crate) fn moofs(&self) -> Option<&MoofStore> {
        self.moofs.as_ref()
    }

    /// What key systems want to know, for an initialization segment.
    pub(crate) fn pssh(&self) -> &[BoxAt] {
        &self.pssh
    }

    /// A list of chapters.
    pub(crate) fn chpl(&self) -> Option<BoxAt> {
        self.chpl
    }
}

/// What is found in a `moov`.
struct MoovContent {
    tracks: Vec<Track>,
    moofs: Option<MoofStore>,
    pssh: Vec<BoxAt>,
    chpl: Option<BoxAt>,
}

fn read_moov(data: &[u8]) -> Result<MoovContent> {
    if data.len() as u64 > MOOV_BYTES_MAX {
        return Err(Error::moov("", 0, LARGE_MOOV));
    }
    let moov = boxes(data, 0, data.len(), "").next().transpose()?;
    let moov = moov.filter(|b| &b.kind == b"moov");
    let moov =
        moov.ok_or_else(|| Error::moov("", 0, "bytes are not a moov box; 14496-12 § 8.2.1"))?;
    let (mut mvhd, mut mvex, mut udta) = (None, None, None);
    let (mut found, mut pssh) = (Vec::new(), Vec::new());
    for child in boxes(data, moov.body, moov.end, "") {
        let child = child?;
        // Not by `match`, which compares byte by byte, in a download too.
        let once = [(b"mvhd", &mut mvhd), (b"mvex", &mut mvex), (b"udta", &mut udta)];
        for (kind, found) in once {
            if &child.kind == kind {
                found.get_or_insert(child);
            }
        }
        if &child.kind == b"pssh" && pssh.len() < PSSH_MAX {
            pssh.push(child);
        } else if &child.kind == b"cmov" {
            return Err(Error::moov(
                "cmov",
                child.start,
                "moov is compressed (cmov), which is not read; QTFF",
            ));
        } else if &child.kind == b"trak" {
            if found.len() == TRACKS_MAX {
                return Err(Error::moov("trak", child.start, MANY_TRACKS));
            }
            found.push(child);
        }
    }
    let mut room = SEGMENTS_MAX;
    let mut tracks = Vec::with_capacity(found.len());
    for (i, trak) in found.into_iter().enumerate() {
        tracks.push(describe(data, [mvhd, mvex, udta], i, trak, &mut room));
    }
    let movie = mvhd.and_then(|b| mehd::movie(data, b));
    let moofs = mvex.map(|mvex| moofs(data, mvex, movie, &tracks));
    let chpl = udta.and_then(|b| find(data, b.body, b.end, &[*b"chpl"]));
    Ok(MoovContent { tracks, moofs, pssh, chpl })
}

/// The tracks that `moof` boxes may go on with (§ 8.8.1).
fn moofs(data: &[u8], mvex: BoxAt, movie: Option<u32>, tracks: &[Track]) -> MoofStore {
    let length = find(data, mvex.body, mvex.end, &[*b"mehd"]).and_then(|b| mehd::parse(data, b));
    let trex = boxes(data, mvex.body, mvex.end, "").of(*b"trex").take(TRACKS_MAX);
    let told: Vec<_> = trex.filter_map(|b| trex::parse(data, b)).collect();
    let mut fragmented = Vec::new();
    let mut all = Vec::new();
    for (i, track) in tracks.iter().enumerate().filter(|(_, track)| track.is_readable()) {
        let defaults = told.iter().find(|(id, _)| *id == track.id);
        let defaults = defaults.map(|(_, defaults)| *defaults).unwrap_or_default();
        let end = track.stream.as_ref().map_or(0, |stream| stream.tables.stts.sum());
        let end = end.min(TICKS_MAX).cast_signed();
        let is_video = track.kind == TrackKind::Video;
        fragmented.push(FragmentedTrack { track: i, is_video, scale: track.timescale, end });
        all.push(MoofTrack { id: track.id, defaults });
    }
    let length_ms = length.zip(movie).map_or(0, |(length, movie)| rescale(length, movie, 1000));
    MoofStore::new(fragmented, all, length_ms)
}

fn describe(
    data: &[u8],
    [mvhd, mvex, udta]: [Option<BoxAt>; 3],
    i: usize,
    b: BoxAt,
    room: &mut usize,
) -> Track {
    let fragmented = mvex.is_some();
    let broken = |error: Error| Track::unplayable(Unplayable::Broken(error.in_track(i)));
    let boxes = match TrackBoxes::find(data, b) {
        Ok(boxes) => boxes,
        Err(error) => return broken(error),
    };
    let headers = match read(data, mvhd, &boxes) {
        Ok(headers) => headers,
        Err(error) => return broken(error),
    };
    let mut track = Track::unplayable(Unplayable::NoDescription);
    track.id = headers.id;
    track.kind = headers.kind;
    track.timescale = headers.timescale;
    track.duration_ms = rescale(headers.duration, headers.timescale, 1000);
    track.sample_count = boxes.sample_count(data);
    track.language = boxes.mdhd.and_then(|b| mdhd::language(data, b));
    (track.width, track.height) = headers.size;
    let entry = boxes.stsd.and_then(|stsd| sample_entry::entries(data, stsd).next());
    track.codec = entry.map_or_else(String::new, |entry| codecs::fourcc(entry.kind));
    track.chapters = boxes.tref.and_then(|tref| tref::chapters(data, tref));
    let context = MovieContext { movie: headers.movie, fragmented, udta };
    if track.kind == TrackKind::Other {
        read_other(data, &boxes, &mut track, context, room);
        return track;
    }
    let is_video = track.kind == TrackKind::Video;
    let read =
        boxes.stsd.map(|stsd| sample_description::read_all(data, stsd, is_video, read_entry));
    let (described, descriptions) = match read.unwrap_or(Err(Unplayable::NoDescription)) {
        Ok(all) => (tell(&mut track, &all), all),
        Err(why) => (Err(why), Vec::new()),
    };
    let stream = stream::read(data, &boxes, &mut track, descriptions, context, room);
    if let Ok(stream) = &stream {
        let until = u64::try_from(stream.timeline.until).unwrap_or(0);
        let until_ms = rescale(until, track.timescale, 1000);
        // What `moof` boxes add is in the header's duration, if it is told at all.
        track.duration_ms = if fragmented { until_ms.max(track.duration_ms) } else { until_ms };
        track.sample_count = stream.tables.count;
    }
    track.playable = described
        .and(stream.as_ref().map(|_| ()).map_err(Clone::clone))
        .map_err(|reason| reason.in_track(i));
    track.stream = stream.ok();
    track
}

/// A track that is neither video nor audio: why it is not played, and its cues if it has some.
fn read_other(
    data: &[u8],
    boxes: &TrackBoxes,
    track: &mut Track,
    context: MovieContext,
    room: &mut usize,
) {
    let entry = boxes.stsd.and_then(|stsd| sample_entry::entries(data, stsd).next());
    track.text = entry.and_then(|entry| TextFormat::of(entry.kind));
    track.playable = Err(Unplayable::Kind(unplayed_kinds::unplayed(
        boxes.hdlr.and_then(|b| b.content(data).get(8..12)).unwrap_or_default(),
        entry.map_or([0; 4], |entry| entry.kind),
    )));
    if track.text.is_some() {
        track.stream = stream::read(data, boxes, track, Vec::new(), context, room).ok();
    }
}

/// Fills in what the sample descriptions say, and whether all of them play somewhere.
fn tell(track: &mut Track, all: &[Description]) -> Result<(), Unplayable> {
    for (i, description) in all.iter().enumerate() {
        let Description { name, codec, support, size, sound, .. } = description;
        if i == 0 {
            track.codec.clone_from(codec);
            (track.channels, track.sample_rate) = *sound;
            if *size != (0, 0) {
                (track.width, track.height) = *size;
            }
        }
        if i == 0 || track.support == Support::Everywhere {
            (track.codec_name, track.support) = (name, *support);
        }
        if *support == Support::Nowhere {
            return Err(Unplayable::Codec { name, code: codec.clone() });
        }
    }
    let cipher = all.iter().find_map(|description| description.cipher);
    cipher.map_or(Ok(()), |cipher| Err(Unplayable::Encrypted(codecs::fourcc(cipher.scheme))))
}
