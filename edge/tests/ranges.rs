//! `Range` as RFC 9110 §14 has it, and the policy where it leaves a choice.

use edge::{
    http::ReadRange,
    rules::range::{RANGE_COUNT_MAX, RangeChoice, RequestedRanges, choose, parse},
};

const fn closed(first: u64, last: u64) -> ReadRange {
    ReadRange::Closed { first, last }
}

const fn from(first: u64) -> ReadRange {
    ReadRange::From { first }
}

const fn suffix(length: u64) -> ReadRange {
    ReadRange::Suffix { length }
}

#[test]
fn one_range_is_read_as_14_1_2_says() {
    for (header, range) in [
        ("bytes=0-0", closed(0, 0)),
        ("bytes=0-499", closed(0, 499)),
        ("bytes=500-999", closed(500, 999)),
        ("bytes=9500-", from(9500)),
        ("bytes=-500", suffix(500)),
        ("bytes=-0", suffix(0)),
        ("bytes=007-010", closed(7, 10)),
        // §14.1: range units are case-insensitive.
        ("BYTES=0-1", closed(0, 1)),
        ("Bytes=-1", suffix(1)),
        // §5.6.1.2: optional whitespace and empty elements around list elements.
        ("bytes= 0-1", closed(0, 1)),
        ("bytes=0-1 ", closed(0, 1)),
        ("bytes=,\t0-1 ,,", closed(0, 1)),
        // §14.1.2: "A recipient ... MUST anticipate potentially large decimal numerals".
        ("bytes=0-18446744073709551615", closed(0, u64::MAX)),
        ("bytes=0-18446744073709551616", closed(0, u64::MAX)),
        ("bytes=5-99999999999999999999999999999999", closed(5, u64::MAX)),
        ("bytes=99999999999999999999999999999999-", from(u64::MAX)),
        ("bytes=-99999999999999999999999999999999", suffix(u64::MAX)),
    ] {
        assert_eq!(parse(header), Some(RequestedRanges::One(range)), "{header}");
    }
}

#[test]
fn invalid_range_set_is_ignored_as_14_2_allows() {
    for header in [
        "",
        "bytes",
        "bytes=",
        "bytes=,",
        "bytes=-",
        "bytes=a-b",
        "bytes=9-5",
        "bytes=1",
        "bytes=--1",
        "bytes=1-2-3",
        "bytes=+1-2",
        "bytes=1 -2",
        "bytes=0x0-1",
        "bytes=0-1;2-3",
        "bytes=0-1,x",
        "bytes =0-1",
        "bytes:0-1",
        "0-1",
        "bytes=٠-١",
        // Joined by a proxy from two headers.
        "bytes=0-1, bytes=2-3",
    ] {
        assert_eq!(parse(header), None, "{header}");
    }
}

#[test]
fn an_unknown_unit_is_ignored_as_14_2_demands() {
    for header in ["items=0-1", "seconds=1-2", "byte=0-1", "bytesx=0-1", "none=0-1"] {
        assert_eq!(parse(header), None, "{header}");
    }
}

#[test]
fn only_satisfiable_range_of_several_is_sent() {
    for (header, size_bytes, chosen) in [
        ("bytes=0-1,5-6", 10, RangeChoice::Whole),
        ("bytes=0-1,10-", 10, RangeChoice::One(closed(0, 1))),
        ("bytes=10-20,-3", 10, RangeChoice::One(suffix(3))),
        ("bytes=-0,4-", 10, RangeChoice::One(from(4))),
        ("bytes=10-,20-30", 10, RangeChoice::Unsatisfiable),
        // Overlapping: an attack, or a client that wants it all (§17.15).
        ("bytes=0-,0-,0-,0-,0-", 10, RangeChoice::Whole),
        ("bytes=0-1,2-3", 0, RangeChoice::Unsatisfiable),
    ] {
        let Some(RequestedRanges::Several(ranges)) = parse(header) else { panic!("{header}") };
        assert_eq!(choose(&ranges, size_bytes), chosen, "{header} of {size_bytes}");
    }
}

#[test]
fn too_many_ranges_are_ignored_as_17_15_advises() {
    let header = |count: usize| format!("bytes={}", vec!["0-0"; count].join(","));
    assert!(parse(&header(RANGE_COUNT_MAX)).is_some());
    assert_eq!(parse(&header(RANGE_COUNT_MAX + 1)), None);
}
