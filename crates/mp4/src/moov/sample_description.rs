//! The sample descriptions of a track: codec, protection, and the `stsd` of initialization segments.

use super::codec_name::Support;
use super::codecs;
use super::sample_entry;
use super::track_header::EntryFields;
use crate::boxes::hvcc;
use crate::boxes::write::{full, patch, put};
use crate::boxes::{BoxAt, be32, find};
use crate::error::{Error, Result, Unplayable};
use crate::limits::{CONFIG_BYTES_MAX, DESCRIPTIONS_MAX};
use crate::samples::cenc;

const PATH: &str = "mdia/minf/stbl/stsd";

/// One sample description.
#[derive(Clone, Debug)]
pub(crate) struct Description {
    entry: BoxAt,
    /// The FourCC that the copy has instead of its own.
    rename: Option<[u8; 4]>,
    /// The codec's name, for people.
    pub(crate) name: &'static str,
    /// RFC 6381.
    pub(crate) codec: String,
    pub(crate) support: Support,
    pub(crate) size: (u16, u16),
    pub(crate) sound: (u16, u32),
    pub(crate) cipher: Option<Cipher>,
    /// Whether all of its pictures are key frames.
    pub(crate) is_intra: bool,
    /// The first description with the same bytes.
    pub(crate) alike: u32,
}

/// How samples are encrypted (§ 8.12; ISO/IEC 23001-7 § 8.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cipher {
    pub(crate) scheme: [u8; 4],
    /// Bytes of an initialization vector with each sample.
    pub(crate) iv_len: u8,
    /// Whether Encrypted Media Extensions define the scheme.
    pub(crate) is_common: bool,
}

/// Reads a sample entry, of video or not.
type ReadEntry = fn(&[u8], BoxAt, bool) -> Result<EntryFields>;

/// All descriptions in `stsd`, at least one.
pub(crate) fn read_all(
    data: &[u8],
    stsd: BoxAt,
    is_video: bool,
    read_entry: ReadEntry,
) -> Result<Vec<Description>, Unplayable> {
    let mut found: Vec<Description> = Vec::new();
    for entry in sample_entry::entries(data, stsd) {
        if found.len() == DESCRIPTIONS_MAX {
            return Err(broken(entry, "over 64 sample descriptions; not read by Firstframe"));
        }
        let mut description = read(data, entry, is_video, read_entry)?;
        let same = |other: &Description| other.entry.whole(data) == entry.whole(data);
        let alike = found.iter().position(same).unwrap_or(found.len());
        description.alike = u32::try_from(alike).unwrap_or(0);
        found.push(description);
    }
    if found.is_empty() { Err(Unplayable::NoDescription) } else { Ok(found) }
}

fn broken(entry: BoxAt, violation: &'static str) -> Unplayable {
    Unplayable::Broken(Error::moov(PATH, entry.start, violation))
}

fn read(
    data: &[u8],
    entry: BoxAt,
    is_video: bool,
    read_entry: ReadEntry,
) -> Result<Description, Unplayable> {
    let EntryFields { size, sound } = read_entry(data, entry, is_video)
        .map_err(|error| Unplayable::Broken(Error { path: PATH, ..error }))?;
    let (_, code) = sample_entry::original(data, entry, is_video);
    let hvcc = sample_entry::child(data, entry, is_video, &[*b"hvcC"]).map(|b| b.content(data));
    let hvcc = hvcc.filter(|hvcc| hvcc.len() <= CONFIG_BYTES_MAX);
    let renamed = hvcc.map_or(code, |hvcc| hvcc::renamed(code, hvcc));
    let config = sample_entry::config(data, entry, is_video).map(|b| b.content(data));
    let named = codecs::name(renamed, config).map_err(|violation| broken(entry, violation))?;
    Ok(Description {
        entry,
        rename: (renamed != code).then_some(renamed),
        name: named.name,
        codec: named.string,
        support: named.support,
        size,
        sound,
        cipher: cipher(data, entry, is_video),
        // Constraint 3 of H.264 (A.2.8): of these profiles, the one without prediction.
        is_intra: config.and_then(|config| config.get(2)).is_some_and(|set| set & 0x10 != 0)
            && matches!(&code, b"avc1" | b"avc3"),
        alike: 0,
    })
}

fn cipher(data: &[u8], entry: BoxAt, is_video: bool) -> Option<Cipher> {
    if !sample_entry::is_encrypted(entry) {
        return None;
    }
    let sinf = sample_entry::sinf(data, entry, is_video);
    let child = |parent: Option<BoxAt>, kind| find(data, parent?.body, parent?.end, &[kind]);
    let schm = child(sinf, *b"schm").and_then(|b| be32(b.content(data), 4));
    let scheme = schm.map_or(entry.kind, u32::to_be_bytes);
    let tenc = child(child(sinf, *b"schi"), *b"tenc").map(|b| b.content(data));
    // Behind version and flags, a reserved byte, the pattern, and isProtected.
    let iv_len = tenc.and_then(|tenc| tenc.get(7).copied());
    let is_common = cenc::is_common(&scheme) && iv_len.is_some();
    Some(Cipher { scheme, iv_len: iv_len.unwrap_or(0), is_common })
}

/// Writes the `stsd` of initialization segment `init`: with all descriptions of the track where they are
/// equal, else with that one, for browsers take one a segment.
#[inline(never)]
pub(crate) fn write(
    out: &mut Vec<u8>,
    data: &[u8],
    is_video: bool,
    descriptions: &[Description],
    init: u32,
) {
    let single = descriptions.get(init as usize).filter(|_| !are_equal(descriptions));
    let written = single.map_or(descriptions, std::slice::from_ref);
    full(out, *b"stsd", 0, 0, |out| {
        put(out, u32::try_from(written.len()).unwrap_or(u32::MAX));
        for Description { entry, rename, .. } in written {
            let start = out.len();
            sample_entry::write(out, data, *entry, is_video);
            if let Some(code) = rename {
                let copy = BoxAt { start, body: start + 8, end: out.len(), ..*entry };
                let (at, _) = sample_entry::original(out, copy, is_video);
                patch(out, at, u32::from_be_bytes(*code));
            }
        }
    });
}

/// The initialization segment for samples with description `number` (from 1), and the number of that
/// description in it.
pub(crate) fn init_of(descriptions: &[Description], number: u32) -> (u32, u32) {
    match nearest(descriptions, number) {
        Some((_, number)) if are_equal(descriptions) => (0, number),
        Some((description, _)) => (description.alike, 1),
        None => (0, 1),
    }
}

/// Whether one initialization segment has all of them.
fn are_equal(descriptions: &[Description]) -> bool {
    descriptions.iter().all(|description| description.alike == 0)
}

/// The description `number` (from 1), else the nearest one; and its number.
fn nearest(descriptions: &[Description], number: u32) -> Option<(&Description, u32)> {
    let number = number.clamp(1, u32::try_from(descriptions.len()).unwrap_or(u32::MAX).max(1));
    descriptions.get(number as usize - 1).map(|description| (description, number))
}

/// How samples with description `number` are encrypted.
pub(crate) fn cipher_of(descriptions: &[Description], number: u32) -> Option<Cipher> {
    nearest(descriptions, number)?.0.cipher
}
