//! Parses a `moov`: tracks, their sample descriptions and edits; sample tables stay in its bytes.

use super::codec_name::Support;
use super::codecs;
use super::sample_description;
use super::sample_entry;
use super::stream::{self, MovieContext};
use super::text_format::TextFormat;
use super::track::{Track, TrackMedia};
use super::track_boxes::TrackBoxes;
use super::track_header::TrackKind;
use super::unplayed_kinds;
use crate::boxes::{BoxAt, boxes, find, mdhd, mehd, mvhd, tref, trex};
use crate::error::{Error, LARGE_MOOV, MANY_TRACKS, Result, Unplayable};
use crate::limits::{
    HOLD_MS, MOOV_BYTES_MAX, PSSH_MAX, SEGMENTS_MAX, TAIL_MS_MIN, TICKS_MAX, TRACKS_MAX,
};
use crate::samples::moof::MoofTrack;
use crate::samples::moof_store::{FragmentedTrack, MoofStore};
use crate::ticks::rescale;
use crate::timeline::sample_source::SampleSource;

#[cfg(not(feature = "mp4parse"))]
use super::header_reader::{read, read_entry};
#[cfg(feature = "mp4parse")]
use super::mp4parse_reader::{read, read_entry};

/// A parsed `moov` box. The sample tables stay in its bytes; for a fragmented file it also holds the
/// `moof` boxes that were fed.
#[derive(Debug)]
pub struct Index<B> {
    pub(super) moov: B,
    pub(super) tracks: Vec<Track>,
    pub(super) moofs: Option<MoofStore>,
    pssh: Vec<BoxAt>,
    chpl: Option<BoxAt>,
    /// Milliseconds by which all times were moved to begin at 0.
    pub(super) offset_ms: u64,
}

impl<B: AsRef<[u8]>> Index<B> {
    /// Parses a whole `moov` box, header included.
    ///
    /// Errors where the bytes are no `moov`, its boxes are broken, or it exceeds `limits`. A fault
    /// within a track makes only that track unplayable: [`Track::playable`].
    pub fn parse(moov: B) -> Result<Self> {
        let MoovContent { tracks, moofs, pssh, chpl } = read_moov(moov.as_ref())?;
        Ok(Self { moov, tracks, moofs, pssh, chpl, offset_ms: 0 })
    }

    /// For a remuxed file: samples that an edit list can hide or move keep their times, and
    /// [`init::write_many`] writes that list. Do not append such fragments to a `SourceBuffer`:
    /// browsers differ in how they apply edit lists.
    ///
    /// [`init::write_many`]: crate::init::write_many
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

    /// Of tracks whose tables lie in `moov`.
    pub(crate) fn of(moov: B, tracks: Vec<Track>) -> Self {
        Self { moov, tracks, moofs: None, pssh: Vec::new(), chpl: None, offset_ms: 0 }
    }

    /// Of the tracks of a fragmented film, whose tables were gathered, and whose times are `offset_ms`
    /// less than in the file.
    pub(crate) fn of_gathered(moov: B, mut tracks: Vec<Track>, offset_ms: u64) -> Self {
        let mut room = SEGMENTS_MAX;
        hold_last_pictures(moov.as_ref(), &mut tracks, &mut room);
        Self { offset_ms, ..Self::of(moov, tracks) }
    }

    /// The bytes of `moov`, and the tracks that are read from them.
    pub(crate) fn into_parts(self) -> (B, Vec<Track>) {
        (self.moov, self.tracks)
    }

    /// All tracks in the file's order; their places here are the track numbers of this crate.
    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// Milliseconds of the longest playable track, `moof` boxes that were fed included.
    pub fn duration_ms(&self) -> u64 {
        let playable = |t: &&Track| t.playable.is_ok();
        let longest = self.tracks.iter().filter(playable).map(|t| t.duration_ms).max().unwrap_or(0);
        longest.max(self.moofs.as_ref().map_or(0, MoofStore::until_ms))
    }

    /// The video track that plays unless another one is chosen: [`Index::default_track`].
    pub fn default_video(&self) -> Option<usize> {
        self.default_track(TrackKind::Video, &[])
    }

