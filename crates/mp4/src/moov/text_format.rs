//! The format of a text track's cues, by its sample entry.

/// The format of a text track's cues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextFormat {
    /// 3GPP timed text (TS 26.245); its styles are ignored.
    Tx3g,
    /// `QuickTime` text, common for chapters.
    QuickTime,
    /// `WebVTT` (ISO/IEC 14496-30 § 7).
    WebVtt,
    /// TTML (ISO/IEC 14496-30 § 6): each cue is an XML document.
    Ttml,
}

impl TextFormat {
    pub(crate) fn of(code: [u8; 4]) -> Option<Self> {
        let known = [
            (*b"tx3g", Self::Tx3g),
            (*b"text", Self::QuickTime),
            (*b"wvtt", Self::WebVtt),
            (*b"stpp", Self::Ttml),
        ];
        known.iter().find(|known| known.0 == code).map(|known| known.1)
    }

    /// Bytes of a sample that shows nothing: a length of 0, or an empty cue.
    pub(crate) fn empty(self) -> u32 {
        match self {
            Self::Tx3g | Self::QuickTime => 2,
            Self::WebVtt => 8,
            Self::Ttml => 0,
        }
    }
}
