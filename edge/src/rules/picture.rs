//! What kind of picture bytes are, by how they begin.

use super::blocks::{BLOCK_BYTES, RUN_BLOCKS_MAX};

/// Bytes that [`media_type`] wants to see.
pub const HEAD_BYTES: u64 = 32;
/// Bytes of a picture that have its size in them: a camera's notes stand in front of it, 64 KiB at most.
pub const SIZE_BYTES: u64 = 128 * 1024;
/// Bytes of an ingested picture: as many as one response out of blocks has, 4 MiB. A poster
/// of 2,000 by 3,000 in good JPEG has half of that.
pub const BYTES_MAX: u64 = RUN_BLOCKS_MAX * BLOCK_BYTES;
/// What a picture may be. SVG may run scripts and read other files, and is not among it.
pub const KINDS: &str = "a picture is a JPEG, PNG, WebP, AVIF or GIF, by how it begins";

/// The media type of a picture that begins like this; none where it is none that pages may show.
pub fn media_type(head: &[u8]) -> Option<&'static str> {
    if head.starts_with(b"\xff\xd8\xff") {
        return Some("image/jpeg");
    }
    if head.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some("image/png");
    }
    if head.starts_with(b"GIF87a") || head.starts_with(b"GIF89a") {
        return Some("image/gif");
    }
    if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") {
        return Some("image/webp");
    }
    // ISO/IEC 14496-12 §4.3: `ftyp`, and a brand that says what the file is: major or compatible.
    let brands = head.get(8..).unwrap_or_default().chunks_exact(4);
    let avif = brands.clone().any(|brand| brand == b"avif" || brand == b"avis");
    (head.get(4..8) == Some(b"ftyp") && avif).then_some("image/avif")
}
