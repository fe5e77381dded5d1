//! What a response says about an object beside its bytes.

/// What is known of an object without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectMeta {
    /// How many bytes it has.
    pub size_bytes: u64,
    /// Strong entity tag, quotes included: other bytes, other tag.
    pub etag: String,
    /// When it was stored, milliseconds since the Unix epoch.
    pub modified_ms: u64,
    /// What else answers about it say, names in lower case: nothing, of an object of the own store.
    pub fields: Vec<(String, String)>,
}
