//! Ranges and conditions of RFC 9110, §13 and §14, on a film.

use tests::{
    bytes::{Dice, content},
    fixture::{CLIP_BYTES, CLIP_SEED, EMPTY},
    http::{Request, Response},
};

use crate::{Subject, shared::Checks};

fn ask(subject: &Subject, headers: &[(&str, &str)]) -> Response {
    let get = Request::get(&*subject.clip);
    subject.send(&headers.iter().fold(get, |request, (name, value)| request.header(name, *value)))
}

fn etag(subject: &Subject) -> String {
    subject.send(&Request::head(&*subject.clip)).header("etag").expect("a film has an ETag")
}

/// Checks that the answer is all of the clip.
fn whole(checks: &mut Checks, what: &str, response: &Response) {
    checks.equal(what, response.status, 200);
    checks.header(what, response, "content-length", "1000");
    checks.header(what, response, "accept-ranges", "bytes");
    checks.equal(&format!("{what}: content-range"), response.header("content-range"), None);
    checks.that(response.body == content(CLIP_SEED, 0, CLIP_BYTES), || format!("{what}: bytes"));
}

/// Checks that the answer is these bytes of the clip, both ends included.
fn part(checks: &mut Checks, what: &str, response: &Response, first: usize, last: usize) {
    checks.equal(what, response.status, 206);
    let length = last + 1 - first;
    checks.header(what, response, "content-length", &length.to_string());
    checks.header(what, response, "content-range", &format!("bytes {first}-{last}/1000"));
    checks.header(what, response, "content-type", "video/mp4");
    let right = content(CLIP_SEED, first as u64, length);
    checks.that(response.body == right, || format!("{what}: other bytes"));
}

pub(crate) fn whole_film_is_sent_without_a_range(subject: &Subject) {
    let mut checks = Checks::default();
    let response = ask(subject, &[]);
    whole(&mut checks, "no range", &response);
    checks.header("no range", &response, "content-type", "video/mp4");
    let cache = response.header("cache-control").unwrap_or_default();
    checks.that(!cache.is_empty(), || "media has no Cache-Control".to_owned());
    let range = ask(subject, &[("Range", "bytes=0-9")]);
    for (what, response) in [("no range", response), ("a range", range)] {
        let cache_tag = subject.upstream.as_ref().map(|_| "films".to_owned());
        checks.equal(
            &format!("{what}: a field that the provider's record keeps"),
            response.header("cache-tag"),
            cache_tag,
        );
        checks.equal(
            &format!("{what}: a field that it does not keep"),
            response.header("x-its-own"),
            None,
        );
    }
    checks.done();
}

pub(crate) fn single_ranges_are_sent_as_requested(subject: &Subject) {
    let mut checks = Checks::default();
    for (range, first, last) in [
        ("bytes=0-99", 0, 99),
        ("bytes=0-0", 0, 0),
        ("bytes=999-999", 999, 999),
        ("bytes=500-", 500, 999),
        ("bytes=0-", 0, 999),
        ("bytes=0-999", 0, 999),
        ("bytes=-10", 990, 999),
        ("bytes=-1000", 0, 999),
        ("bytes=-5000", 0, 999),
        ("bytes=990-2000", 990, 999),
        ("bytes=10-18446744073709551615", 10, 999),
        ("bytes=10-99999999999999999999999999", 10, 999),
        ("bytes=-99999999999999999999999999", 0, 999),
        ("bytes=000000000000000000000000010-0000000000000000000000000020", 10, 20),
        ("BYTES=0-99", 0, 99),
        ("Bytes=5-9", 5, 9),
        ("bytes= 5-9 ,", 5, 9),
        // The only satisfiable one of several.
        ("bytes=5-9,5000-", 5, 9),
    ] {
        part(&mut checks, range, &ask(subject, &[("Range", range)]), first, last);
    }
    checks.done();
}

pub(crate) fn unsatisfiable_ranges_are_416(subject: &Subject) {
    let mut checks = Checks::default();
    for range in [
        "bytes=1000-",
        "bytes=1000-1001",
        "bytes=-0",
        "bytes=2000-,3000-",
        "bytes=18446744073709551616-",
        "bytes=99999999999999999999999999-99999999999999999999999999",
    ] {
        let response = ask(subject, &[("Range", range)]);
        checks.equal(range, response.status, 416);
        checks.header(range, &response, "content-range", "bytes */1000");
    }
    checks.done();
}

