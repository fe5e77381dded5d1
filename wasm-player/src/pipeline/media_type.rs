//! Whether something is video or audio.

/// The kind of media that one of the two `SourceBuffer`s takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MediaType {
    /// Frames.
    Video,
    /// Sound.
    Audio,
}
