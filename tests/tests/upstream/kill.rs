//! The server is killed while it writes blocks: it never serves one that is not whole.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use tests::{
    bytes::Dice,
    http::Request,
    upstream::{FILM_BYTES, FaultMode},
};

use crate::fixture::UpstreamFixture;

const ROUNDS: u64 = 100;
/// The ranges that the blocks of the film cover: its head and its tail.
const BLOCKS: [(u64, u64); 2] = [(0, 2 << 20), (FILM_BYTES - 524_288, FILM_BYTES)];

#[test]
fn blocks_are_whole_or_absent_after_a_hundred_kills() {
    let mut fixture = UpstreamFixture::new(&["--startup-store", "durable"]);
    let mut dice = Dice::new(100);
    let mut rounds_with_lost_blocks = 0;
    for _ in 0..ROUNDS {
        kill_while_blocks_are_written(&mut fixture, Duration::from_millis(dice.below(120)));
        // First the blocks on disk alone: the right bytes or none.
        fixture.upstream.set_fault_mode(FaultMode::Forbidden);
        fixture.restart(&["--startup-store", "durable"]);
        let all_there = BLOCKS.iter().all(|(start, end)| fixture.read_all(*start, *end));
        rounds_with_lost_blocks += usize::from(!all_there);
        // Then all of the film.
        fixture.upstream.set_fault_mode(FaultMode::Healthy);
        let start = dice.below(FILM_BYTES);
        for (start, end) in [BLOCKS[0], BLOCKS[1], (start, (start + 500_000).min(FILM_BYTES))] {
            read_until_whole(&fixture, start, end);
        }
    }
    assert!(rounds_with_lost_blocks > 0, "no kill came while a block was missing");
}

/// Purges and reads blocks without pause, until the server is killed after this time.
fn kill_while_blocks_are_written(fixture: &mut UpstreamFixture, after: Duration) {
    let is_killed = AtomicBool::new(false);
    let origin = fixture.deployment.origin.clone();
    let (purge, url) = (fixture.purge_request(), fixture.url.clone());
    thread::scope(|scope| {
        for (start, _) in BLOCKS {
            let (is_killed, origin, purge, url) = (&is_killed, &origin, &purge, &url);
            scope.spawn(move || {
                while !is_killed.load(Ordering::Relaxed) {
                    let _killed = purge.send(origin);
                    let range = format!("bytes={start}-");
                    let _killed = Request::get(&**url).header("Range", range).send(origin);
                }
            });
        }
        thread::sleep(after);
        fixture.deployment.process().expect("a process").kill().expect("it can be killed");
        is_killed.store(true, Ordering::Relaxed);
    });
}

/// The provider refused requests just now: the circuit breaker lets none through for a while.
fn read_until_whole(fixture: &UpstreamFixture, start: u64, end: u64) {
    let mut tries = 0;
    while !fixture.read_all(start, end) {
        tries += 1;
        assert!(tries < 200, "bytes {start}-{end} do not come back");
        thread::sleep(Duration::from_millis(100));
    }
}
