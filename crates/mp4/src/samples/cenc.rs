//! Auxiliary information of encrypted samples: initialization vectors, and which bytes are encrypted
//! (ISO/IEC 23001-7 § 7; ISO/IEC 14496-12 § 8.7.8, § 8.7.9).
//!
//! A track, or a fragment of one, has it in `senc`, or elsewhere in the file where `saiz` and `saio`
//! point. Every `moof` that is written contains it. Where it lies outside `moov` and `moof`, the header
//! has a [`Hole`] for it, which names the bytes of the file to copy there.

use crate::boxes::stsc::Stsc;
use crate::boxes::write::put;
use crate::boxes::{BoxAt, Table, be16, be32, number};
use crate::error::{Error, Result, TOO_FEW_ENTRIES, TOO_SHORT};
use crate::limits::{OFFSET_MAX, SIZES_STEP};
use crate::range::{ByteRange, gather};

/// Bytes of the file to copy into a fragment's header before it is appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// The first byte to overwrite, counted from the start of the header.
    pub at: usize,
    /// The bytes of the file to copy there, in this order.
    pub ranges: Vec<ByteRange>,
}

impl Hole {
    /// Each range of the file with its offset in the header.
    pub fn patches(&self) -> impl Iterator<Item = (usize, ByteRange)> + '_ {
        self.ranges.iter().scan(self.at, |at, range| {
            let here = *at;
            *at += usize::try_from(range.len()).ok()?;
            Some((here, *range))
        })
    }
}

/// The auxiliary information of a fragment's samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AuxInfo {
    /// Bytes for each sample.
    pub(crate) sizes: Vec<u32>,
    /// Bytes of an initialization vector.
    pub(crate) iv_bytes: u32,
    pub(crate) location: AuxLocation,
}

/// Where the auxiliary information lies: in these bytes, or in these ranges of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AuxLocation {
    Here(Vec<u8>),
    File(Vec<ByteRange>),
}

/// The auxiliary information of a track or track fragment, by `senc` or by `saiz` and `saio`.
#[derive(Debug)]
pub(crate) struct AuxInfoTable {
    count: u32,
    iv_bytes: u32,
    sizes: Sizes,
    base: Base,
    /// Bytes in front of every [`SIZES_STEP`]th entry.
    marks: Vec<u64>,
}

#[derive(Debug)]
enum Sizes {
    Same(u8),
    /// A byte each, from here.
    Bytes(usize),
    /// By the subsample counts in the entries of `senc`.
    Subsamples,
}

#[derive(Debug)]
enum Base {
    /// The entries of `senc`, from here to here.
    Moov(usize, usize),
    /// `saio`: one offset for all, or one for each chunk.
    File { table: Table, wide: bool },
}

/// Whether Encrypted Media Extensions define the scheme.
pub(crate) fn is_common(scheme: &[u8]) -> bool {
    let known: [&[u8]; 4] = [b"cenc", b"cens", b"cbc1", b"cbcs"];
    known.contains(&scheme)
}

const PATH: &str = "mdia/minf/stbl";

impl AuxInfoTable {
    /// Reads `senc`, which contains it, else `saiz` and `saio`, which point to it.
    pub(crate) fn parse(
        data: &[u8],
        senc: Option<BoxAt>,
        sizes_and_offsets: Option<(BoxAt, BoxAt)>,
        iv_bytes: u8,
    ) -> Result<Option<Self>> {
        let (count, sizes, base) = match (senc, sizes_and_offsets) {
            (Some(senc), _) => read_senc(data, senc, iv_bytes)?,
            (None, Some((sizes, offsets))) => {
                let (count, sizes) = read_saiz(data, sizes)?;
                (count, sizes, read_saio(data, offsets)?)
            }
            (None, None) => return Ok(None),
        };
        let iv_bytes = u32::from(iv_bytes);
        let table = Self { count, iv_bytes, sizes, base, marks: Vec::new() };
        table.marked(data).map(Some)
    }

    /// Adds up the sizes once, where they differ.
    fn marked(mut self, data: &[u8]) -> Result<Self> {
        if matches!(self.sizes, Sizes::Same(_)) {
            return Ok(self);
        }
        let mut sum = 0;
        for i in 0..self.count {
            if i.is_multiple_of(SIZES_STEP) {
                self.marks.push(sum);
            }
            sum += u64::from(self.size(data, i, sum).ok_or_else(|| {
                let violation = "auxiliary information is missing for some samples; § 8.7.8";
                Error::moov(PATH, 0, violation)
            })?);
        }
        Ok(self)
    }

