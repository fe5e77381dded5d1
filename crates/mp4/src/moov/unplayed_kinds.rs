//! Why tracks that are neither video nor audio are not played.

use super::codecs::lookup;

/// Reasons by sample entry.
#[rustfmt::skip]
static OTHER_ENTRIES: &[(&[u8], &str)] = &[
    (b"tx3gtext", "a text track is read as cues"),
    (b"wvtt", "a WebVTT track is read as cues"),
    (b"stpp", "a TTML track is read as cues"),
    (b"c608c708", "CEA captions in a track of their own are not read"),
];

/// Reasons by handler.
#[rustfmt::skip]
static OTHER_HANDLERS: &[(&[u8], &str)] = &[
    (b"textsbtlsubtsubp", "subtitles of an unknown kind are not read"),
    (b"metamdta", "a metadata track is not played"),
    (b"tmcd", "a time code track is not played"),
    (b"hint", "a hint track is not played"),
    (b"auxv", "an auxiliary video track is not played"),
    (b"pict", "a picture track is not played"),
];

/// Why a track that is neither video nor audio is not played.
pub(crate) fn unplayed(handler: &[u8], code: [u8; 4]) -> &'static str {
    if &code == b"mp4s" && [&b"subp"[..], b"text", b"sbtl"].contains(&handler) {
        return "VobSub subtitles are pictures, which no browser shows as text";
    }
    let entry = lookup(OTHER_ENTRIES, &code).or_else(|| lookup(OTHER_HANDLERS, handler));
    entry.unwrap_or("a data track is not played")
}
