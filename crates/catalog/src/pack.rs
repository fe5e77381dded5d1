//! Packs, and the hash that names them.

/// Some bytes of a catalog, at most `api::limits::VALUE_BYTES_MAX` of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    /// Name: see [`hash`].
    pub hash: String,
    /// Content.
    pub bytes: Vec<u8>,
}

impl Pack {
    /// Names `bytes`.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { hash: hash(&bytes), bytes }
    }
}

/// The name of a pack: BLAKE3 of its bytes, as 64 lower-case hexadecimal digits.
pub fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// The stored form of bytes that may change under one key: their [`hash`], then the bytes. A reader
/// that gets half of them notices by [`verify_hash`].
pub fn prepend_hash(bytes: &[u8]) -> Vec<u8> {
    [hash(bytes).as_bytes(), bytes].concat()
}

/// The bytes behind the hash that [`prepend_hash`] put before them; `None` where they differ from it.
pub fn verify_hash(stored: &[u8]) -> Option<&[u8]> {
    let (name, bytes) = stored.split_at_checked(64)?;
    (hash(bytes).as_bytes() == name).then_some(bytes)
}

/// Whether `text` has the form of a pack's name: 64 lower-case hexadecimal digits.
pub fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pack_is_named_by_blake3() {
        // The first test vector of the BLAKE3 paper: no bytes at all.
        let empty = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
        assert_eq!(Pack::new(Vec::new()).hash, empty);
        assert!(is_hash(empty));
    }

    #[test]
    fn texts_of_another_form_are_no_pack_names() {
        for text in ["", "af13", &"g".repeat(64), &"A".repeat(64), &"a".repeat(65)] {
            assert!(!is_hash(text), "{text}");
        }
    }
}
