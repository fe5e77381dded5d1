//! The fields of a track's headers and sample entry, as both readers return them.

/// The media type of a track, by its `hdlr` box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackKind {
    /// `vide`.
    Video,
    /// `soun`.
    Audio,
    /// Text, metadata, hints.
    Other,
}

/// Fields of `mvhd`, `tkhd`, `mdhd` and `hdlr`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TrackHeader {
    /// Timescale of the movie, in ticks a second.
    pub(crate) movie: u32,
    pub(crate) id: u32,
    pub(crate) kind: TrackKind,
    pub(crate) timescale: u32,
    pub(crate) duration: u64,
    /// Pixels.
    pub(crate) size: (u16, u16),
}

/// Fields of a sample entry's fixed part; for AAC those of its configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntryFields {
    /// Pixels, for video.
    pub(crate) size: (u16, u16),
    /// Channels and samples a second, for audio.
    pub(crate) sound: (u16, u32),
}
