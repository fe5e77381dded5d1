//! The walk over a film: its headers, and where its frames lie.

use crate::block::{self, BlockHead};
use crate::ebml::{self, Head, Unread, children, text, uint};
use crate::error::{Error, Result};
use crate::frame_duration::FRAME_HEAD_BYTES;
use crate::limits::{
    BLOCK_HEADER_BYTES_MAX, FRAME_BYTES_MAX, FRAMES_MAX, HEADER_BYTES_MAX, SECONDS_MAX, STEP_BYTES,
    TRACKS_MAX,
};
use crate::moov;
use crate::scanned_track::{FOLLOWS, Frame, ScannedTrack};
use crate::track_entry::{self, Kind};
use mp4::ByteRange;

/// A block whose group has not ended.
#[derive(Debug)]
struct Group {
    end: u64,
    block: Option<FoundBlock>,
    refers: bool,
}

/// A block, and where its content begins in the file.
#[derive(Debug)]
struct FoundBlock {
    head: BlockHead,
    at: u64,
    /// The first bytes of each frame.
    heads: Vec<Vec<u8>>,
}

/// A walk over a film from its first byte to its last: feed what [`Scan::need`] asks for until that is
/// `None`, then call [`Scan::moov`].
#[derive(Debug)]
pub struct Scan {
    file_size: u64,
    /// Offset of the next element, and how many bytes of it are needed.
    at: u64,
    wanted: u64,
    end: End,
    has_segment: bool,
    is_webm: bool,
    /// Nanoseconds of one unit of time.
    scale: i64,
    cluster_time: i64,
    group: Option<Group>,
    tracks: Vec<ScannedTrack>,
    frame_count: usize,
}

/// Where a film ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Behind what was read.
    Ahead,
    /// In front of another film.
    Whole,
    /// Within an element, or where none begins.
    Cut,
}

/// What an element of the film was.
enum Step {
    /// So many bytes are done.
    Done(u64),
    /// So many are needed.
    Need(u64),
    /// The film's elements end here.
    Over(End),
}

impl Scan {
    /// Of a file of this size.
    pub fn new(file_size: u64) -> Self {
        Self {
            file_size,
            at: 0,
            wanted: 0,
            end: End::Ahead,
            has_segment: false,
            is_webm: false,
            scale: 1_000_000,
            cluster_time: 0,
            group: None,
            tracks: Vec::new(),
            frame_count: 0,
        }
    }

    /// The bytes to feed next; `None` at the end of the film.
    pub fn need(&self) -> Option<ByteRange> {
        let end = self.at.saturating_add(self.wanted.max(STEP_BYTES)).min(self.file_size);
        (self.end == End::Ahead && self.at < end).then_some(ByteRange { start: self.at, end })
    }

    /// Whether the file says that it is of WebM, a part of Matroska.
    pub fn is_webm(&self) -> bool {
        self.is_webm
    }

    /// Whether the film ends within an element, or what lies behind some point is none: it plays up to
    /// there.
    pub fn is_cut(&self) -> bool {
        self.end == End::Cut
    }

    /// Takes bytes of the file from `offset` on.
    ///
    /// Errors where the film's headers are broken, or a limit is exceeded.
    pub fn feed(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        while self.end == End::Ahead
            && let Some(rest) = self.at.checked_sub(offset)
            && let Some(rest) = bytes.get(usize::try_from(rest).unwrap_or(usize::MAX)..)
            && !rest.is_empty()
        {
            self.end_group()?;
            match self.step(rest)? {
                Step::Done(length) => {
                    (self.at, self.wanted) = (self.at.saturating_add(length), 0);
                    if self.at > self.file_size {
                        self.end = End::Cut;
                    }
                }
                Step::Need(length) if self.at.saturating_add(length) > self.file_size => {
                    self.end = End::Cut;
                }
                Step::Need(length) => {
                    self.wanted = length;
                    return Ok(());
                }
                Step::Over(end) => self.end = end,
            }
        }
        Ok(())
    }

    /// A `moov` box that names the frames as samples. Its track numbers are places among the tracks of
    /// pictures and sound that have frames.
    ///
    /// Errors where the file is no Matroska, or has no frames.
    pub fn moov(mut self) -> Result<Vec<u8>> {
        if let Some(group) = &mut self.group {
            group.end = 0;
        }
        self.end_group()?;
        let encoded = |track: &ScannedTrack| track.entry.is_encoded && !track.frames.is_empty();
        if !self.has_segment {
            return Err(self.fault("file", "file has no Segment; RFC 9559 § 5.1"));
        }
        if self.tracks.iter().any(encoded) {
            let violation =
                "frames of a track are compressed, encrypted or lack bytes; not read by Firstframe";
            return Err(self.fault("Segment/Tracks/TrackEntry/ContentEncodings", violation));
        }
        self.tracks.retain(|track| !track.frames.is_empty());
        if self.tracks.is_empty() {
            return Err(
                self.fault("Segment", "film has no pictures and no sound; RFC 9559 § 5.1.4")
            );
        }
        Ok(moov::write(&self.tracks))
    }

