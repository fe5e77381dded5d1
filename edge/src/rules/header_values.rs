//! Values of single header fields: entity tags, admin keys, accepted types and codings.

use subtle::ConstantTimeEq;

/// Hexadecimal digits of the hash in an entity tag: 128 bits are enough that no two
/// representations ever share a tag.
const ETAG_DIGITS: usize = 32;

/// The strong entity tag of these bytes (RFC 9110 §8.8.3).
pub fn entity_tag(bytes: &[u8]) -> String {
    let hash = catalog::hash(bytes);
    format!("\"{}\"", hash.get(..ETAG_DIGITS).unwrap_or(&hash))
}

/// Admin keys in the setting: one in use, one that replaces it, and some to spare.
const ADMIN_KEY_COUNT_MAX: usize = 4;
/// The name of a key that stands alone in the setting.
const ONLY_KEY: &str = "admin";

/// The name of the key in an `Authorization: Bearer` header (RFC 6750 §2.1), if it is one of the setting
/// `admin_key`: a single key, or `name:key`, several separated by commas. Keys are compared in constant
/// time; an empty key admits nobody.
pub fn admin_key_name<'a>(header: Option<&str>, setting: &'a str) -> Option<&'a str> {
    let (scheme, sent) = header?.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let named = setting.split(',').filter_map(|part| part.trim().split_once(':'));
    let named = named.filter(|(name, _)| api::limits::is_id(name)).take(ADMIN_KEY_COUNT_MAX);
    // A single key may have colons and commas in it, so the whole setting is a key in either form.
    let mut found = None;
    for (name, key) in named.chain([(ONLY_KEY, setting)]) {
        if is_same_secret(sent.trim(), key.trim()) {
            found = found.or(Some(name));
        }
    }
    found
}

/// Whether two secrets are the same, and not empty.
fn is_same_secret(sent: &str, secret: &str) -> bool {
    // Hashes have one length whatever the texts have, so that time tells nothing of it either.
    let (sent, hash) = (catalog::hash(sent.as_bytes()), catalog::hash(secret.as_bytes()));
    !secret.is_empty() && bool::from(sent.as_bytes().ct_eq(hash.as_bytes()))
}

/// Whether `Accept` prefers a page (RFC 9110 §12.5.1), as a browser's does that opens an address.
pub fn wants_page(header: Option<&str>) -> bool {
    let ranges = header.unwrap_or_default().split(',');
    let mut accepted = ranges.filter_map(|range| {
        let (media_type, parameters) = range.split_once(';').unwrap_or((range, ""));
        (!is_zero(parameters)).then(|| media_type.trim())
    });
    accepted.any(|media_type| media_type.eq_ignore_ascii_case("text/html"))
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