pub(crate) fn invalid_ranges_are_ignored(subject: &Subject) {
    let mut checks = Checks::default();
    for range in [
        "bytes=9-5",
        "bytes=abc",
        "bytes=",
        "bytes",
        "bytes=-",
        "bytes=--5",
        "bytes=5",
        "bytes=+1-5",
        "bytes=1-5x",
        "bytes=0x1-0x5",
        "bytes=1.0-5",
        "items=0-5",
        "=0-5",
        "0-5",
        // Several ranges: RFC 9110 §14.2 lets a server ignore them, and no player requests them.
        "bytes=0-1,5-6",
        "bytes=0-,0-,0-,0-,0-",
    ] {
        whole(&mut checks, range, &ask(subject, &[("Range", range)]));
    }
    checks.done();
}

pub(crate) fn head_has_the_headers_of_get(subject: &Subject) {
    let mut checks = Checks::default();
    let get = ask(subject, &[]);
    let head = subject.send(&Request::head(&*subject.clip));
    // RFC 9110 §14.2 defines Range for GET only.
    let with_range = subject.send(&Request::head(&*subject.clip).header("Range", "bytes=0-99"));
    for (what, response) in [("HEAD", &head), ("HEAD with Range", &with_range)] {
        checks.equal(what, response.status, 200);
        for name in [
            "content-length",
            "content-type",
            "etag",
            "accept-ranges",
            "cache-control",
            "cache-tag",
        ] {
            // The age of a signed URL falls by a second in every second.
            let is_age = |c: char| name == "cache-control" && c.is_ascii_digit();
            let value = |of: &Response| of.header(name).map(|value| value.replace(is_age, ""));
            checks.equal(&format!("{what}: {name}"), value(response), value(&get));
        }
    }
    let absent = Request::head("/api/v2/media/00000000000000000000000000000000");
    checks.equal("HEAD of nothing", subject.send(&absent).status, 404);
    checks.done();
}

pub(crate) fn if_range_compares_strongly(subject: &Subject) {
    let mut checks = Checks::default();
    let etag = etag(subject);
    let range = ("Range", "bytes=0-99");
    let same = ask(subject, &[range, ("If-Range", &etag)]);
    part(&mut checks, "If-Range with the ETag", &same, 0, 99);
    let weak = format!("W/{etag}");
    for validator in ["\"another\"", &weak, "Thu, 01 Jan 1970 00:00:00 GMT", "nonsense"] {
        let what = format!("If-Range {validator}");
        whole(&mut checks, &what, &ask(subject, &[range, ("If-Range", validator)]));
    }
    let modified = ask(subject, &[]).header("last-modified").expect("a film has a date");
    let dated = ask(subject, &[range, ("If-Range", &modified)]);
    part(&mut checks, "If-Range with the very date", &dated, 0, 99);
    let past = ask(subject, &[("Range", "bytes=1000-"), ("If-Range", "\"another\"")]);
    whole(&mut checks, "If-Range of another film, unsatisfiable", &past);
    checks.done();
}

pub(crate) fn conditions_are_evaluated_before_ranges(subject: &Subject) {
    let mut checks = Checks::default();
    let etag = etag(subject);
    let (weak, list) = (format!("W/{etag}"), format!("\"x\", {etag}, \"y\""));
    let range = ("Range", "bytes=0-99");
    for tag in [etag.as_str(), &weak, &list, "*"] {
        for headers in [vec![("If-None-Match", tag)], vec![range, ("If-None-Match", tag)]] {
            let what = format!("If-None-Match {tag}");
            let response = ask(subject, &headers);
            checks.equal(&what, response.status, 304);
            checks.header(&what, &response, "etag", &etag);
            checks.that(response.header("cache-control").is_some(), || {
                format!("{what}: a 304 without Cache-Control")
            });
        }
    }
    let other = ask(subject, &[range, ("If-None-Match", "\"another\"")]);
    part(&mut checks, "If-None-Match of another", &other, 0, 99);
    for tag in ["\"another\"", &weak] {
        let response = ask(subject, &[range, ("If-Match", tag)]);
        checks.equal(&format!("If-Match {tag}"), response.status, 412);
    }
    for tag in [etag.as_str(), &list, "*"] {
        let what = format!("If-Match {tag}");
        part(&mut checks, &what, &ask(subject, &[range, ("If-Match", tag)]), 0, 99);
    }
    checks.done();
}

