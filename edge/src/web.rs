//! The page and its assets, as `build.rs` embedded them.

use std::borrow::Cow;

use miniz_oxide::inflate::decompress_to_vec_with_limit;

/// Bytes of gzip in front of the compressed ones (RFC 1952 §2.3). `build.rs` takes no longer header.
const GZIP_HEADER_BYTES: usize = 10;

/// One file, in the smaller one of two forms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asset {
    /// Its name under `/assets/`.
    pub name: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// Hash of its bytes.
    pub hash: &'static str,
    /// Its bytes, by gzip if `is_gzip`.
    pub stored: &'static [u8],
    /// Whether gzip makes it smaller.
    pub is_gzip: bool,
}

impl Asset {
    /// Its bytes, for the few clients that do not take gzip. None if the stored ones are damaged.
    pub(crate) fn plain(&self) -> Option<Cow<'static, [u8]>> {
        if !self.is_gzip {
            return Some(Cow::Borrowed(self.stored));
        }
        let deflated = self.stored.get(GZIP_HEADER_BYTES..)?;
        // Behind them is how many they are.
        let size_bytes = u32::from_le_bytes(*self.stored.last_chunk()?);
        let bytes =
            decompress_to_vec_with_limit(deflated, usize::try_from(size_bytes).ok()?).ok()?;
        Some(Cow::Owned(bytes))
    }
}

/// A page that the edge completes: what is of an episode goes between its parts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Document {
    /// Its file in `edge/page`.
    pub name: &'static str,
    /// The hash of its inline script, as a content security policy has it.
    pub script: &'static str,
    /// The same of its inline style.
    pub style: &'static str,
    /// In front of the episode's head, between head and content, behind the content, the inline script, and
    /// behind it.
    pub parts: [Part; 5],
}

/// A part of a document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    /// As it is.
    pub bytes: &'static [u8],
    /// As blocks of DEFLATE that end at a byte, and of which none is the last.
    pub deflated: &'static [u8],
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

/// The script of the player: its name has a hash in it.
pub(crate) fn player() -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| {
        asset.name.starts_with("element.") && asset.content_type.starts_with("text/javascript")
    })
}

/// The document of this name, if it was built in.
pub(crate) fn document(name: &str) -> Option<&'static Document> {
    DOCUMENTS.iter().find(|document| document.name == name)
}
