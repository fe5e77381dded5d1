//! Films that lie with a provider, through `firstframe serve`: every byte right or none, whatever
//! the provider does, and a start without it.
#![expect(clippy::expect_used, reason = "a case that cannot go on ends here, and says why")]

mod durable;
mod fault_modes;
mod fixture;
mod kill;
mod publish;
mod redirects;

use fixture::UpstreamFixture;
use tests::{
    bytes::content,
    http::Request,
    upstream::{FaultMode, LATE, SEED, SIZE},
};

#[test]
fn a_film_elsewhere_is_read_by_one_signed_url() {
    let fixture = UpstreamFixture::new(&[]);
    assert_eq!(fixture.upstream.asked(), 3, "the first block, the rest of the head, the tail");
    for (start, end) in [(0, 1), (100, 1_000_000), (SIZE - 524_288, SIZE)] {
        assert_eq!(fixture.read(start, end), Some(end));
    }
    assert_eq!(fixture.upstream.asked(), 3, "that is kept");
    for (start, end) in [(3_000_000, 3_000_001), (2_500_000, 7_000_000)] {
        assert_eq!(fixture.read(start, end), Some(end));
    }
    assert_eq!(fixture.upstream.asked(), 5);
    let whole = fixture.send(&Request::get(&*fixture.url));
    let all = usize::try_from(SIZE).expect("a size");
    assert!(whole.status == 200 && whole.body == content(SEED, 0, all));
    let unsigned = fixture.url.split('?').next().expect("a path");
    assert_eq!(fixture.send(&Request::get(unsigned)).status, 403);
    assert!(!fixture.url.contains("film") && fixture.url.contains("&s="), "{}", fixture.url);
}

#[test]
fn a_cold_title_starts_with_four_requests_at_most_and_a_warm_one_with_none() {
    for file in ["a film.mp4", LATE] {
        let fixture = UpstreamFixture::of(file, &[]);
        assert!(fixture.upstream.asked() <= 4, "taking up {file}: {}", fixture.upstream.asked());
        fixture.purge();
        let before = fixture.upstream.asked();
        // As a player does: head and tail at once, then what follows.
        std::thread::scope(|scope| {
            scope.spawn(|| assert_eq!(fixture.read(0, 262_144), Some(262_144)));
            scope.spawn(|| assert_eq!(fixture.read(SIZE - 524_288, SIZE), Some(SIZE)));
        });
        assert!(fixture.read_all(262_144, 2_500_000));
        let asked = fixture.upstream.asked() - before;
        assert!(asked <= 4, "a cold start of {file}: {asked} requests");
        fixture.upstream.set(FaultMode::Silent);
        for (start, end) in [(0, 262_144), (SIZE - 524_288, SIZE), (262_144, 1_500_000)] {
            assert!(fixture.read_all(start, end), "a warm start of {file} needs its provider");
        }
    }
}

#[test]
fn who_waits_for_a_provider_that_says_nothing_is_told_so() {
    let fixture = UpstreamFixture::new(&[]);
    fixture.upstream.set(FaultMode::Silent);
    assert_eq!(fixture.read(4_000_000, 4_000_010), None);
    assert_eq!(fixture.read(0, 1000), Some(1000), "what is kept comes all the same");
}

#[test]
fn a_byte_now_and_then_is_no_block() {
    let fixture = UpstreamFixture::new(&[]);
    fixture.purge();
    fixture.upstream.set(FaultMode::Slow);
    assert_eq!(fixture.read(0, 1000), None);
}

#[test]
fn a_film_starts_with_its_provider_down_and_after_a_restart() {
    let mut fixture = UpstreamFixture::new(&[]);
    fixture.upstream.set(FaultMode::Refused);
    let asked = fixture.upstream.asked();
    fixture.restart(&[]);
    for (start, end) in [(0, 262_144), (SIZE - 524_288, SIZE), (262_144, 1_500_000)] {
        assert_eq!(fixture.read(start, end), Some(end));
    }
    assert_eq!(fixture.upstream.asked(), asked);
    assert_eq!(fixture.read(5_000_000, 5_000_001), None);
}
