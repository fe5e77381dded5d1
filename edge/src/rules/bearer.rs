//! `Authorization: Bearer` (RFC 6750 §2.1), compared in constant time.

use subtle::ConstantTimeEq;

/// Whether the header carries this key. An empty key lets nobody in.
pub fn carries(header: Option<&str>, key: &str) -> bool {
    let Some((scheme, sent)) = header.and_then(|header| header.trim().split_once(' ')) else {
        return false;
    };
    if key.is_empty() || !scheme.eq_ignore_ascii_case("bearer") {
        return false;
    }
    // Hashes have one length whatever the texts have, so that time tells nothing of it either.
    let (sent, key) = (catalog::hash(sent.trim().as_bytes()), catalog::hash(key.as_bytes()));
    sent.as_bytes().ct_eq(key.as_bytes()).into()
}
