//! Random ranges while a provider does what it likes.
//!
//! `FIRSTFRAME_READS` says how many in each mood; a thousand of each take minutes.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use tests::{
    bytes::Dice,
    upstream::{Mood, SIZE},
};

use crate::bed::Bed;

/// Reads at once: what waits for a provider that is slow waits together.
const READERS: u64 = 64;
/// Each mood, how long its ranges are at most, and how many of a hundred reads have to come whole.
/// Of the slow ones, those in the middle of the film come at the provider's own pace.
const MOODS: [(Mood, u64, u64); 17] = [
    (Mood::Good, 20_000, 100),
    (Mood::Whole, 20_000, 100),
    (Mood::Beside, 20_000, 0),
    (Mood::Short, 20_000, 0),
    (Mood::Long, 20_000, 50),
    (Mood::Cut, 20_000, 10),
    (Mood::Reset, 20_000, 10),
    (Mood::Spent, 20_000, 0),
    (Mood::Endless, 20_000, 50),
    (Mood::Coded, 20_000, 0),
    (Mood::Busy, 20_000, 1),
    (Mood::Refused, 20_000, 0),
    (Mood::Inward, 20_000, 0),
    (Mood::Changed, 20_000, 0),
    (Mood::Slow, 10, 0),
    (Mood::Stalled, 20_000, 0),
    (Mood::Silent, 20_000, 0),
];

#[test]
fn whatever_a_provider_does_no_byte_is_wrong_and_nothing_hangs() {
    let reads = std::env::var("FIRSTFRAME_READS").map_or(64, |n| n.parse().expect("a number"));
    let bed = Bed::new(&[]);
    for (mood, longest, least) in MOODS {
        bed.upstream.set(Mood::Good);
        // A provider that was left alone is asked again.
        while bed.read(4_000_000, 4_000_001).is_none() {
            thread::sleep(Duration::from_millis(500));
        }
        bed.upstream.set(mood);
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
                            bed.purge();
                        }
                        let mut dice = Dice::new((mood as u64) << 32 | n);
                        let start = dice.below(SIZE);
                        let end = (start + 1 + dice.below(longest)).min(SIZE);
                        complete
                            .fetch_add(usize::from(bed.read_all(start, end)), Ordering::Relaxed);
                    }
                });
            }
        });
        let complete = complete.into_inner() as u64;
        println!("{mood:?}: {complete} of {reads} came whole");
        assert!(complete * 100 >= least * reads, "{mood:?}: {complete} of {reads}");
    }
    assert_eq!(bed.upstream.trespassers(), 0, "somebody followed a redirect inward");
}
