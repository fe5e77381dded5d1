//! Which responses of an upstream are accepted.

use edge::{
    http::{ByteRange, ResponseHead},
    rules::{
        identity::{Validators, is_upstream, source_id},
        upstream_response::{UpstreamFault, UpstreamResponse, check_response},
    },
};

const REQUESTED: ByteRange = ByteRange { start: 10, end: 20 };
const NOW_MS: u64 = 784_111_777_000;

fn head(status: u16, headers: &[(&str, &str)]) -> ResponseHead {
    ResponseHead::copy(status, &[], |name| {
        headers.iter().find(|(sent, _)| *sent == name).map(|(_, value)| (*value).to_owned())
    })
}

fn validators(etag: Option<&str>, modified: Option<&str>) -> Validators {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Validators { size_bytes: 100, etag: owned(etag), modified: owned(modified) }
}

/// A range of a file that is known by its tag.
fn part(headers: &[(&str, &str)]) -> Result<UpstreamResponse, UpstreamFault> {
    check_response(&head(206, headers), REQUESTED, Some(&validators(Some("\"a\""), None)), NOW_MS)
}

const RANGE: (&str, &str) = ("content-range", "bytes 10-19/100");
const TAG: (&str, &str) = ("etag", "\"a\"");

#[test]
fn response_with_another_range_is_refused_as_15_3_7_has_it() {
    let good = |has_length| {
        Ok(UpstreamResponse::Partial {
            sent: REQUESTED,
            validators: validators(Some("\"a\""), None),
            has_length,
        })
    };
    assert_eq!(part(&[RANGE, TAG, ("content-length", "10")]), good(true));
    assert_eq!(part(&[RANGE, TAG]), good(false));
    // §14.4: the unit is case-insensitive, the total may be unknown.
    assert_eq!(part(&[("content-range", "BYTES 10-19/*"), TAG]), good(false));
    // Not the grammar, and clear all the same.
    assert_eq!(part(&[("content-range", "bytes=10-19/100"), TAG]), good(false));
    for range in [
        "bytes 10-18/100",
        "bytes 10-20/100",
        "bytes 9-19/100",
        "bytes 0-99/100",
        "bytes */100",
        "bytes 19-10/100",
        "bytes 10-19",
        "bytes -10-19/100",
        "bytes 10-19/19",
        "bytes 10-18446744073709551615/*",
        "lines 10-19/100",
        "",
    ] {
        let checked = part(&[("content-range", range), TAG]);
        assert!(matches!(checked, Err(UpstreamFault::Invalid(_))), "{range}: {checked:?}");
    }
    assert!(matches!(part(&[TAG]), Err(UpstreamFault::Invalid(_))), "multipart, or nothing");
}

#[test]
fn content_length_that_disagrees_is_wrong_as_8_6_has_it() {
    for length in ["9", "11", "0", "", "-10", "+10", "10, 11", "10,", "1e1", "18446744073709551616"]
    {
        let checked = part(&[RANGE, TAG, ("content-length", length)]);
        assert!(matches!(checked, Err(UpstreamFault::Invalid(_))), "{length}: {checked:?}");
    }
    assert!(part(&[RANGE, TAG, ("content-length", "10, 10")]).is_ok(), "equal ones count as one");
}

#[test]
fn first_bytes_of_a_range_are_accepted_where_they_are_many() {
    let known = Validators { size_bytes: 10_000_000, etag: None, modified: None };
    let requested = ByteRange { start: 1000, end: 5_000_000 };
    for (last, good) in [(66_534, false), (66_535, true), (4_999_999, true), (5_000_000, false)] {
        let head = head(206, &[("content-range", &format!("bytes 1000-{last}/10000000"))]);
        let checked = check_response(&head, requested, Some(&known), NOW_MS);
        let sent = ByteRange { start: 1000, end: last + 1 };
        let is_sent =
            matches!(checked, Ok(UpstreamResponse::Partial { sent: part, .. }) if part == sent);
        assert_eq!(is_sent, good, "{last}: {checked:?}");
    }
}

#[test]
fn response_with_a_content_coding_is_refused_as_8_4_says() {
    for (coding, good) in [
        ("gzip", false),
        ("br", false),
        ("gzip, identity", false),
        ("aws-chunked, gzip", false),
        ("identity", true),
        ("", true),
        ("none", true),
        ("UTF-8", true),
        ("binary", true),
        ("aws-chunked", true),
        ("aws-chunked,identity", true),
    ] {
        let checked = part(&[RANGE, TAG, ("content-encoding", coding)]);
        assert_eq!(checked.is_ok(), good, "{coding}: {checked:?}");
        let whole = head(200, &[TAG, ("content-encoding", coding)]);
        let checked =
            check_response(&whole, REQUESTED, Some(&validators(Some("\"a\""), None)), NOW_MS);
        assert_eq!(checked.is_ok(), good, "{coding}: {checked:?}");
    }
}

