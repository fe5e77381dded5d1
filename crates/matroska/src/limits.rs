//! What one film may take.

/// Frames of all tracks: ten hours of 60 pictures and 50 frames of sound a second are 4 million.
pub const FRAMES_MAX: usize = 4 << 20;
/// Bytes of `Info` and of `Tracks`, each read whole. Fonts and covers lie in `Attachments`.
pub const HEADER_BYTES_MAX: u64 = 4 << 20;
/// Tracks of a film.
pub const TRACKS_MAX: usize = 128;
/// Bytes of a block's header with its lacing: 255 frames of up to eight bytes of size each.
pub const BLOCK_HEADER_BYTES_MAX: u64 = 4096;
/// Bytes of one frame.
pub const FRAME_BYTES_MAX: u64 = 254 << 20;
/// Bytes that a scan asks for at once: what a disk reads at full speed.
pub const STEP_BYTES: u64 = 1 << 20;
/// Seconds of a film: a time beyond is a mistake.
pub const SECONDS_MAX: i64 = 1_000_000;
