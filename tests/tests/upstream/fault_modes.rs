//! Random ranges while a provider fails in every fault mode.
//!
//! `FIRSTFRAME_READS` is the number of ranges in each mode; a thousand of each take minutes.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use tests::{
    bytes::Dice,
    upstream::{FILM_BYTES, FaultMode},
};

use crate::fixture::UpstreamFixture;

/// Reads at once. Those that wait for a slow provider wait together.
const READERS: u64 = 64;

/// What is read in a fault mode.
struct Case {
    mode: FaultMode,
    /// The longest range.
    bytes_max: u64,
    /// How many of a hundred ranges must come whole. Slow providers send the ranges in the middle of
    /// the film at their own pace.
    whole_min_percent: u64,
}

const fn case(mode: FaultMode, bytes_max: u64, whole_min_percent: u64) -> Case {
    Case { mode, bytes_max, whole_min_percent }
}

const CASES: [Case; 17] = [
    case(FaultMode::Healthy, 20_000, 100),
    case(FaultMode::IgnoresRange, 20_000, 100),
    case(FaultMode::WrongRange, 20_000, 0),
    case(FaultMode::TruncatedBody, 20_000, 0),
    case(FaultMode::OverlongBody, 20_000, 50),
    case(FaultMode::ClosesMidway, 20_000, 10),
    case(FaultMode::ResetsMidway, 20_000, 10),
    case(FaultMode::ExpiresMidway, 20_000, 0),
    case(FaultMode::NoContentLength, 20_000, 50),
    case(FaultMode::ContentEncoding, 20_000, 0),
    case(FaultMode::TooManyRequests, 20_000, 1),
    case(FaultMode::Forbidden, 20_000, 0),
    case(FaultMode::RedirectsInward, 20_000, 0),
    case(FaultMode::ChangedFile, 20_000, 0),
    case(FaultMode::Trickles, 10, 0),
    case(FaultMode::StallsMidway, 20_000, 0),
    case(FaultMode::NeverResponds, 20_000, 0),
];

#[test]
fn no_byte_is_wrong_and_no_read_hangs_in_any_fault_mode() {
    let reads = std::env::var("FIRSTFRAME_READS").map_or(64, |n| n.parse().expect("a number"));
    let fixture = UpstreamFixture::new(&[]);
    for Case { mode, bytes_max, whole_min_percent } in CASES {
        fixture.upstream.set_fault_mode(FaultMode::Healthy);
        // The circuit breaker lets no request through for a while after the mode before.
        while fixture.read(4_000_000, 4_000_001).is_none() {
            thread::sleep(Duration::from_millis(500));
        }
        fixture.upstream.set_fault_mode(mode);
        let whole = read_randomly(&fixture, mode, bytes_max, reads);
        println!("{mode:?}: {whole} of {reads} came whole");
        assert!(whole * 100 >= whole_min_percent * reads, "{mode:?}: {whole} of {reads}");
    }
    let forbidden = fixture.upstream.forbidden_connections();
    assert_eq!(forbidden, 0, "the edge followed a redirect inward");
}

/// How many of the ranges come whole.
fn read_randomly(fixture: &UpstreamFixture, mode: FaultMode, bytes_max: u64, reads: u64) -> u64 {
    let (next, whole) = (AtomicU64::new(0), AtomicUsize::new(0));
    let read_until_done = || {
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= reads {
                break;
            }
            if n % 50 == 20 {
                fixture.purge();
            }
            let mut dice = Dice::new((mode as u64) << 32 | n);
            let start = dice.below(FILM_BYTES);
            let end = (start + 1 + dice.below(bytes_max)).min(FILM_BYTES);
            whole.fetch_add(usize::from(fixture.read_all(start, end)), Ordering::Relaxed);
        }
    };
    thread::scope(|scope| {
        for _ in 0..READERS {
            scope.spawn(read_until_done);
        }
    });
    whole.into_inner() as u64
}