    fn fault(&self, path: &'static str, violation: &'static str) -> Error {
        Error::new(path, self.at, violation)
    }

    /// The element at the beginning of `rest`.
    fn step(&mut self, rest: &[u8]) -> Result<Step> {
        let head = match ebml::head(rest) {
            Ok(head) => head,
            Err(Unread::Short) => return Ok(Step::Need(rest.len() as u64 + 1)),
            Err(Unread::Invalid) => return self.damaged(),
        };
        match (head.id, head.size) {
            (ebml::EBML, _) if self.has_segment => Ok(Step::Over(End::Whole)),
            (ebml::SEGMENT, _) => {
                self.has_segment = true;
                Ok(Step::Done(head.length))
            }
            (_, _) if !self.has_segment && head.id != ebml::EBML => {
                Err(self.fault("file", "file has no EBML header and Segment; RFC 9559 § 4.5"))
            }
            (ebml::CLUSTER, _) => Ok(Step::Done(head.length)),
            (_, None) => self.damaged(),
            (id, Some(size)) => self.sized(id, head, size, rest),
        }
    }

    /// An element of known size.
    fn sized(&mut self, id: u32, head: Head, size: u64, rest: &[u8]) -> Result<Step> {
        let whole = head.length.saturating_add(size);
        match id {
            ebml::BLOCK_GROUP => {
                let end = self.at.saturating_add(whole);
                self.group = Some(Group { end, block: None, refers: false });
                return Ok(Step::Done(head.length));
            }
            ebml::SIMPLE_BLOCK | ebml::BLOCK => return self.block(id, head, size, rest),
            ebml::REFERENCE_BLOCK => {
                self.group.iter_mut().for_each(|group| group.refers = true);
            }
            ebml::EBML | ebml::INFO | ebml::TRACKS | ebml::TIMESTAMP => {
                if size > HEADER_BYTES_MAX {
                    let violation = "headers are over 4 MiB; not read by Firstframe";
                    return Err(self.fault("Segment", violation));
                }
                let content = content(rest, head.length, size);
                if (content.len() as u64) < size {
                    return Ok(Step::Need(whole));
                }
                self.header(id, content)?;
            }
            _ => {}
        }
        Ok(Step::Done(whole))
    }

    fn header(&mut self, id: u32, content: &[u8]) -> Result<()> {
        if id == ebml::EBML {
            let name = children(content).find(|(id, _)| *id == 0x4282);
            self.is_webm = name.is_some_and(|(_, name)| text(name) == "webm");
        } else if id == ebml::TIMESTAMP {
            self.cluster_time = self.time(uint(content))?;
        } else if id == ebml::INFO {
            let scale = children(content).find(|(id, _)| *id == 0x2a_d7b1);
            let scale = scale.map_or(Some(1_000_000), |(_, value)| i64::try_from(uint(value)).ok());
            let scale = scale.filter(|scale| (1..=1_000_000_000).contains(scale));
            let violation = "TimestampScale is 0 or over a second; RFC 9559 § 5.1.2.9";
            self.scale = scale.ok_or_else(|| self.fault("Segment/Info", violation))?;
        } else if self.tracks.is_empty() {
            let tracks = track_entry::read_all(content).take(TRACKS_MAX);
            self.tracks = tracks.map(ScannedTrack::new).collect();
        }
        Ok(())
    }

    /// Nanoseconds of so many units.
    fn time(&self, units: u64) -> Result<i64> {
        let time = i64::try_from(units).ok().and_then(|units| units.checked_mul(self.scale));
        let time = time.filter(|time| *time <= SECONDS_MAX * 1_000_000_000);
        let violation = "time is beyond a million seconds; not read by Firstframe";
        time.ok_or_else(|| self.fault("Segment/Cluster/Timestamp", violation))
    }

    /// Nothing here is an element: the film ends, if it has begun.
    fn damaged(&mut self) -> Result<Step> {
        if self.frame_count == 0 {
            return Err(self.fault("Segment", "no element begins here; RFC 8794 § 5"));
        }
        Ok(Step::Over(End::Cut))
    }

