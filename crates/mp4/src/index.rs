//! A film's tracks out of its `moov`: headers and sample descriptions by mp4parse, the sample
//! tables where they lie.

use crate::boxes::{BoxAt, boxes, find, mdhd, mehd, tref, trex};
use crate::codecs::{self, Support};
use crate::cue::Format;
use crate::description::{self, Description};
use crate::edits::rescale;
use crate::error::{Error, Result, Unplayable};
use crate::headers::TrackKind;
use crate::kinds;
use crate::limits::{MOOV_BYTES_MAX, PSSH_MAX, SEGMENTS_MAX, TICKS_MAX, TRACKS_MAX};
use crate::moof::Told;
use crate::moofs::{Fragmented, Moofs};
use crate::range::ByteRange;
use crate::segment::Source;
use crate::stream::{self, Film};
use crate::stsd;
use crate::track::{Stream, Track};
use crate::trak::Trak;

#[cfg(not(feature = "mp4parse"))]
use crate::plain::{read, read_entry};
#[cfg(feature = "mp4parse")]
use by_mp4parse::{read, read_entry};

/// A `moov` and what is found in it. The sample tables stay in its bytes.
#[derive(Debug)]
pub struct Index<B> {
    moov: B,
    tracks: Vec<Track>,
    moofs: Option<Moofs>,
    pssh: Vec<BoxAt>,
    chpl: Option<BoxAt>,
}

impl<B: AsRef<[u8]>> Index<B> {
    /// From the whole box, header and all.
    pub fn parse(moov: B) -> Result<Self> {
        let Content { tracks, moofs, pssh, chpl } = read_moov(moov.as_ref())?;
        Ok(Self { moov, tracks, moofs, pssh, chpl })
    }

