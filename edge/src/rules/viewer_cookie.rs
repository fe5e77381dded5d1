//! The cookie of a viewer who has signed in (RFC 6265): a signature that expires, and for a viewer with an
//! account its name and the hash of its stored password, `&n=NAME&p=HASH`.

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
    let subject = subject(stored_password);
    values(headers).any(|value| keys.verify(Scope::Viewer, &subject, value, now_ms).is_ok())
}

/// The account that a cookie names. The cookie has our signature; whether the account still exists, and has
/// that password, the signature does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedAccount<'a> {
    /// The account's name.
    pub name: &'a str,
    password: &'a str,
}

impl SignedAccount<'_> {
    /// Whether the viewer signed in with the password that is stored now.
    pub fn has_password(&self, stored_password: &str) -> bool {
        subject(stored_password) == self.password
    }
}

/// What is signed of an account. No name has a space in it.
fn account_subject(name: &str, password: &str) -> String {
    format!("{name} {password}")
}

/// `Set-Cookie` for a viewer who knows the password of an account.
pub fn account_signed_in(
    keys: &Keys,
    name: &str,
    stored_password: &str,
    now_ms: u64,
    is_tls: bool,
) -> String {
    let password = subject(stored_password);
    let signature = keys.sign(Scope::Viewer, &account_subject(name, &password), now_ms);
    set_cookie(&format!("{signature}&n={name}&p={password}"), MAX_AGE_S, is_tls)
}

/// The account of the cookie of a request.
pub fn account<'a>(keys: &Keys, headers: &'a Headers, now_ms: u64) -> Option<SignedAccount<'a>> {
    let part = |value: &'a str, name| value.split('&').find_map(|part| part.strip_prefix(name));
    let signed = values(headers).filter_map(|value| {
        let account = SignedAccount { name: part(value, "n=")?, password: part(value, "p=")? };
        let subject = account_subject(account.name, account.password);
        keys.verify(Scope::Viewer, &subject, value, now_ms).is_ok().then_some(account)
    });
    { signed }.next()
}

/// The cookies of our name in a request.
fn values(headers: &Headers) -> impl Iterator<Item = &str> {
    let pairs = headers.get("cookie").unwrap_or_default().split([';', ',']);
    let values = pairs.filter_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('='));
    values.take(COOKIE_COUNT_MAX)
}
