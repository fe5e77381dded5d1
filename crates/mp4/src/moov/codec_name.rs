//! The name of a codec: for people, by RFC 6381, and where it plays.

/// Which browsers play a codec through Media Source Extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// All current browsers.
    Everywhere,
    /// Some; the text says which. In a browser, `MediaSource.isTypeSupported` decides.
    Somewhere(&'static str),
    /// None.
    Nowhere,
}

/// The codec of a sample description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CodecName {
    /// Its name, for people.
    pub(crate) name: &'static str,
    /// Its RFC 6381 string.
    pub(crate) string: String,
    pub(crate) support: Support,
}

pub(super) const MP3: Support = somewhere("MP3 in MP4 plays in Firefox, and not in Chromium");
pub(super) const XHE: Support =
    somewhere("xHE-AAC plays in Safari, and in Chromium where the system decodes it");
pub(super) const DOLBY: Support =
    somewhere("Dolby formats play in Safari, and elsewhere on systems made for them");

pub(super) const MPEG_4_VIDEO: &str = "MPEG-4 Part 2 video";
pub(super) const JPEG: &str = "JPEG";
pub(super) const PNG: &str = "PNG";

/// Where a codec plays: a note in words, which no viewer downloads.
pub(super) const fn somewhere(which: &'static str) -> Support {
    Support::Somewhere(if cfg!(feature = "notes") { which } else { "" })
}

/// Writes a number in base 10 or 16, with at least `digits` digits. This is less code than
/// `core::fmt`.
pub(super) fn put(out: &mut String, number: u32, base: u32, digits: u32) {
    if digits > 1 || number >= base {
        put(out, number / base, base, digits.saturating_sub(1));
    }
    out.extend(char::from_digit(number % base, base).map(|digit| digit.to_ascii_uppercase()));
}
