//! Values of single header fields: entity tags, bearer keys and accepted codings.

use subtle::ConstantTimeEq;

/// Hexadecimal digits of the hash in an entity tag: 128 bits are enough that no two
/// representations ever share a tag.
const ETAG_DIGITS: usize = 32;

/// The strong entity tag of these bytes (RFC 9110 §8.8.3).
pub fn entity_tag(bytes: &[u8]) -> String {
    let hash = catalog::hash(bytes);
    format!("\"{}\"", hash.get(..ETAG_DIGITS).unwrap_or(&hash))
}

/// Whether an `Authorization: Bearer` header carries this key (RFC 6750 §2.1). Keys are compared in
/// constant time; an empty key admits nobody.
pub fn has_bearer_key(header: Option<&str>, key: &str) -> bool {
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

/// Whether `Accept-Encoding` admits `gzip` (RFC 9110 §12.5.3). Without the header nothing is
/// compressed: a client that can decompress says so.
pub fn accepts_gzip(header: Option<&str>) -> bool {
    let mut any = false;
    for element in header.unwrap_or_default().split(',') {
        let (coding, parameters) = element.split_once(';').unwrap_or((element, ""));
        let acceptable = !is_zero(parameters);
        match coding.trim() {
            coding if coding.eq_ignore_ascii_case("gzip") => return acceptable,
            coding if coding.eq_ignore_ascii_case("x-gzip") => return acceptable,
            "*" => any = acceptable,
            _ => {}
        }
    }
    any
}

/// Whether the weight is `0`, `0.0` … (§12.4.2), which means "not acceptable".
fn is_zero(parameters: &str) -> bool {
    let weight = parameters.trim().strip_prefix(['q', 'Q']).map(str::trim_start);
    weight
        .and_then(|weight| weight.strip_prefix('='))
        .is_some_and(|value| value.trim().parse() == Ok(0.0_f32))
}