    /// Whether `moof` boxes may tell of samples that `moov` does not: then [`plan::need`] says
    /// which bytes must be fed.
    ///
    /// [`plan::need`]: crate::plan::need
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
    /// [`init::write_many`]: crate::init::write_many
    #[must_use]
    pub fn for_file(mut self) -> Self {
        let data = self.moov.as_ref();
        for track in self.tracks.iter_mut().filter(|track| track.text.is_none()) {
            let is_video = track.kind == TrackKind::Video;
            if let Some(Stream { tables, timeline, .. }) = &mut track.stream {
                let source = Source { data, tables, is_video };
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
        told.max(self.moofs.as_ref().map_or(0, Moofs::until_ms))
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

    pub(crate) fn moofs(&self) -> Option<&Moofs> {
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
struct Content {
    tracks: Vec<Track>,
    moofs: Option<Moofs>,
    pssh: Vec<BoxAt>,
    chpl: Option<BoxAt>,
}

fn read_moov(data: &[u8]) -> Result<Content> {
    if data.len() as u64 > MOOV_BYTES_MAX {
        return Err(Error::moov("", 0, "moov has at most 64 MiB"));
    }
    let moov = boxes(data, 0, data.len(), "").next().transpose()?;
    let moov = moov.filter(|b| &b.kind == b"moov");
    let moov = moov.ok_or_else(|| Error::moov("", 0, "these bytes are a moov box"))?;
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
            return Err(Error::moov("cmov", child.start, "moov is not compressed"));
        } else if &child.kind == b"trak" {
            if found.len() == TRACKS_MAX {
                return Err(Error::moov("trak", child.start, "there are at most 128 tracks"));
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
    Ok(Content { tracks, moofs, pssh, chpl })
}

/// The tracks that `moof` boxes may go on with (§ 8.8.1).
fn moofs(data: &[u8], mvex: BoxAt, movie: Option<u32>, tracks: &[Track]) -> Moofs {
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
        fragmented.push(Fragmented { track: i, is_video, scale: track.timescale, end });
        all.push(Told { id: track.id, defaults });
    }
    let length_ms = length.zip(movie).map_or(0, |(length, movie)| rescale(length, movie, 1000));
    Moofs::new(fragmented, all, length_ms)
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
    let boxes = match Trak::find(data, b) {
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
    let entry = boxes.stsd.and_then(|stsd| stsd::entries(data, stsd).next());
    track.codec = entry.map_or_else(String::new, |entry| codecs::fourcc(entry.kind));
    track.chapters = boxes.tref.and_then(|tref| tref::chapters(data, tref));
    if track.kind == TrackKind::Other {
        track.text = entry.and_then(|entry| Format::of(entry.kind));
        track.playable = Err(Unplayable::Kind(kinds::unplayed(
            boxes.hdlr.and_then(|b| b.content(data).get(8..12)).unwrap_or_default(),
            entry.map_or([0; 4], |entry| entry.kind),
        )));
        if track.text.is_some() {
            let film = Film { movie: headers.movie, fragmented, udta };
            track.stream = stream::read(data, &boxes, &mut track, Vec::new(), film, room).ok();
        }
        return track;
    }
    let is_video = track.kind == TrackKind::Video;
    let read = boxes.stsd.map(|stsd| description::read_all(data, stsd, is_video, read_entry));
    let (described, descriptions) = match read.unwrap_or(Err(Unplayable::NoDescription)) {
        Ok(all) => (tell(&mut track, &all), all),
        Err(why) => (Err(why), Vec::new()),
    };
    let film = Film { movie: headers.movie, fragmented, udta };
    let stream = stream::read(data, &boxes, &mut track, descriptions, film, room);
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

/// The headers and the sample entry, read by mp4parse out of a skeleton of the track.
#[cfg(feature = "mp4parse")]
pub(crate) mod by_mp4parse {
    use mp4parse::{AudioCodecSpecific, SampleEntry, Status};

    use crate::boxes::BoxAt;
    use crate::error::{Error, Result};
    use crate::headers::{Entry, Headers, TrackKind};
    use crate::limits::TICKS_MAX;
    use crate::trak::Trak;
    use crate::{plain, skeleton, stsd};

    fn parse(skeleton: &[u8], start: usize) -> Result<(Option<u32>, mp4parse::Track)> {
        let context = mp4parse::read_mp4(&mut &*skeleton).map_err(|error| {
            let violation = match error {
                mp4parse::Error::InvalidData(
                    Status::MdhdBadTimescale | Status::MvhdBadTimescale,
                ) => "the timescale is not zero",
                mp4parse::Error::InvalidData(_) => "its headers have values that they may have",
                mp4parse::Error::Unsupported(violation) => violation,
                mp4parse::Error::UnexpectedEOF | mp4parse::Error::Io(_) => "its headers are whole",
                mp4parse::Error::MoovMissing => "moov has a header",
                mp4parse::Error::OutOfMemory => "its headers fit into memory",
            };
            Error::moov("headers", start, violation)
        })?;
        let movie = context.timescale.and_then(|scale| u32::try_from(scale.0).ok());
        let track = context.tracks.into_iter().next();
        Ok((movie, track.ok_or_else(|| Error::moov("trak", start, "the track has headers"))?))
    }

    pub(crate) fn read(data: &[u8], mvhd: Option<BoxAt>, trak: &Trak) -> Result<Headers> {
        let fault = |path, violation| Error::moov(path, trak.start, violation);
        let skeleton = skeleton::headers(data, mvhd, trak);
        let (movie, parsed) = parse(&skeleton, trak.start)?;
        let timescale = parsed.timescale.and_then(|scale| u32::try_from(scale.0).ok());
        let tkhd = parsed.tkhd.ok_or_else(|| fault("tkhd", "a track has a tkhd box"))?;
        let pixels = |fixed: u32| u16::try_from(fixed >> 16).unwrap_or(0);
        Ok(Headers {
            // A film without a timescale has edits by the second, as ffmpeg has it.
            movie: movie.unwrap_or(1),
            id: parsed.track_id.unwrap_or(0),
            kind: match parsed.track_type {
                mp4parse::TrackType::Video => TrackKind::Video,
                mp4parse::TrackType::Audio => TrackKind::Audio,
                mp4parse::TrackType::Picture
                | mp4parse::TrackType::AuxiliaryVideo
                | mp4parse::TrackType::Metadata
                | mp4parse::TrackType::Unknown => TrackKind::Other,
            },
            timescale: timescale.ok_or_else(|| fault("mdia/mdhd", "a track has an mdhd box"))?,
            duration: parsed.duration.map_or(0, |d| d.0.min(TICKS_MAX)),
            size: (pixels(tkhd.width), pixels(tkhd.height)),
        })
    }

    /// Entries that mp4parse does not know are read by their plain layout.
    pub(crate) fn read_entry(data: &[u8], entry: BoxAt, is_video: bool) -> Result<Entry> {
        let mut read = plain::read_entry(data, entry, is_video)?;
        let (_, track) = parse(&skeleton::entry(data, entry, is_video), entry.start)?;
        match track.stsd.and_then(|stsd| stsd.descriptions.into_iter().next()) {
            Some(SampleEntry::Video(video)) => read.size = (video.width, video.height),
            Some(SampleEntry::Audio(audio)) => {
                let aac = stsd::aac(data, entry).is_some();
                let told = if let AudioCodecSpecific::ES_Descriptor(es) = audio.codec_specific
                    && aac
                {
                    es.audio_channel_count
                } else {
                    u16::try_from(audio.channelcount).ok()
                };
                read.sound.0 = told.unwrap_or(0);
            }
            Some(SampleEntry::Unknown) | None => {}
        }
        Ok(read)
    }
}
