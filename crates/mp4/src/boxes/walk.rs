//! Walks over the boxes in a byte range, and reads tables of entries of one width (ISO/IEC 14496-12 § 4.2).

use crate::error::{Error, Result, SMALLER_THAN_HEADER, TOO_FEW_ENTRIES, TOO_SHORT};

/// A box: its type, and the offsets of its header, its content and its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BoxAt {
    pub(crate) kind: [u8; 4],
    pub(crate) start: usize,
    pub(crate) body: usize,
    pub(crate) end: usize,
}

impl BoxAt {
    /// The bytes of it, header and all.
    pub(crate) fn whole<'a>(&self, data: &'a [u8]) -> &'a [u8] {
        data.get(self.start..self.end).unwrap_or_default()
    }

    /// The bytes behind its header.
    pub(crate) fn content<'a>(&self, data: &'a [u8]) -> &'a [u8] {
        data.get(self.body..self.end).unwrap_or_default()
    }
}

pub(crate) fn be16(data: &[u8], at: usize) -> Option<u16> {
    data.get(at..)?.first_chunk().map(|b| u16::from_be_bytes(*b))
}

pub(crate) fn be32(data: &[u8], at: usize) -> Option<u32> {
    u32::try_from(word(data, at)).ok()
}

/// Four bytes as a number, or -1. In wasm an `Option` of a number is returned through memory and an
/// `i64` is not, so this is less code.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn word(data: &[u8], at: usize) -> i64 {
    let bytes = data.get(at..).and_then(<[u8]>::first_chunk);
    bytes.map_or(-1, |b| i64::from(u32::from_be_bytes(*b)))
}

pub(crate) fn be64(data: &[u8], at: usize) -> Option<u64> {
    let (high, low) = (be32(data, at)?, be32(data, at.saturating_add(4))?);
    Some(u64::from(high) << 32 | u64::from(low))
}

/// A number of 64 bits where `wide`, else of 32.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(crate) fn number(data: &[u8], at: usize, wide: bool) -> Option<u64> {
    if wide { be64(data, at) } else { be32(data, at).map(u64::from) }
}

/// The boxes in `data[from..to]`. Fewer than eight bytes at the end are padding. `path` names the
/// box around them.
pub(crate) fn boxes<'a>(data: &'a [u8], from: usize, to: usize, path: &'static str) -> Boxes<'a> {
    Boxes { data, at: from, to: to.min(data.len()), path }
}

/// The first box of one of these types in `data[from..to]`, before any broken one.
#[inline(never)]
pub(crate) fn find(data: &[u8], from: usize, to: usize, kinds: &[[u8; 4]]) -> Option<BoxAt> {
    boxes(data, from.min(to), to, "").map_while(Result::ok).find(|b| kinds.contains(&b.kind))
}

/// The boxes of one type, before any broken one.
pub(crate) struct Of<'a> {
    boxes: Boxes<'a>,
    kind: [u8; 4],
}

impl Iterator for Of<'_> {
    type Item = BoxAt;

    #[inline(never)]
    fn next(&mut self) -> Option<BoxAt> {
        loop {
            let b = self.boxes.next()?.ok()?;
            if b.kind == self.kind {
                return Some(b);
            }
        }
    }
}

pub(crate) struct Boxes<'a> {
    data: &'a [u8],
    at: usize,
    to: usize,
    path: &'static str,
}

impl<'a> Boxes<'a> {
    pub(crate) fn of(self, kind: [u8; 4]) -> Of<'a> {
        Of { boxes: self, kind }
    }

    fn read(&self) -> Result<BoxAt> {
        let fault = |violation| Error::moov(self.path, self.at, violation);
        let cut = || fault("box header is cut off; § 4.2");
        let size = be32(self.data, self.at).ok_or_else(cut)?;
        let kind = *self.data.get(self.at + 4..).and_then(<[u8]>::first_chunk).ok_or_else(cut)?;
        let (header, end) = match size {
            // § 4.2.2: 0 reaches to the end; in a container that can only be the container's.
            0 => (8, self.to),
            1 => {
                let size = be64(self.data, self.at + 8).ok_or_else(cut)?;
                let size = usize::try_from(size).unwrap_or(usize::MAX);
                (16, self.at.saturating_add(size))
            }
            _ => (8, self.at.saturating_add(size as usize)),
        };
        let body = self.at + header;
        if end < body {
            return Err(fault(SMALLER_THAN_HEADER));
        }
        if end > self.to {
            return Err(fault("box ends after its parent; § 4.2"));
        }
        Ok(BoxAt { kind, start: self.at, body, end })
    }
}

impl Iterator for Boxes<'_> {
    type Item = Result<BoxAt>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.to.saturating_sub(self.at) < 8 {
            return None;
        }
        let found = self.read();
        self.at = found.map_or(self.to, |b| b.end);
        Some(found)
    }
}

/// Entries of one width behind version, flags and a count.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Table {
    pub(crate) at: usize,
    pub(crate) count: u32,
}

impl Table {
    /// The table in the full box `b`, of entries of `width` bytes.
    pub(crate) fn parse(data: &[u8], b: BoxAt, width: usize, path: &'static str) -> Result<Self> {
        let count = be32(data, b.body + 4).filter(|_| b.body + 8 <= b.end);
        let count = count.ok_or_else(|| Error::moov(path, b.start, TOO_SHORT))?;
        let at = b.body + 8;
        let held = b.end.saturating_sub(at) / width;
        if count as usize > held {
            let violation = TOO_FEW_ENTRIES;
            return Err(Error::moov(path, b.start, violation));
        }
        Ok(Self { at, count })
    }

    /// All entries, of `WIDTH` bytes each.
    pub(crate) fn rows<'a, const WIDTH: usize>(&self, data: &'a [u8]) -> &'a [[u8; WIDTH]] {
        let bytes = data.get(self.at..self.at + self.count as usize * WIDTH);
        bytes.unwrap_or_default().as_chunks().0
    }

    /// The number at `field` bytes in entry `i`.
    pub(crate) fn get(&self, data: &[u8], i: u32, width: usize, field: usize) -> Option<u32> {
        (i < self.count).then(|| be32(data, self.at + i as usize * width + field)).flatten()
    }
}
