//! Conditional requests as RFC 9110 §13 has them.

use edge::{
    http::{Headers, ObjectMeta},
    rules::{
        conditions::{
            Precondition::{self, Failed, NotModified, Proceed},
            evaluate, range_applies,
        },
        date,
    },
};

/// Sun, 06 Nov 1994 08:49:37 GMT, the RFC's own example, and some milliseconds.
const MODIFIED_MS: u64 = 784_111_777_250;
const SAME: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const EARLIER: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
const LATER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

fn meta() -> ObjectMeta {
    ObjectMeta {
        size_bytes: 10,
        etag: "\"a\"".to_owned(),
        modified_ms: MODIFIED_MS,
        fields: Vec::new(),
    }
}

fn check(cases: &[(&[(&str, &str)], Precondition)]) {
    for (headers, outcome) in cases {
        assert_eq!(evaluate(&Headers::of(headers), &meta()), *outcome, "{headers:?}");
    }
}

#[test]
fn if_none_match_compares_weakly_as_13_1_2_says() {
    check(&[
        (&[], Proceed),
        (&[("if-none-match", "\"a\"")], NotModified),
        (&[("if-none-match", "W/\"a\"")], NotModified),
        (&[("if-none-match", "*")], NotModified),
        (&[("if-none-match", "\"b\", W/\"c\",\"a\"")], NotModified),
        (&[("if-none-match", "\"b\"")], Proceed),
        (&[("if-none-match", "\"A\"")], Proceed),
        (&[("if-none-match", "a")], Proceed),
        (&[("if-none-match", "\"a")], Proceed),
        (&[("if-none-match", "\"\"")], Proceed),
        (&[("if-none-match", "")], Proceed),
        // A comma belongs to an opaque tag.
        (&[("if-none-match", "\"x,\"a\"\"")], Proceed),
    ]);
}

#[test]
fn if_match_compares_strongly_as_13_1_1_says() {
    check(&[
        (&[("if-match", "\"a\"")], Proceed),
        (&[("if-match", "*")], Proceed),
        (&[("if-match", "\"b\", \"a\"")], Proceed),
        (&[("if-match", "\"b\"")], Failed),
        (&[("if-match", "W/\"a\"")], Failed),
    ]);
}

#[test]
fn dates_compare_by_seconds_and_invalid_ones_are_ignored_as_13_1_3_and_13_1_4_say() {
    check(&[
        (&[("if-modified-since", SAME)], NotModified),
        (&[("if-modified-since", LATER)], NotModified),
        (&[("if-modified-since", EARLIER)], Proceed),
        (&[("if-modified-since", "yesterday")], Proceed),
        // §5.6.7: the two obsolete forms are read as well.
        (&[("if-modified-since", "Sunday, 06-Nov-94 08:49:37 GMT")], NotModified),
        (&[("if-modified-since", "Sun Nov  6 08:49:37 1994")], NotModified),
        (&[("if-unmodified-since", SAME)], Proceed),
        (&[("if-unmodified-since", LATER)], Proceed),
        (&[("if-unmodified-since", EARLIER)], Failed),
        (&[("if-unmodified-since", "yesterday")], Proceed),
    ]);
}

#[test]
fn conditions_come_in_the_order_of_13_2_2() {
    check(&[
        // A tag that is given makes the date of its kind irrelevant.
        (&[("if-match", "\"a\""), ("if-unmodified-since", EARLIER)], Proceed),
        (&[("if-none-match", "\"b\""), ("if-modified-since", SAME)], Proceed),
        // First what must hold, then what saves a transfer.
        (&[("if-match", "\"b\""), ("if-none-match", "\"a\"")], Failed),
        (&[("if-unmodified-since", EARLIER), ("if-none-match", "\"a\"")], Failed),
        (&[("if-match", "\"a\""), ("if-none-match", "\"a\"")], NotModified),
    ]);
}

#[test]
fn if_range_holds_for_exactly_this_state_as_13_1_5_says() {
    for (header, counts) in [
        (None, true),
        (Some("\"a\""), true),
        (Some(" \"a\" "), true),
        (Some("\"b\""), false),
        (Some("W/\"a\""), false),
        (Some("*"), false),
        (Some(SAME), true),
        (Some(EARLIER), false),
        // Not "at or after": a date that is no exact match is another state.
        (Some(LATER), false),
        (Some("nonsense"), false),
        (Some(""), false),
    ] {
        let headers: Vec<_> = header.iter().map(|value| ("if-range", *value)).collect();
        assert_eq!(range_applies(&Headers::of(&headers), &meta()), counts, "{header:?}");
    }
}

#[test]
fn dates_are_written_as_5_6_7_says() {
    assert_eq!(date::write(MODIFIED_MS), SAME);
    assert_eq!(date::write(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_eq!(date::write(u64::MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
    assert_eq!(date::parse(SAME), Some(MODIFIED_MS / 1000));
}