pub(crate) fn dates_are_compared_where_there_are_no_etags(subject: &Subject) {
    const BEFORE: &str = "Thu, 01 Jan 1970 00:00:00 GMT";
    let mut checks = Checks::default();
    let modified = ask(subject, &[]).header("last-modified").expect("a film has a date");
    let not_since = ask(subject, &[("If-Modified-Since", &modified)]);
    checks.equal("If-Modified-Since its date", not_since.status, 304);
    whole(&mut checks, "since before", &ask(subject, &[("If-Modified-Since", BEFORE)]));
    let tagged = [("If-Modified-Since", modified.as_str()), ("If-None-Match", "\"another\"")];
    whole(&mut checks, "a tag comes before a date", &ask(subject, &tagged));
    let since = ask(subject, &[("If-Unmodified-Since", BEFORE)]);
    checks.equal("If-Unmodified-Since before", since.status, 412);
    let held = ask(subject, &[("Range", "bytes=0-9"), ("If-Unmodified-Since", &modified)]);
    part(&mut checks, "If-Unmodified-Since its date", &held, 0, 9);
    checks.done();
}

pub(crate) fn empty_film_is_sent_whole(subject: &Subject) {
    let mut checks = Checks::default();
    let target = format!("/api/v2/media/{EMPTY}");
    let whole = subject.get(&target);
    checks.equal("no range", whole.status, 200);
    checks.header("no range", &whole, "content-length", "0");
    for range in ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-0"] {
        let response = subject.send(&Request::get(&target).header("Range", range));
        // No Content-Range can name a byte of an empty film, so that 206 is not possible.
        let right = match response.status {
            200 => response.header("content-length").as_deref() == Some("0"),
            416 => response.header("content-range").as_deref() == Some("bytes */0"),
            _ => false,
        };
        checks.that(right, || format!("{range} of an empty film: {}", response.status));
        checks
            .that(response.status != 200 || response.body.is_empty(), || format!("{range}: body"));
    }
    checks.equal("HEAD", subject.send(&Request::head(&target)).status, 200);
    checks.done();
}

pub(crate) fn long_film_is_right_in_every_range(subject: &Subject) {
    let mut checks = Checks::default();
    let (target, bytes) = (&*subject.long.url, subject.long.bytes);
    let all = content(subject.long.seed, 0, bytes);
    checks.that(subject.get(target).body == all, || "the whole film: other bytes".to_owned());
    let mut dice = Dice::new(9);
    let mut connection = subject.deployment.origin.connect().expect("a connection");
    for _ in 0..40 {
        let first = usize::try_from(dice.below(bytes as u64)).expect("small");
        let most = (bytes - first).min(200_000) as u64;
        let last = first + usize::try_from(dice.below(most)).expect("small");
        let range = format!("bytes={first}-{last}");
        let request = Request::get(target).header("Range", &range);
        let response = request.send_on(&mut connection).expect("an answer");
        checks.equal(&range, response.status, 206);
        let said = format!("bytes {first}-{last}/{bytes}");
        checks.header(&range, &response, "content-range", &said);
        checks.that(all.get(first..=last) == Some(&response.body), || format!("{range}: bytes"));
    }
    checks.done();
}

pub(crate) fn etag_is_strong_and_stable(subject: &Subject) {
    let mut checks = Checks::default();
    let first = etag(subject);
    checks.that(first.starts_with('"') && first.ends_with('"'), || format!("ETag {first}"));
    checks.equal("the second time", etag(subject), first.clone());
    let partial = ask(subject, &[("Range", "bytes=0-9")]);
    checks.header("of a part", &partial, "etag", &first);
    let other = subject.send(&Request::head(&*subject.long.url)).header("etag");
    checks.that(other.as_deref() != Some(first.as_str()), || "two films, one ETag".to_owned());
    checks.done();
}
