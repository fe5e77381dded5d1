//! Errors: what is wrong with a file, where, and which rule says so.

use std::fmt;

/// A result whose error is [`Error`] unless it says otherwise.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Bytes that break a rule, or exceed a limit of [`crate::limits`].
///
/// Displayed as `moov/trak[1]/mdia/minf/stbl/stsd: FLAC sample entry has no dfLa
/// box; FLAC-in-ISOBMFF § 3.3.1 (byte 812 of moov)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// The track with the fault, counted from 0 in `moov`.
    pub track: Option<usize>,
    /// The box, as a path below `moov`, or below `trak` where a track is named; `"file"` for the
    /// boxes of the file itself, and for bytes that are no MP4.
    pub path: &'static str,
    /// The byte with the fault, counted from the first byte of the file for `"file"`, `moof`, `sidx`
    /// and `mfra`, else from that of `moov`.
    pub offset: u64,
    /// What is wrong, then a semicolon and the rule's source, where there is one. "§" alone is a section
    /// of the ISO base media file format (ISO/IEC 14496-12). Where the file breaks no rule, the source is
    /// "not read by Firstframe": [`Error::is_limit`].
    pub violation: &'static str,
}

// Violations that several boxes share.
pub(crate) const TOO_SHORT: &str = "box is too short for its fields; § 4.2";
pub(crate) const TOO_FEW_ENTRIES: &str = "box is too short for its entries; § 4.2";
pub(crate) const SMALLER_THAN_HEADER: &str = "box is smaller than its header; § 4.2";
pub(crate) const LARGE_MOOV: &str = "moov is over 64 MiB; not read by Firstframe";
pub(crate) const MANY_TRACKS: &str = "over 128 tracks; not read by Firstframe";
pub(crate) const FAR_SAMPLE: &str = "sample lies past byte 2^53; not read by Firstframe";
pub(crate) const LARGE_SAMPLE: &str = "sample is over 256 MiB; not read by Firstframe";
pub(crate) const NO_TIMESCALE: &str = "timescale is zero; § 8.4.2";

const NOT_READ: &str = "; not read by Firstframe";

impl Error {
    pub(crate) fn file(offset: u64, violation: &'static str) -> Self {
        Self { track: None, path: "file", offset, violation }
    }

    pub(crate) fn moov(path: &'static str, offset: usize, violation: &'static str) -> Self {
        Self { track: None, path, offset: offset as u64, violation }
    }

    pub(crate) fn in_track(self, track: usize) -> Self {
        Self { track: Some(track), ..self }
    }
}

impl Error {
    /// Whether the file breaks no rule: it exceeds a limit of [`crate::limits`], or is of a form that is
    /// not read.
    pub fn is_limit(&self) -> bool {
        self.violation.ends_with(NOT_READ)
    }

    /// The text that [`fmt::Display`] writes, without the code size of `core::fmt`.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let is_walk = self.path == "file";
        let in_file = is_walk || ["moof", "sidx", "mfra"].iter().any(|k| self.path.starts_with(k));
        if !in_file {
            out.push_str("moov/");
            if let Some(track) = self.track {
                out.push_str("trak[");
                digits(&mut out, track as u64);
                out.push_str("]/");
            }
        }
        if !is_walk {
            join(&mut out, &[self.path, ": "]);
        }
        join(&mut out, &[self.violation, " (byte "]);
        digits(&mut out, self.offset);
        out.push_str(if in_file { ")" } else { " of moov)" });
        out
    }
}

fn join(out: &mut String, parts: &[&str]) {
    for part in parts {
        out.push_str(part);
    }
}

fn digits(out: &mut String, number: u64) {
    if number >= 10 {
        digits(out, number / 10);
    }
    out.extend(char::from_digit((number % 10) as u32, 10));
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl std::error::Error for Error {}

/// Why a track or a film cannot be played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unplayable {
    /// A codec that no browser plays.
    Codec {
        /// Its name, for people.
        name: &'static str,
        /// Its RFC 6381 string, or the sample entry's FourCC where there is none.
        code: String,
    },
    /// Neither video nor audio; the sentence says which kind.
    Kind(&'static str),
    /// Encrypted; the FourCC of the scheme (`cenc`, `cbcs`).
    Encrypted(String),
    /// No sample description (`stsd`).
    NoDescription,
    /// No samples.
    NoSamples,
    /// An edit list that cannot be reproduced; completes "its edit list …".
    Edits(&'static str),
    /// The file has neither a video nor an audio track.
    NoMedia,
    /// The track's boxes break a rule.
    Broken(Error),
}

impl Unplayable {
    pub(crate) fn in_track(self, track: usize) -> Self {
        if let Self::Broken(error) = self { Self::Broken(error.in_track(track)) } else { self }
    }
}

impl Unplayable {
    /// The text that [`fmt::Display`] writes.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let parts: &[&str] = match self {
            Self::Codec { name, code } => {
                &[name, " (", code, ") is played by no browser through Media Source Extensions"]
            }
            Self::Kind(why) => &[why],
            Self::Encrypted(scheme) => {
                &["the track is encrypted (", scheme, "), which Firstframe does not play yet"]
            }
            Self::NoDescription => {
                &["the track has no sample description (stsd), so its codec is unknown"]
            }
            Self::NoSamples => &["the track has no samples"],
            Self::Edits(why) => &["its edit list ", why],
            Self::NoMedia => &["the file has neither a video nor an audio track"],
            Self::Broken(error) => {
                &[if error.is_limit() { "" } else { "the track is damaged: " }, &error.text()]
            }
        };
        join(&mut out, parts);
        out
    }
}

impl fmt::Display for Unplayable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl std::error::Error for Unplayable {}