    /// Bytes of entry `i`, which has `before` bytes of others in front of it.
    fn size(&self, data: &[u8], i: u32, before: u64) -> Option<u32> {
        match (&self.sizes, &self.base) {
            (Sizes::Same(size), _) => Some(u32::from(*size)),
            (Sizes::Bytes(at), _) => data.get(at + i as usize).map(|size| u32::from(*size)),
            (Sizes::Subsamples, Base::Moov(start, end)) => {
                let at = start + usize::try_from(before).ok()? + self.iv_bytes as usize;
                let subsamples = be16(data, at)?;
                let size = self.iv_bytes + 2 + 6 * u32::from(subsamples);
                (at - self.iv_bytes as usize + size as usize <= *end).then_some(size)
            }
            (Sizes::Subsamples, Base::File { .. }) => None,
        }
    }

    /// Bytes in front of entry `i`.
    fn before(&self, data: &[u8], i: u32) -> Option<u64> {
        if let Sizes::Same(size) = self.sizes {
            return Some(u64::from(i) * u64::from(size));
        }
        let mark = i / SIZES_STEP;
        let mut sum = *self.marks.get(mark as usize)?;
        for i in mark * SIZES_STEP..i {
            sum += u64::from(self.size(data, i, sum)?);
        }
        Some(sum)
    }

    /// The auxiliary information of `count` samples from `first` on; `None` where the tables lack it.
    /// Offsets count from `base`; there may be one for each chunk.
    pub(crate) fn of(
        &self,
        data: &[u8],
        stsc: Option<&Stsc>,
        base: u64,
        (first, count): (u32, u32),
    ) -> Option<AuxInfo> {
        let end = first.checked_add(count).filter(|end| *end <= self.count)?;
        let start = self.before(data, first)?;
        let (mut sum, mut sizes, mut ranges) = (start, Vec::new(), Vec::new());
        let mut chunk = stsc.and_then(|stsc| stsc.chunk_of(data, first));
        let mut chunk_sum = self.before(data, chunk.map_or(0, |chunk| chunk.first))?;
        for i in first..end {
            if let Some(over) = chunk.filter(|chunk| i - chunk.first >= chunk.count) {
                chunk = stsc.and_then(|stsc| stsc.after(data, &over));
                chunk_sum = sum;
            }
            let size = self.size(data, i, sum)?;
            if let Base::File { table, wide } = &self.base {
                let (entry, inside) =
                    if table.count == 1 { (0, sum) } else { (chunk?.number, sum - chunk_sum) };
                let at = offset(data, table, *wide, entry)?.checked_add(base)?;
                let at = at.checked_add(inside)?;
                gather(&mut ranges, at, at.checked_add(u64::from(size))?);
            }
            sizes.push(size);
            sum += u64::from(size);
        }
        let location = match self.base {
            Base::File { .. } => AuxLocation::File(ranges),
            Base::Moov(at, _) => AuxLocation::Here(within(data, at, start, sum)?.to_vec()),
        };
        Some(AuxInfo { sizes, iv_bytes: self.iv_bytes, location })
    }
}

impl AuxInfo {
    /// Appends that of the samples that follow; `None` where only one of both lies in the file.
    pub(crate) fn join(mut self, next: Self) -> Option<Self> {
        match (&mut self.location, next.location) {
            (AuxLocation::Here(bytes), AuxLocation::Here(more)) => bytes.extend(more),
            (AuxLocation::File(ranges), AuxLocation::File(more)) => ranges.extend(more),
            (AuxLocation::Here(_), AuxLocation::File(_))
            | (AuxLocation::File(_), AuxLocation::Here(_)) => return None,
        }
        self.sizes.extend(next.sizes);
        Some(self)
    }
}

/// The bytes from `start` up to `end`, counted from `at`.
fn within(data: &[u8], at: usize, start: u64, end: u64) -> Option<&[u8]> {
    let at = |offset| usize::try_from(offset).ok().map(|offset| at + offset);
    data.get(at(start)?..at(end)?)
}

fn read_senc(data: &[u8], b: BoxAt, iv_bytes: u8) -> Result<(u32, Sizes, Base)> {
    let fault = |violation| Error::moov("mdia/minf/stbl/senc", b.start, violation);
    let flags = be32(data, b.body).unwrap_or(0);
    if flags & 1 != 0 {
        return Err(fault("senc overrides tenc, which is not supported; 23001-7 § 7.2"));
    }
    let count = be32(b.content(data), 4).ok_or_else(|| fault(TOO_SHORT))?;
    let held = (b.end - b.body - 8) as u64;
    let sizes = if flags & 2 == 0 { Sizes::Same(iv_bytes) } else { Sizes::Subsamples };
    let least = u64::from(iv_bytes) + if flags & 2 == 0 { 0 } else { 2 };
    if u64::from(count) * least > held {
        return Err(fault(TOO_FEW_ENTRIES));
    }
    Ok((count, sizes, Base::Moov(b.body + 8, b.end)))
}

