//! The page and its assets, as `build.rs` embedded them.

/// One file, as it is and, where that is smaller, compressed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asset {
    /// Its name under `/assets/`.
    pub name: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// Hash of its bytes.
    pub hash: &'static str,
    /// Its bytes.
    pub bytes: &'static [u8],
    /// The same by gzip.
    pub gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/web.rs"));

/// The page, if it was built in.
pub(crate) const fn index() -> Option<&'static Asset> {
    INDEX
}

/// The file of this name.
pub(crate) fn asset(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}
