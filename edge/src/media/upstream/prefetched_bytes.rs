//! Bytes of a film that are in memory before they are requested.

use crate::http::ByteRange;

/// Parts of a film, by their offset in the file.
pub(crate) struct PrefetchedBytes(pub(crate) Vec<(u64, Vec<u8>)>);

impl PrefetchedBytes {
    /// Nothing of the film is in memory.
    pub(crate) const NONE: &Self = &Self(Vec::new());

    /// These bytes, where one part has all of them.
    pub(crate) fn get(&self, range: ByteRange) -> Option<&[u8]> {
        self.0.iter().find_map(|(start, bytes)| {
            let at = usize::try_from(range.start.checked_sub(*start)?).ok()?;
            bytes.get(at..)?.get(..usize::try_from(range.len()).ok()?)
        })
    }
}