    /// The audio track that plays unless another one is chosen: [`Index::default_track`].
    pub fn default_audio(&self) -> Option<usize> {
        self.default_track(TrackKind::Audio, &[])
    }

    /// The track of this kind that plays unless another one is chosen, for a viewer of these languages
    /// (ISO 639-2/T, the best one first).
    ///
    /// Of the tracks that play in every browser, else in some: those that are enabled (§ 8.3.2), if any
    /// is; of them the first one's alternate group; in it the best language; then the first.
    pub fn default_track(&self, kind: TrackKind, languages: &[String]) -> Option<usize> {
        let mut best = self.best_track(kind, &[], None);
        // Among its alternatives, the language counts.
        if let Some((number, _)) = best {
            let group = self.tracks.get(number).map(|track| track.marks(self.moov()).1);
            best = self.best_track(kind, languages, group);
        }
        best.map(|(number, _)| number)
    }

    /// The first of the tracks with the highest rank, and that rank.
    #[inline(never)] // Smaller so, measured in the player.
    fn best_track(
        &self,
        kind: TrackKind,
        languages: &[String],
        group: Option<u16>,
    ) -> Option<(usize, u32)> {
        let mut best: Option<(usize, u32)> = None;
        for (number, track) in self.tracks.iter().enumerate() {
            if track.kind != kind || track.playable.is_err() {
                continue;
            }
            let (is_enabled, its_group) = track.marks(self.moov());
            let mut rank = u32::from(track.support == Support::Everywhere) << 2
                | u32::from(is_enabled) << 1
                | u32::from(Some(its_group) == group);
            for language in languages.iter().take(LANGUAGES_MAX) {
                rank = rank << 1 | u32::from(track.language.as_ref() == Some(language));
            }
            if best.is_none_or(|(_, highest)| rank > highest) {
                best = Some((number, rank));
            }
        }
        best
    }

    /// Whether the film is playable: at least one video or audio track is.
    ///
    /// The error is the reason of the first such track. What else a playable film lacks, [`Index::missing`]
    /// says.
    pub fn playable(&self) -> Result<(), Unplayable> {
        let media = || self.tracks.iter().filter(|t| t.kind != TrackKind::Other);
        if media().any(|t| t.playable.is_ok()) {
            return Ok(());
        }
        // A track too broken to show its type, or only text: its own reason says more.
        let film = media().filter(|t| !t.is_cover()).chain(media()).chain(&self.tracks);
        let why = film.map(|t| &t.playable).find_map(|playable| playable.as_ref().err());
        Err(why.cloned().unwrap_or(Unplayable::NoMedia))
    }

    /// The kinds of tracks, video and audio, that the film has and of which none is playable; each with
    /// the first one's reason. A cover, one still picture, is not missed.
    pub fn missing(&self) -> Vec<(TrackKind, &Unplayable)> {
        let missing = |kind| {
            let mut tracks = self.tracks.iter().filter(|t| t.kind == kind && !t.is_cover());
            let why = tracks.next()?.playable.as_ref().err()?;
            tracks.all(|t| t.playable.is_err()).then_some((kind, why))
        };
        [TrackKind::Video, TrackKind::Audio].into_iter().filter_map(missing).collect()
    }

    /// One past the last byte that playable tracks need: a shorter file is cut off.
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

    /// The `pssh` boxes, which initialization segments carry for key systems.
    pub(crate) fn pssh(&self) -> &[BoxAt] {
        &self.pssh
    }

    /// The Nero chapter list in `udta`.
    pub(crate) fn chpl(&self) -> Option<BoxAt> {
        self.chpl
    }
}

/// Languages of a viewer that count.
const LANGUAGES_MAX: usize = 16;

