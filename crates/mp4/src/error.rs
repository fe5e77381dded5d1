//! What can be wrong with a file, where, and by which rule.

use std::fmt;

/// Shorthand.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A rule that the bytes break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// Track, counted from 0 in `moov`, when the fault is in one.
    pub track: Option<usize>,
    /// The box, as a path below `moov` or `trak`; "file" for the walk over the file itself.
    pub path: &'static str,
    /// Where: in the file for the walk over the file, else counted from the first byte of `moov`.
    pub offset: u64,
    /// What should be so.
    pub violation: &'static str,
}

// Violations that several boxes share.
pub(crate) const TOO_SHORT: &str = "box is too short for its fields; 14496-12 § 4.2";
pub(crate) const TOO_FEW_ENTRIES: &str = "box holds fewer entries than it counts; 14496-12 § 4.2";
pub(crate) const SMALLER_THAN_HEADER: &str = "box is smaller than its header; 14496-12 § 4.2";
pub(crate) const LARGE_MOOV: &str = "moov is over 64 MiB, Firstframe's limit";
pub(crate) const MANY_TRACKS: &str = "over 128 tracks, Firstframe's limit";
pub(crate) const FAR_SAMPLE: &str = "sample lies past byte 2^53, Firstframe's limit";
pub(crate) const LARGE_SAMPLE: &str = "sample is over 256 MiB, Firstframe's limit";
pub(crate) const NO_TIMESCALE: &str = "timescale is zero; 14496-12 § 8.4.2";

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
    /// For people, as it is displayed; what `core::fmt` takes of a download is more than all of it.
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

/// Why a track is not played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unplayable {
    /// A codec that no browser plays; its name and how the file calls it.
    Codec {
        /// For people.
        name: &'static str,
        /// As in the file, or the RFC 6381 string.
        code: String,
    },
    /// Neither video nor audio; what it is, in a sentence.
    Kind(&'static str),
    /// Encrypted, by the scheme named.
    Encrypted(String),
    /// No sample description.
    NoDescription,
    /// No samples.
    NoSamples,
    /// An edit list that cannot be kept.
    Edits(&'static str),
    /// Neither a video nor an audio track in the file.
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
    /// For people, as it is displayed.
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
            Self::Broken(error) => &["the track is damaged: ", &error.text()],
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