    /// A block: its frames are a track's next ones.
    fn block(&mut self, id: u32, head: Head, size: u64, rest: &[u8]) -> Result<Step> {
        let whole = head.length.saturating_add(size);
        if size > FRAME_BYTES_MAX {
            let violation = "block is over 256 MiB; not read by Firstframe";
            return Err(self.fault("Segment/Cluster", violation));
        }
        if self.at.saturating_add(whole) > self.file_size {
            return Ok(Step::Over(End::Cut));
        }
        let content = content(rest, head.length, size);
        let found = match found(content, size, self.at + head.length) {
            Ok(found) => found,
            Err(Wanted::Bytes(count)) => return Ok(Step::Need(head.length + count)),
            Err(Wanted::Nothing) => {
                let violation = "lacing has more bytes than its block; RFC 9559 § 10.3";
                return Err(self.fault("Segment/Cluster/SimpleBlock", violation));
            }
        };
        match &mut self.group {
            Some(group) if id == ebml::BLOCK => group.block = Some(found),
            _ => self.add(&found, found.head.is_key)?,
        }
        Ok(Step::Done(whole))
    }

    /// Of a group that ends in front of the next element: its block is a key frame if it refers to none.
    fn end_group(&mut self) -> Result<()> {
        let Some(group) = self.group.take_if(|group| group.end <= self.at) else { return Ok(()) };
        group.block.map_or(Ok(()), |block| self.add(&block, !group.refers))
    }

    fn add(&mut self, block: &FoundBlock, is_key: bool) -> Result<()> {
        let first = self.cluster_time + i64::from(block.head.time) * self.scale;
        self.frame_count += block.head.frames.len();
        if self.frame_count > FRAMES_MAX {
            let violation = "film has over 4,194,304 frames; not read by Firstframe";
            return Err(self.fault("Segment", violation));
        }
        let found = self.tracks.iter_mut().find(|track| track.entry.number == block.head.track);
        let Some(track) = found else { return Ok(()) };
        let step = i64::try_from(track.entry.default_duration).unwrap_or(0);
        let is_video = track.entry.kind == Kind::Video;
        for (number, ((at, size), head)) in (0..).zip(block.head.frames.iter().zip(&block.heads)) {
            if track.frames.is_empty() {
                track.first.clone_from(head);
            }
            track.frames.push(Frame {
                offset: block.at + at,
                time: if number == 0 || is_video { first + number * step } else { FOLLOWS },
                size: u32::try_from(*size).unwrap_or(u32::MAX),
                ticks: track.clock.ticks(head),
                is_key: is_key && number == 0 || !is_video,
            });
        }
        Ok(())
    }
}

/// What a block needs before it is read.
enum Wanted {
    /// So many of its first bytes.
    Bytes(u64),
    /// It cannot be read.
    Nothing,
}

/// A block of `size` bytes at `at`, of which the first ones are there.
fn found(content: &[u8], size: u64, at: u64) -> Result<FoundBlock, Wanted> {
    let there = content.len() as u64;
    let most = BLOCK_HEADER_BYTES_MAX.min(size);
    let head = block::head(content, size).map_err(|why| match why {
        Unread::Short if there < most => Wanted::Bytes(most),
        Unread::Short | Unread::Invalid => Wanted::Nothing,
    })?;
    // Laced frames are those of sound, and small.
    let last = head.frames.last().map_or(0, |(at, _)| *at);
    let enough = (last + FRAME_HEAD_BYTES as u64).min(size).min(HEADER_BYTES_MAX);
    if there < enough {
        return Err(Wanted::Bytes(enough));
    }
    let heads = head.frames.iter().map(|(at, size)| beginning(content, *at, *size)).collect();
    Ok(FoundBlock { head, at, heads })
}

/// What is there of an element's content, behind a head of this length.
fn content(rest: &[u8], head_length: u64, size: u64) -> &[u8] {
    let start = usize::try_from(head_length).unwrap_or(usize::MAX);
    let content = rest.get(start..).unwrap_or_default();
    content.get(..usize::try_from(size).unwrap_or(usize::MAX)).unwrap_or(content)
}

/// The first bytes of a frame.
fn beginning(content: &[u8], at: u64, size: u64) -> Vec<u8> {
    let start = usize::try_from(at).unwrap_or(usize::MAX);
    let rest = content.get(start..).unwrap_or_default();
    let length = FRAME_HEAD_BYTES.min(usize::try_from(size).unwrap_or(usize::MAX)).min(rest.len());
    rest.get(..length).unwrap_or_default().to_vec()
}
