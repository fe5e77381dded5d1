//! The cookie of a viewer who has signed in (RFC 6265): a signature that expires.

use super::signature::{Keys, Scope};
use crate::http::Headers;

/// Its name.
const NAME: &str = "firstframe_viewer";
/// Seconds for which a browser keeps it: as long as its signature is valid.
const MAX_AGE_S: u64 = Scope::Viewer.life_ms() / 1000;
/// Cookies of our name in one request that are verified: others may set some on the same host.
const COOKIE_COUNT_MAX: usize = 4;

/// What is signed: the stored password, so that another password ends all sessions.
fn subject(stored_password: &str) -> String {
    catalog::hash(stored_password.as_bytes())
}

/// `Set-Cookie` for a viewer who knows the password.
pub fn signed_in(keys: &Keys, stored_password: &str, now_ms: u64, is_tls: bool) -> String {
    let value = keys.sign(Scope::Viewer, &subject(stored_password), now_ms);
    set_cookie(&value, MAX_AGE_S, is_tls)
}

/// `Set-Cookie` for a viewer who signs out.
pub fn signed_out(is_tls: bool) -> String {
    set_cookie("", 0, is_tls)
}

fn set_cookie(value: &str, max_age_s: u64, is_tls: bool) -> String {
    let secure = if is_tls { "; Secure" } else { "" };
    format!("{NAME}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{secure}")
}

/// Whether a request has the cookie of a viewer who knows the password.
pub fn is_signed_in(keys: &Keys, stored_password: &str, headers: &Headers, now_ms: u64) -> bool {
    let pairs = headers.get("cookie").unwrap_or_default().split([';', ',']);
    let values = pairs.filter_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('='));
    let subject = subject(stored_password);
    let is_valid = |value| keys.verify(Scope::Viewer, &subject, value, now_ms).is_ok();
    values.take(COOKIE_COUNT_MAX).any(is_valid)
}
