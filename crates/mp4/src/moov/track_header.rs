//! What the headers of a track say, whoever reads them.

/// What a track holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackKind {
    /// Moving pictures.
    Video,
    /// Sound.
    Audio,
    /// Text, metadata, hints.
    Other,
}

/// TrackHeader of a track and of its film.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TrackHeader {
    /// Ticks a second of the film.
    pub(crate) movie: u32,
    pub(crate) id: u32,
    pub(crate) kind: TrackKind,
    pub(crate) timescale: u32,
    pub(crate) duration: u64,
    /// Pixels.
    pub(crate) size: (u16, u16),
}

/// What the fixed part of a sample entry says, and for AAC its configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntryFields {
    /// Pixels, for video.
    pub(crate) size: (u16, u16),
    /// Channels and samples a second, for audio.
    pub(crate) sound: (u16, u32),
}
