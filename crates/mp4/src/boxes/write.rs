//! Writes boxes of MP4 (ISO/IEC 14496-12 § 4.2); the size of a box is filled in after its content.

/// Writes a box of type `kind` around what `content` writes. Each use is inlined; what all boxes share is
/// not, to keep the player small.
#[inline]
pub fn boxed(out: &mut Vec<u8>, kind: [u8; 4], content: impl FnOnce(&mut Vec<u8>)) {
    let start = begin(out, kind);
    content(out);
    end(out, start);
}

#[inline(never)]
fn begin(out: &mut Vec<u8>, kind: [u8; 4]) -> usize {
    put_all(out, &[0, u32::from_be_bytes(kind)]);
    out.len() - 8
}

#[inline(never)]
fn end(out: &mut [u8], start: usize) {
    let size = u32::try_from(out.len() - start).unwrap_or(u32::MAX);
    patch(out, start, size);
}

/// Like [`boxed`], with version and flags.
#[inline]
pub fn full(
    out: &mut Vec<u8>,
    kind: [u8; 4],
    version: u8,
    flags: u32,
    content: impl FnOnce(&mut Vec<u8>),
) {
    boxed(out, kind, |out| {
        put(out, u32::from(version) << 24 | flags);
        content(out);
    });
}

/// Writes four bytes, the highest first.
#[inline(never)]
pub fn put(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(&number.to_be_bytes());
}

/// Writes four bytes of each number.
#[inline(never)]
pub fn put_all(out: &mut Vec<u8>, numbers: &[u32]) {
    for number in numbers {
        put(out, *number);
    }
}

/// Overwrites four bytes.
pub(crate) fn patch(out: &mut [u8], at: usize, number: u32) {
    if let Some(bytes) = out.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *bytes = number.to_be_bytes();
    }
}

/// Writes a full box of entries behind their count; `ctts` with signed offsets is version 1
/// (§ 8.6.1.3).
pub fn table<const N: usize>(
    out: &mut Vec<u8>,
    kind: [u8; 4],
    version: u8,
    entries: impl Iterator<Item = [u32; N]>,
) {
    full(out, kind, version, 0, |out| {
        let at = out.len();
        put(out, 0);
        let mut count = 0;
        for entry in entries {
            put_all(out, &entry);
            count += 1;
        }
        patch(out, at, count);
    });
}
