//! Signed URLs: HMAC-SHA-256 (RFC 2104) over what is read, until when, and the key's own name.
//!
//! `?e=1767225600&k=2026a&s=…`: the expiry in seconds since the Unix epoch, the name of the key, the
//! signature in hexadecimal. The first key of the setting signs, every key of it is good: to change keys, put
//! the new one in front, and take the old one away when its last URL has expired.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// Keys in the setting: one that signs, and those that some URL still bears.
const KEY_COUNT_MAX: usize = 4;
/// Bytes of a key: as many as the hash has, less is weaker (RFC 2104 §3).
const KEY_BYTES: usize = 32;
const HOUR_MS: u64 = 60 * 60 * 1000;

/// What is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// A film, by its source id.
    Media,
    /// A picture, by its image id.
    Image,
    /// A viewer of a private library, by its password.
    Viewer,
}

impl Scope {
    /// How long a URL is good at least: a film's for a long evening, a picture's for a week, as long
    /// as a page may stand open. A viewer signs in once a month.
    pub(super) const fn life_ms(self) -> u64 {
        match self {
            Self::Media => 6 * HOUR_MS,
            Self::Image => 7 * 24 * HOUR_MS,
            Self::Viewer => 30 * 24 * HOUR_MS,
        }
    }

    /// URLs made within one such span are the same, so that caches find what they have: a page has
    /// dozens of pictures, and one film.
    const fn step_ms(self) -> u64 {
        match self {
            Self::Media => HOUR_MS,
            Self::Image => 24 * HOUR_MS,
            Self::Viewer => 1000,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Media => "media",
            Self::Image => "image",
            Self::Viewer => "viewer",
        }
    }
}

/// Why a URL is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It was signed once, and its time is over.
    Expired,
    /// It was never signed by a key that is known.
    Unsigned,
}

/// The keys of a deployment, the one that signs first.
#[derive(Clone)]
pub struct Keys(Vec<(String, [u8; KEY_BYTES])>);

impl Keys {
    /// Reads the setting `media_keys`: `name:64 hexadecimal digits`, several by commas. The error
    /// does not show them.
    pub fn parse(setting: &str) -> Result<Self, &'static str> {
        let parts = setting.split(',').map(str::trim).filter(|part| !part.is_empty());
        let keys: Option<Vec<_>> = parts
            .map(|part| {
                let (name, digits) = part.split_once(':')?;
                Some((Some(name).filter(|name| api::limits::is_id(name))?.to_owned(), hex(digits)?))
            })
            .collect();
        match keys {
            Some(keys) if (1..=KEY_COUNT_MAX).contains(&keys.len()) => Ok(Self(keys)),
            Some(_) | None => Err(
                "the setting media_keys must be 1 to 4 of `name:64 hexadecimal digits`, separated by commas",
            ),
        }
    }

    /// The query that makes a URL good for some time from now.
    pub fn sign(&self, scope: Scope, id: &str, now_ms: u64) -> String {
        let step_ms = scope.step_ms();
        let expires_s = ((now_ms / step_ms + 1) * step_ms + scope.life_ms()) / 1000;
        let Some((name, key)) = self.0.first() else { return String::new() };
        let mut query = format!("e={expires_s}&k={name}&s=");
        for byte in mac(key, scope, id, expires_s, name) {
            for nibble in [byte >> 4, byte & 15] {
                query.extend(char::from_digit(nibble.into(), 16));
            }
        }
        query
    }

    /// How many milliseconds this query is still good for.
    pub fn verify(&self, scope: Scope, id: &str, query: &str, now_ms: u64) -> Result<u64, Refused> {
        let signed = Signed::parse(query).ok_or(Refused::Unsigned)?;
        let known = self.0.iter().find(|(name, _)| name == signed.key);
        let (name, key) = known.ok_or(Refused::Unsigned)?;
        let right = mac(key, scope, id, signed.expires_s, name);
        if !bool::from(right.ct_eq(&signed.signature)) {
            return Err(Refused::Unsigned);
        }
        let left_ms = signed.expires_s.saturating_mul(1000).saturating_sub(now_ms);
        if left_ms == 0 { Err(Refused::Expired) } else { Ok(left_ms) }
    }
}

/// What a query says.
struct Signed<'a> {
    expires_s: u64,
    key: &'a str,
    signature: [u8; KEY_BYTES],
}

impl<'a> Signed<'a> {
    /// Each of the three exactly once; others, which proxies append, are no concern of ours.
    fn parse(query: &'a str) -> Option<Self> {
        let only = |name: &str| {
            let mut values = query
                .split('&')
                .filter_map(|part| part.split_once('='))
                .filter_map(|(known, value)| (known == name).then_some(value));
            values.next().filter(|_| values.next().is_none())
        };
        let expires_s = only("e")?;
        let digits_only = expires_s.bytes().all(|byte| byte.is_ascii_digit());
        let expires_s = Some(expires_s).filter(|_| digits_only)?.parse().ok()?;
        Some(Self { expires_s, key: only("k")?, signature: hex(only("s")?)? })
    }
}

/// What is signed has its parts on lines of their own, and no part has a line break in it.
fn mac(
    key: &[u8; KEY_BYTES],
    scope: Scope,
    id: &str,
    expires_s: u64,
    name: &str,
) -> [u8; KEY_BYTES] {
    // A key shorter than a block of the hash is filled up with zeros (RFC 2104 §2).
    let mut block = [0; 64];
    block[..KEY_BYTES].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(format!("firstframe 1\n{}\n{id}\n{expires_s}\n{name}", scope.name()).as_bytes());
    mac.finalize().into_bytes().into()
}

fn hex(digits: &str) -> Option<[u8; KEY_BYTES]> {
    let mut bytes = [0; KEY_BYTES];
    if digits.len() != 2 * KEY_BYTES {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        let digit = |at: usize| char::from(*pair.get(at)?).to_digit(16);
        *byte = u8::try_from(digit(0)? * 16 + digit(1)?).ok()?;
    }
    Some(bytes)
}
