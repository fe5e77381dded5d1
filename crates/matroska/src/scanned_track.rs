//! A track, and where its frames lie.

use crate::frame_duration::FrameClock;
use crate::track_entry::TrackEntry;

/// The time of a frame that the file does not state: it follows the one before.
pub(crate) const FOLLOWS: i64 = i64::MIN;

/// One frame of a track.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) offset: u64,
    /// Nanoseconds at which it is shown, or [`FOLLOWS`].
    pub(crate) time: i64,
    pub(crate) size: u32,
    /// Ticks of sound, where the codec says them.
    pub(crate) ticks: Option<u32>,
    pub(crate) is_key: bool,
}

/// One track, and its frames in the order of storage.
#[derive(Debug)]
pub(crate) struct ScannedTrack {
    pub(crate) entry: TrackEntry,
    pub(crate) clock: FrameClock,
    /// The beginning of the first frame.
    pub(crate) first: Vec<u8>,
    pub(crate) frames: Vec<Frame>,
}

impl ScannedTrack {
    /// Without frames.
    pub(crate) fn new(entry: TrackEntry) -> Self {
        let clock = FrameClock::of(&entry);
        Self { entry, clock, first: Vec::new(), frames: Vec::new() }
    }
}
