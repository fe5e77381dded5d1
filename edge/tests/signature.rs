//! Signed URLs: what is good, for how long, and what is not.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use edge::{
    memory::{Memory, send},
    rules::signature::{Keys, Refused, Scope},
};

const HOUR_MS: u64 = 3_600_000;
const OLD: &str = "2025:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const NEW: &str = "2026:ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn keys(setting: &str) -> Keys {
    Keys::parse(setting).unwrap()
}

#[test]
fn the_signature_is_hmac_sha_256_as_rfc_2104_has_it() {
    // openssl: printf 'firstframe 1\nmedia\n00ff\n25200\n2025' | openssl dgst -sha256 -mac HMAC
    //          -macopt hexkey:000102…1f
    let query = keys(OLD).sign(Scope::Media, "00ff", 0);
    assert_eq!(
        query,
        "e=25200&k=2025&s=17e1a2f35987d4b35b3b8b3b13123f99c579983371ad2687ca8e71194998e0f8"
    );
}

#[test]
fn a_url_is_good_for_six_hours_at_least_and_seven_at_most() {
    let keys = keys(OLD);
    for now_ms in [0, 1, HOUR_MS - 1, HOUR_MS, 1_700_000_123_456] {
        let query = keys.sign(Scope::Media, "00ff", now_ms);
        let left_ms = keys.verify(Scope::Media, "00ff", &query, now_ms).unwrap();
        assert!((6 * HOUR_MS..=7 * HOUR_MS).contains(&left_ms), "{left_ms}");
        let end_ms = now_ms + left_ms;
        assert_eq!(keys.verify(Scope::Media, "00ff", &query, end_ms - 1), Ok(1));
        assert_eq!(keys.verify(Scope::Media, "00ff", &query, end_ms), Err(Refused::Expired));
    }
}

#[test]
fn urls_of_one_hour_are_the_same() {
    let keys = keys(OLD);
    let sign = |now_ms| keys.sign(Scope::Media, "00ff", now_ms);
    assert_eq!(sign(0), sign(HOUR_MS - 1));
    assert_ne!(sign(0), sign(HOUR_MS));
}

#[test]
fn two_keys_live_side_by_side_and_the_first_signs() {
    let old = keys(OLD).sign(Scope::Media, "00ff", 0);
    let both = keys(&format!("{NEW},{OLD}"));
    assert!(both.sign(Scope::Media, "00ff", 0).contains("&k=2026&"));
    assert!(both.verify(Scope::Media, "00ff", &old, 0).is_ok());
    let gone = keys(NEW).verify(Scope::Media, "00ff", &old, 0);
    assert_eq!(gone, Err(Refused::Unsigned));
}

#[test]
fn every_part_of_a_url_is_signed() {
    let keys = keys(&format!("{OLD},{NEW}"));
    let query = keys.sign(Scope::Media, "00ff", 0);
    let verify = |scope, id: &str, query: &str| keys.verify(scope, id, query, 0);
    assert!(verify(Scope::Media, "00ff", &query).is_ok());
    assert_eq!(verify(Scope::Image, "00ff", &query), Err(Refused::Unsigned));
    assert_eq!(verify(Scope::Media, "00fe", &query), Err(Refused::Unsigned));
    let mut last = query.clone();
    let flipped = if last.pop() == Some('0') { '1' } else { '0' };
    for changed in [
        String::new(),
        query.replace("e=25200", "e=25201"),
        query.replace("e=25200", "e=+25200"),
        query.replace("e=25200", "e=99999999999999999999"),
        query.replace("e=25200&", ""),
        query.replace("k=2025", "k=2026"),
        query.replace("k=2025", "k=2027"),
        query.replace("k=2025&", ""),
        query.replace("&s=", "&s=00"),
        format!("{query}&e=25200"),
        format!("{last}{flipped}"),
        last,
    ] {
        assert_eq!(verify(Scope::Media, "00ff", &changed), Err(Refused::Unsigned), "{changed}");
    }
    assert!(verify(Scope::Media, "00ff", &format!("utm=1&{query}&x")).is_ok());
}

#[test]
fn invalid_media_keys_are_refused_and_not_shown() {
    let many = [OLD; 5].join(",");
    for setting in ["", ",", "2025", "2025:00", &OLD[1..OLD.len() - 1], "A B:00", &many] {
        let why = Keys::parse(setting).err().unwrap();
        assert!(why.contains("media_keys") && !why.contains("0102"), "{why}");
    }
}

/// A film of three bytes, and keys.
fn memory() -> Memory {
    let memory = Memory::default();
    memory.objects.put("media/00ff", b"abc", 0);
    memory.settings.0.borrow_mut().insert("media_keys".to_owned(), OLD.to_owned());
    memory
}

#[test]
fn signed_url_is_valid_until_it_expires_and_no_cache_stores_it_longer() {
    let memory = memory();
    let url = format!("/api/v2/media/00ff?{}", keys(OLD).sign(Scope::Media, "00ff", 0));
    memory.clock.0.set(HOUR_MS);
    let answer = send(&memory, "GET", &url, &[], Some(b""));
    assert_eq!((answer.status, answer.body.as_slice()), (200, &b"abc"[..]));
    assert_eq!(answer.header("cache-control"), "public, max-age=21600, immutable");
    memory.clock.0.set(7 * HOUR_MS);
    for method in ["GET", "HEAD"] {
        let answer = send(&memory, method, &url, &[], Some(b""));
        assert_eq!(answer.status, 403);
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let body = send(&memory, "GET", &url, &[], Some(b"")).body;
    assert!(String::from_utf8(body).unwrap().contains("signature_required"));
}

#[test]
fn a_wrong_signature_is_refused_even_where_none_is_needed() {
    let memory = memory();
    let other = format!("/api/v2/media/00ff?{}", keys(NEW).sign(Scope::Media, "00ff", 0));
    assert_eq!(send(&memory, "GET", &other, &[], Some(b"")).status, 403);
    assert_eq!(send(&memory, "GET", "/api/v2/media/00ff?s=", &[], Some(b"")).status, 403);
    assert_eq!(send(&memory, "GET", "/api/v2/media/00ff?v=1", &[], Some(b"")).status, 200);
    memory.settings.0.borrow_mut().clear();
    assert_eq!(send(&memory, "GET", &other, &[], Some(b"")).status, 403, "nobody can check it");
}

#[test]
fn own_picture_needs_no_signature_but_a_given_one_is_checked() {
    let memory = memory();
    memory.objects.put("image/00ff", b"\xff\xd8\xff\xe0", 0);
    let get = |query: &str| {
        send(&memory, "GET", &format!("/api/v2/image/00ff{query}"), &[], Some(b"")).status
    };
    assert_eq!(get(""), 200);
    assert_eq!(get(&format!("?{}", keys(OLD).sign(Scope::Image, "00ff", 0))), 200);
    assert_eq!(get(&format!("?{}", keys(OLD).sign(Scope::Media, "00ff", 0))), 403);
}

#[test]
fn unsigned_urls_are_refused_where_the_setting_says_so() {
    let memory = memory();
    assert_eq!(send(&memory, "GET", "/api/v2/media/00ff", &[], Some(b"")).status, 200);
    memory.settings.0.borrow_mut().insert("media_access".to_owned(), "signed".to_owned());
    assert_eq!(send(&memory, "GET", "/api/v2/media/00ff", &[], Some(b"")).status, 403);
    let url = format!("/api/v2/media/00ff?{}", keys(OLD).sign(Scope::Media, "00ff", 0));
    assert_eq!(send(&memory, "GET", &url, &[], Some(b"")).status, 200);
}
