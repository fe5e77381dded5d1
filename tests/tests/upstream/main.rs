//! Films of a provider, through `firstframe serve`: every byte is right or absent, whatever the
//! provider does, and a film starts without its provider.
#![expect(clippy::expect_used, reason = "a case that cannot go on ends here, and says why")]

mod durable;
mod fault_modes;
mod fixture;
mod kill;
mod publish;
mod redirects;
mod tls;

use fixture::UpstreamFixture;
use tests::{
    bytes::content,
    http::Request,
    upstream::{FILM_BYTES, FILM_SEED, FaultMode, MOOV_LAST},
};

#[test]
fn upstream_film_is_read_by_one_signed_url() {
    let fixture = UpstreamFixture::new(&[]);
    let requests = || fixture.upstream.request_count();
    assert_eq!(requests(), 3, "the first block, the rest of the head, the tail");
    for (start, end) in [(0, 1), (100, 1_000_000), (FILM_BYTES - 524_288, FILM_BYTES)] {
        assert_eq!(fixture.read(start, end), Some(end));
    }
    assert_eq!(requests(), 3, "these bytes are stored");
    for (start, end) in [(3_000_000, 3_000_001), (2_500_000, 7_000_000)] {
        assert_eq!(fixture.read(start, end), Some(end));
    }
    assert_eq!(requests(), 5);
    let whole = fixture.send(&Request::get(&*fixture.url));
    let all = usize::try_from(FILM_BYTES).expect("a size");
    assert!(whole.status == 200 && whole.body == content(FILM_SEED, 0, all));
    let unsigned = fixture.url.split('?').next().expect("a path");
    assert_eq!(fixture.send(&Request::get(unsigned)).status, 403);
    let names_file = fixture.url.contains("a%20film") || fixture.url.contains("a+film");
    assert!(!names_file && fixture.url.contains("&s="), "{}", fixture.url);
}

/// A request for all of a film but its first bytes.
fn open_range(fixture: &UpstreamFixture) -> Request {
    Request::get(&*fixture.url).header("Range", "bytes=100-")
}

#[test]
fn range_that_leaves_the_blocks_comes_whole() {
    let fixture = UpstreamFixture::new(&[]);
    let all = usize::try_from(FILM_BYTES).expect("a size");
    // Each of these ends the body in its own way; the edge reads on where it ended.
    for mode in [
        FaultMode::Healthy,
        FaultMode::IgnoresRange,
        FaultMode::NoContentLength,
        FaultMode::ClosesMidway,
        FaultMode::ResetsMidway,
    ] {
        fixture.upstream.set_fault_mode(mode);
        let response = fixture.send(&open_range(&fixture));
        assert_eq!(response.status, 206, "{mode:?}");
        assert!(response.body == content(FILM_SEED, 100, all - 100), "{mode:?}");
    }
}

#[test]
fn body_that_lacks_bytes_behind_the_blocks_is_cut() {
    let fixture = UpstreamFixture::new(&[]);
    for mode in [FaultMode::Forbidden, FaultMode::WrongRange, FaultMode::ChangedFile] {
        fixture.upstream.set_fault_mode(mode);
        for request in [open_range(&fixture), Request::get(&*fixture.url)] {
            let cut = request.send(&fixture.deployment.origin);
            assert!(cut.is_err(), "{mode:?}: a body that lacks bytes ended as a whole one");
        }
    }
}

#[test]
fn failed_ingest_says_why() {
    let fixture = UpstreamFixture::new(&[]);
    for (mode, why) in [
        (FaultMode::Forbidden, "status 403"),
        (FaultMode::ContentEncoding, "Content-Encoding"),
        (FaultMode::RedirectsInward, "a redirect to http://127.0.0.1:"),
    ] {
        fixture.upstream.set_fault_mode(mode);
        // The circuit breaker of a file that failed tells less.
        let body = format!(r#"{{"provider": "one", "file": "{mode:?}"}}"#);
        let request = Request::post(api::paths::ADMIN_SOURCES, body);
        let response = fixture.send(&fixture.deployment.admin(request));
        let error = response.envelope::<()>().expect("an envelope").error.expect("an error");
        assert!(error.message.contains(why), "{mode:?}: {}", error.message);
    }
}

#[test]
fn cold_title_starts_with_at_most_four_upstream_requests_and_a_prefetched_one_with_none() {
    for file in ["a film.mp4", MOOV_LAST] {
        let fixture = UpstreamFixture::of(file, &[]);
        let requests = || fixture.upstream.request_count();
        assert!(requests() <= 4, "ingesting {file}: {}", requests());
        fixture.purge();
        let before = requests();
        // As a player does: head and tail at once, then the bytes that follow.
        std::thread::scope(|scope| {
            scope.spawn(|| assert_eq!(fixture.read(0, 262_144), Some(262_144)));
            scope.spawn(|| {
                assert_eq!(fixture.read(FILM_BYTES - 524_288, FILM_BYTES), Some(FILM_BYTES));
            });
        });
        assert!(fixture.read_all(262_144, 2_500_000));
        let cold = requests() - before;
        assert!(cold <= 4, "a cold start of {file}: {cold} requests");
        fixture.upstream.set_fault_mode(FaultMode::NeverResponds);
        for (start, end) in [(0, 262_144), (FILM_BYTES - 524_288, FILM_BYTES), (262_144, 1_500_000)]
        {
            assert!(fixture.read_all(start, end), "a cached start of {file} needs its provider");
        }
    }
}

#[test]
fn silent_provider_is_reported_to_the_client() {
    let fixture = UpstreamFixture::new(&[]);
    fixture.upstream.set_fault_mode(FaultMode::NeverResponds);
    assert_eq!(fixture.read(4_000_000, 4_000_010), None);
    assert_eq!(fixture.read(0, 1000), Some(1000), "stored bytes come all the same");
}

#[test]
fn block_that_trickles_in_is_given_up() {
    let fixture = UpstreamFixture::new(&[]);
    fixture.purge();
    fixture.upstream.set_fault_mode(FaultMode::Trickles);
    assert_eq!(fixture.read(0, 1000), None);
}

#[test]
fn film_starts_after_a_restart_while_its_provider_is_down() {
    let mut fixture = UpstreamFixture::new(&[]);
    fixture.upstream.set_fault_mode(FaultMode::Forbidden);
    let requests = fixture.upstream.request_count();
    fixture.restart(&[]);
    for (start, end) in [(0, 262_144), (FILM_BYTES - 524_288, FILM_BYTES), (262_144, 1_500_000)] {
        assert_eq!(fixture.read(start, end), Some(end));
    }
    assert_eq!(fixture.upstream.request_count(), requests);
    assert_eq!(fixture.read(5_000_000, 5_000_001), None);
}
