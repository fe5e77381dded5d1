//! Strong entity tags of answers that are made here (RFC 9110 §8.8.3).

/// Hexadecimal digits of the hash: 128 bits are enough that no two answers ever share a tag.
const DIGITS: usize = 32;

/// The tag of these bytes.
pub fn of(bytes: &[u8]) -> String {
    let hash = catalog::hash(bytes);
    format!("\"{}\"", hash.get(..DIGITS).unwrap_or(&hash))
}
