//! Films that lie with a provider, through `firstframe serve`: every byte right or none, whatever
//! the provider does, and a start without it.
#![expect(clippy::expect_used, reason = "a case that cannot go on ends here, and says why")]

mod bed;
mod durable;
mod kill;
mod moods;
mod publish;
mod redirects;

use bed::Bed;
use tests::{
    bytes::content,
    http::Request,
    upstream::{LATE, Mood, SEED, SIZE},
};

#[test]
fn a_film_elsewhere_is_read_by_one_signed_url() {
    let bed = Bed::new(&[]);
    assert_eq!(bed.upstream.asked(), 3, "the first block, the rest of the head, the tail");
    for (start, end) in [(0, 1), (100, 1_000_000), (SIZE - 524_288, SIZE)] {
        assert_eq!(bed.read(start, end), Some(end));
    }
    assert_eq!(bed.upstream.asked(), 3, "that is kept");
    for (start, end) in [(3_000_000, 3_000_001), (2_500_000, 7_000_000)] {
        assert_eq!(bed.read(start, end), Some(end));
    }
    assert_eq!(bed.upstream.asked(), 5);
    let whole = bed.send(&Request::get(&*bed.url));
    let all = usize::try_from(SIZE).expect("a size");
    assert!(whole.status == 200 && whole.body == content(SEED, 0, all));
    let unsigned = bed.url.split('?').next().expect("a path");
    assert_eq!(bed.send(&Request::get(unsigned)).status, 403);
    assert!(!bed.url.contains("film") && bed.url.contains("&s="), "{}", bed.url);
}

#[test]
fn a_cold_title_starts_with_four_requests_at_most_and_a_warm_one_with_none() {
    for file in ["a film.mp4", LATE] {
        let bed = Bed::of(file, &[]);
        assert!(bed.upstream.asked() <= 4, "taking up {file}: {}", bed.upstream.asked());
        bed.purge();
        let before = bed.upstream.asked();
        // As a player does: head and tail at once, then what follows.
        std::thread::scope(|scope| {
            scope.spawn(|| assert_eq!(bed.read(0, 262_144), Some(262_144)));
            scope.spawn(|| assert_eq!(bed.read(SIZE - 524_288, SIZE), Some(SIZE)));
        });
        assert!(bed.read_all(262_144, 2_500_000));
        let asked = bed.upstream.asked() - before;
        assert!(asked <= 4, "a cold start of {file}: {asked} requests");
        bed.upstream.set(Mood::Silent);
        for (start, end) in [(0, 262_144), (SIZE - 524_288, SIZE), (262_144, 1_500_000)] {
            assert!(bed.read_all(start, end), "a warm start of {file} needs its provider");
        }
    }
}

#[test]
fn who_waits_for_a_provider_that_says_nothing_is_told_so() {
    let bed = Bed::new(&[]);
    bed.upstream.set(Mood::Silent);
    assert_eq!(bed.read(4_000_000, 4_000_010), None);
    assert_eq!(bed.read(0, 1000), Some(1000), "what is kept comes all the same");
}

#[test]
fn a_byte_now_and_then_is_no_block() {
    let bed = Bed::new(&[]);
    bed.purge();
    bed.upstream.set(Mood::Slow);
    assert_eq!(bed.read(0, 1000), None);
}

#[test]
fn a_film_starts_with_its_provider_down_and_after_a_restart() {
    let mut bed = Bed::new(&[]);
    bed.upstream.set(Mood::Refused);
    let asked = bed.upstream.asked();
    bed.restart(&[]);
    for (start, end) in [(0, 262_144), (SIZE - 524_288, SIZE), (262_144, 1_500_000)] {
        assert_eq!(bed.read(start, end), Some(end));
    }
    assert_eq!(bed.upstream.asked(), asked);
    assert_eq!(bed.read(5_000_000, 5_000_001), None);
}