/// The contents of a `moov`.
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
    let moov = moov.ok_or_else(|| Error::moov("", 0, "bytes are not a moov box; § 8.2.1"))?;
    let (mut mvhd, mut mvex, mut udta) = (None, None, None);
    let (mut found, mut pssh) = (Vec::new(), Vec::new());
    for child in boxes(data, moov.body, moov.end, "") {
        let child = child?;
        // A `match` would compare byte by byte, which is more code in the player.
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
                "moov is compressed (cmov); not read by Firstframe",
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
    if mvex.is_none() {
        hold_last_pictures(data, &mut tracks, &mut room);
    }
    let movie = mvhd.and_then(|b| mvhd::timescale(data, b));
    let moofs = mvex.map(|mvex| moofs(data, mvex, movie, &tracks));
    let chpl = udta.and_then(|b| find(data, b.body, b.end, &[*b"chpl"]));
    Ok(MoovContent { tracks, moofs, pssh, chpl })
}

/// Holds the last picture of each track that ends before the film does.
fn hold_last_pictures(data: &[u8], tracks: &mut [Track], room: &mut usize) {
    let playable = tracks.iter().filter(|track| track.playable.is_ok());
    let film_ms = playable.map(|track| track.duration_ms).max().unwrap_or(0);
    for track in tracks.iter_mut().filter(|track| track.kind == TrackKind::Video) {
        let ends_early = track.duration_ms.saturating_add(TAIL_MS_MIN) < film_ms;
        let ticks = |ms| rescale(ms, 1000, track.timescale).min(TICKS_MAX).cast_signed();
        let (film_end, step) = (ticks(film_ms), ticks(HOLD_MS));
        let stream = track.stream.as_mut().filter(|_| ends_early && track.playable.is_ok());
        if let Some(TrackMedia { tables, timeline, .. }) = stream {
            let source = SampleSource { data, tables, is_video: true };
            timeline.hold_last(source, film_end, step, room);
        }
    }
}

/// The tracks that `moof` boxes may continue (§ 8.8.1).
fn moofs(data: &[u8], mvex: BoxAt, movie: Option<u32>, tracks: &[Track]) -> MoofStore {
    let length = find(data, mvex.body, mvex.end, &[*b"mehd"]).and_then(|b| mehd::parse(data, b));
    let trex = boxes(data, mvex.body, mvex.end, "").of(*b"trex").take(TRACKS_MAX);
    let all_defaults: Vec<_> = trex.filter_map(|b| trex::parse(data, b)).collect();
    let mut fragmented = Vec::new();
    let mut moof_tracks = Vec::new();
    for (i, track) in tracks.iter().enumerate().filter(|(_, track)| track.is_readable()) {
        let defaults = all_defaults.iter().find(|(id, _)| *id == track.id);
        let defaults = defaults.map(|(_, defaults)| *defaults).unwrap_or_default();
        let end = track.stream.as_ref().map_or(0, |stream| stream.tables.stts.sum());
        let end = end.min(TICKS_MAX).cast_signed();
        let is_video = track.kind == TrackKind::Video;
        fragmented.push(FragmentedTrack { track: i, is_video, scale: track.timescale, end });
        moof_tracks.push(MoofTrack { id: track.id, defaults });
    }
    let length_ms = length.zip(movie).map_or(0, |(length, movie)| rescale(length, movie, 1000));
    MoofStore::new(fragmented, moof_tracks, length_ms)
}

fn describe(
    data: &[u8],
    [mvhd, mvex, udta]: [Option<BoxAt>; 3],
    number: usize,
    trak_box: BoxAt,
    room: &mut usize,
) -> Track {
    let fragmented = mvex.is_some();
    let broken = |error: Error| Track::unplayable(Unplayable::Broken(error.in_track(number)));
    let boxes = match TrackBoxes::find(data, trak_box) {
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
        Ok(read) => (track.describe(&read), read),
        Err(why) => (Err(why), Vec::new()),
    };
    let stream = stream::read(data, &boxes, &mut track, descriptions, context, room);
    if let Ok(stream) = &stream {
        let until = u64::try_from(stream.timeline.until).unwrap_or(0);
        let until_ms = rescale(until, track.timescale, 1000);
        // The header's duration includes what `moof` boxes add, where it is set.
        track.duration_ms = if fragmented { until_ms.max(track.duration_ms) } else { until_ms };
        track.sample_count = stream.tables.count;
    }
    track.playable = described
        .and(stream.as_ref().map(|_| ()).map_err(Clone::clone))
        .map_err(|reason| reason.in_track(number));
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