#[test]
fn response_about_another_state_is_refused_as_15_3_7_3_demands() {
    let changed = Some(true);
    let wrong = Some(false);
    let (old, new) = ("Sun, 06 Nov 1994 08:49:37 GMT", "Mon, 07 Nov 1994 08:49:37 GMT");
    for (known, etag, modified, fault) in [
        (validators(Some("\"a\""), None), Some("\"a\""), None, None),
        (validators(Some("\"a\""), None), Some("\"b\""), None, changed),
        (validators(Some("\"a\""), None), Some("W/\"a\""), None, changed),
        (validators(Some("\"a\""), None), None, None, wrong),
        // §8.8.2.2: dates do not weaken a strong tag, and stand in for none and for a weak one.
        (validators(Some("\"a\""), Some(old)), Some("\"a\""), Some(new), None),
        (validators(Some("W/\"a\""), Some(old)), Some("W/\"a\""), Some(new), changed),
        (validators(Some("W/\"a\""), Some(old)), Some("W/\"a\""), Some(old), None),
        (validators(None, Some(old)), None, Some(old), None),
        (validators(None, Some(old)), None, Some(new), changed),
        (validators(None, Some(old)), None, None, wrong),
        (validators(None, Some(old)), Some("\"a\""), Some(old), changed),
        (validators(None, None), None, None, None),
        (validators(None, None), Some("\"a\""), None, changed),
    ] {
        for status in [200, 206] {
            let mut headers = vec![RANGE];
            headers.extend(etag.map(|etag| ("etag", etag)));
            headers.extend(modified.map(|modified| ("last-modified", modified)));
            let checked = check_response(&head(status, &headers), REQUESTED, Some(&known), NOW_MS);
            let is = match checked {
                Ok(_) => None,
                Err(UpstreamFault::Changed(_)) => changed,
                Err(_) => wrong,
            };
            assert_eq!(is, fault, "{known:?} and {headers:?}");
        }
    }
    let other_size = part(&[("content-range", "bytes 10-19/101"), TAG]);
    assert_eq!(other_size, Err(UpstreamFault::Changed("its size differs")));
}

#[test]
fn whole_file_is_accepted_where_its_length_is_right_as_14_2_allows() {
    let known = validators(Some("\"a\""), None);
    for (length, checked) in [
        (Some("100"), Ok(true)),
        (None, Ok(false)),
        (Some("99"), Err(UpstreamFault::Changed("its size differs"))),
        (Some("x"), Err(UpstreamFault::Invalid("Content-Length is not a number"))),
    ] {
        let mut headers = vec![TAG];
        headers.extend(length.map(|length| ("content-length", length)));
        let wanted = checked
            .map(|has_length| UpstreamResponse::Complete { validators: known.clone(), has_length });
        assert_eq!(check_response(&head(200, &headers), REQUESTED, Some(&known), NOW_MS), wanted);
    }
}

#[test]
fn response_about_an_unknown_file_must_give_its_size() {
    let first = ByteRange { start: 0, end: 1000 };
    let checked =
        |status, headers: &[(&str, &str)]| check_response(&head(status, headers), first, None, 0);
    let short = checked(206, &[("content-range", "bytes 0-99/100")]);
    let sent = ByteRange { start: 0, end: 100 };
    let known = validators(None, None);
    assert_eq!(
        short,
        Ok(UpstreamResponse::Partial { sent, validators: known.clone(), has_length: false })
    );
    let whole = checked(200, &[("content-length", "100")]);
    assert_eq!(whole, Ok(UpstreamResponse::Complete { validators: known, has_length: true }));
    let unsaid = checked(206, &[("content-range", "bytes 0-99/*")]);
    assert_eq!(unsaid, Err(UpstreamFault::UnknownSize));
    for (status, header) in [(200, TAG), (206, ("content-range", "bytes 0-9/100"))] {
        assert!(matches!(checked(status, &[header]), Err(UpstreamFault::Invalid(_))), "{header:?}");
    }
    assert_eq!(checked(416, &[]), Err(UpstreamFault::Failed(416)));
}

#[test]
fn status_decides_how_a_failure_is_handled() {
    for (status, headers, fault) in [
        (401, &[][..], UpstreamFault::Expired(401)),
        (403, &[], UpstreamFault::Expired(403)),
        (410, &[], UpstreamFault::Expired(410)),
        (404, &[], UpstreamFault::Missing),
        // §15.5.17
        (416, &[], UpstreamFault::Changed("416 for a range within the known file")),
        // §10.2.3, §15.6.4, RFC 6585 §4
        (429, &[("retry-after", "7")], UpstreamFault::Busy(Some(7_000))),
        (
            503,
            &[("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT")],
            UpstreamFault::Busy(Some(10_000)),
        ),
        (503, &[("retry-after", "Sun, 06 Nov 1994 08:49:27 GMT")], UpstreamFault::Busy(Some(0))),
        (503, &[("retry-after", "soon")], UpstreamFault::Busy(None)),
        (503, &[], UpstreamFault::Busy(None)),
        (500, &[], UpstreamFault::Failed(500)),
        (204, &[], UpstreamFault::Failed(204)),
        (304, &[], UpstreamFault::Failed(304)),
        (100, &[], UpstreamFault::Failed(100)),
    ] {
        let known = validators(Some("\"a\""), None);
        assert_eq!(
            check_response(&head(status, headers), REQUESTED, Some(&known), NOW_MS),
            Err(fault)
        );
    }
}

#[test]
fn source_id_depends_on_provider_validators_and_first_block() {
    let id = |provider: &str, validators: &Validators, block: &[u8]| {
        source_id(provider, validators, block)
    };
    let one = validators(Some("\"a\""), Some("b"));
    let known = id("p", &one, b"block");
    assert!(is_upstream(&known) && api::limits::is_id(&known) && known.len() == 35, "{known}");
    assert!(!is_upstream("0123456789abcdef0123456789abcdef"));
    for other in [
        id("q", &one, b"block"),
        id("p", &one, b"clock"),
        id("p", &Validators { size_bytes: 101, ..one.clone() }, b"block"),
        id("p", &validators(Some("\"a\""), None), b"block"),
        id("p", &validators(None, Some("b")), b"block"),
        id("p", &validators(Some("\"a\"b"), Some("")), b"block"),
    ] {
        assert_ne!(other, known);
    }
    assert_eq!(id("p", &one, b"block"), known);
}