/// Where the fields begin, behind flags that may announce an `aux_info_type`.
fn fields(data: &[u8], b: BoxAt) -> usize {
    b.body + if be32(data, b.body).unwrap_or(0) & 1 == 0 { 4 } else { 12 }
}

fn read_saiz(data: &[u8], b: BoxAt) -> Result<(u32, Sizes)> {
    let at = fields(data, b);
    let fault = || Error::moov("mdia/minf/stbl/saiz", b.start, TOO_SHORT);
    let count = be32(data, at + 1).filter(|_| at + 5 <= b.end).ok_or_else(fault)?;
    match data.get(at).ok_or_else(fault)? {
        0 if count as usize > b.end - at - 5 => Err(fault()),
        0 => Ok((count, Sizes::Bytes(at + 5))),
        same => Ok((count, Sizes::Same(*same))),
    }
}

fn read_saio(data: &[u8], b: BoxAt) -> Result<Base> {
    let at = fields(data, b);
    let wide = data.get(b.body).is_some_and(|version| *version != 0);
    // `Table` expects four bytes in front of the count.
    let rest = BoxAt { body: at.saturating_sub(4), ..b };
    let table = Table::parse(data, rest, if wide { 8 } else { 4 }, "mdia/minf/stbl/saio")?;
    Ok(Base::File { table, wide })
}

fn offset(data: &[u8], table: &Table, wide: bool, i: u32) -> Option<u64> {
    let at = table.at + i as usize * if wide { 8 } else { 4 };
    number(data, at, wide).filter(|offset| i < table.count && *offset <= OFFSET_MAX)
}

/// `senc`, `saiz` and `saio`, at the end of a `traf` in a header that begins with its `moof`.
#[inline(never)]
pub(crate) fn write(out: &mut Vec<u8>, aux: &AuxInfo) -> Option<Hole> {
    let total: u32 = aux.sizes.iter().sum();
    if total == 0 {
        return None;
    }
    let count = u32::try_from(aux.sizes.len()).unwrap_or(u32::MAX).to_be_bytes();
    let subsamples = aux.sizes.iter().any(|size| *size > aux.iv_bytes);
    let mixed = subsamples && aux.sizes.iter().any(|size| *size <= aux.iv_bytes);
    // `senc` has subsamples for all samples or for none; `saiz` can describe a mixture.
    let kind = if mixed { *b"free" } else { *b"senc" };
    let at = out.len() + 16;
    let (hole, zeros) = match &aux.location {
        AuxLocation::Here(_) => (None, Vec::new()),
        AuxLocation::File(ranges) => {
            (Some(Hole { at, ranges: ranges.clone() }), vec![0; total as usize])
        }
    };
    let bytes = if let AuxLocation::Here(bytes) = &aux.location { bytes } else { &zeros };
    add(out, kind, if subsamples { 2 } else { 0 }, &[&count, bytes]);
    write_sizes(out, aux, at);
    hole
}

/// `saiz` and `saio`, for auxiliary information at `at` of the header. A sample with more subsamples
/// than fit a size of one byte leaves both out.
fn write_sizes(out: &mut Vec<u8>, aux: &AuxInfo, at: usize) {
    let sizes: Vec<u8> = aux.sizes.iter().filter_map(|size| u8::try_from(*size).ok()).collect();
    let Some(first) = sizes.first().filter(|_| sizes.len() == aux.sizes.len()) else { return };
    let same = sizes.iter().all(|size| size == first);
    let (default, sizes) = if same { (*first, &[][..]) } else { (0, &sizes[..]) };
    let count = u32::try_from(aux.sizes.len()).unwrap_or(u32::MAX).to_be_bytes();
    add(out, *b"saiz", 0, &[&[default], &count, sizes]);
    let at = u32::try_from(at).unwrap_or(u32::MAX).to_be_bytes();
    add(out, *b"saio", 0, &[&[0, 0, 0, 1], &at]);
}

/// A full box of these parts.
fn add(out: &mut Vec<u8>, kind: [u8; 4], flags: u32, parts: &[&[u8]]) {
    let size: usize = parts.iter().map(|part| part.len()).sum();
    put(out, u32::try_from(size + 12).unwrap_or(u32::MAX));
    out.extend(kind);
    put(out, flags);
    for part in parts {
        out.extend(*part);
    }
}
