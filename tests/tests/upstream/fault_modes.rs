//! Random ranges while a provider does what it likes.
//!
//! `FIRSTFRAME_READS` says how many in each mode; a thousand of each take minutes.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use tests::{
    bytes::Dice,
    upstream::{FaultMode, SIZE},
};

use crate::fixture::UpstreamFixture;

/// Reads at once: what waits for a provider that is slow waits together.
const READERS: u64 = 64;
/// Each mode, how long its ranges are at most, and how many of a hundred reads have to come whole.
/// Of the slow ones, those in the middle of the film come at the provider's own pace.
const FAULT_MODES: [(FaultMode, u64, u64); 17] = [
    (FaultMode::Good, 20_000, 100),
    (FaultMode::Whole, 20_000, 100),
    (FaultMode::Beside, 20_000, 0),
    (FaultMode::Short, 20_000, 0),
    (FaultMode::Long, 20_000, 50),
    (FaultMode::Cut, 20_000, 10),
    (FaultMode::Reset, 20_000, 10),
    (FaultMode::Spent, 20_000, 0),
    (FaultMode::Endless, 20_000, 50),
    (FaultMode::Coded, 20_000, 0),
    (FaultMode::Busy, 20_000, 1),
    (FaultMode::Refused, 20_000, 0),
    (FaultMode::Inward, 20_000, 0),
    (FaultMode::Changed, 20_000, 0),
    (FaultMode::Slow, 10, 0),
    (FaultMode::Stalled, 20_000, 0),
    (FaultMode::Silent, 20_000, 0),
];

#[test]
fn whatever_a_provider_does_no_byte_is_wrong_and_nothing_hangs() {
    let reads = std::env::var("FIRSTFRAME_READS").map_or(64, |n| n.parse().expect("a number"));
    let fixture = UpstreamFixture::new(&[]);
    for (mode, longest, least) in FAULT_MODES {
        fixture.upstream.set(FaultMode::Good);
        // A provider that was left alone is asked again.
        while fixture.read(4_000_000, 4_000_001).is_none() {
            thread::sleep(Duration::from_millis(500));
        }
        fixture.upstream.set(mode);
        let (next, complete) = (AtomicU64::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..READERS {
                scope.spawn(|| {
                    loop {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        if n >= reads {
                            break;
                        }
                        if n % 50 == 20 {
                            fixture.purge();
                        }
                        let mut dice = Dice::new((mode as u64) << 32 | n);
                        let start = dice.below(SIZE);
                        let end = (start + 1 + dice.below(longest)).min(SIZE);
                        complete.fetch_add(
                            usize::from(fixture.read_all(start, end)),
                            Ordering::Relaxed,
                        );
                    }
                });
            }
        });
        let complete = complete.into_inner() as u64;
        println!("{mode:?}: {complete} of {reads} came whole");
        assert!(complete * 100 >= least * reads, "{mode:?}: {complete} of {reads}");
    }
    assert_eq!(fixture.upstream.trespassers(), 0, "somebody followed a redirect inward");
}
