//! What a response says about an object beside its bytes.

/// The metadata of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectMeta {
    /// How many bytes it has.
    pub size_bytes: u64,
    /// Strong entity tag, quotes included: other bytes, other tag.
    pub etag: String,
    /// When it was stored, milliseconds since the Unix epoch.
    pub modified_ms: u64,
    /// Other header fields of responses about it, names in lower case: none for an own object.
    pub fields: Vec<(String, String)>,
}
