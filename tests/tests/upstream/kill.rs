//! Killed in the middle of writing blocks: none that is not whole is ever served.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use tests::{
    bytes::Dice,
    upstream::{FaultMode, SIZE},
};

use crate::fixture::UpstreamFixture;

const ROUNDS: u64 = 100;
/// Where the blocks of the film are: its head, and its tail.
const KEPT: [(u64, u64); 2] = [(0, 2 << 20), (SIZE - 524_288, SIZE)];

#[test]
fn a_hundred_kills_while_blocks_are_written_leave_none_that_is_not_whole() {
    let mut fixture = UpstreamFixture::new(&["--startup-store", "durable"]);
    let mut dice = Dice::new(100);
    let mut lost = 0;
    for _ in 0..ROUNDS {
        let killed = AtomicBool::new(false);
        let origin = fixture.deployment.origin.clone();
        let purge = fixture.purge_request();
        let (reads, url) = (KEPT.map(|(start, _)| start), fixture.url.clone());
        let after = Duration::from_millis(dice.below(120));
        thread::scope(|scope| {
            for start in reads {
                let (killed, origin, purge, url) = (&killed, &origin, &purge, &url);
                scope.spawn(move || {
                    // Blocks go and come, until nobody answers.
                    while !killed.load(Ordering::Relaxed) {
                        let _gone = purge.send(origin);
                        let range = format!("bytes={start}-");
                        let read = tests::http::Request::get(&**url).header("Range", range);
                        let _gone = read.send(origin);
                    }
                });
            }
            thread::sleep(after);
            fixture.deployment.process().expect("it runs here").kill().expect("it can be killed");
            killed.store(true, Ordering::Relaxed);
        });
        // First what is here: those bytes or none. Then all of it.
        fixture.upstream.set(FaultMode::Refused);
        fixture.restart(&["--startup-store", "durable"]);
        lost += usize::from(!KEPT.iter().all(|(start, end)| fixture.read_all(*start, *end)));
        fixture.upstream.set(FaultMode::Good);
        let start = dice.below(SIZE);
        for (start, end) in [KEPT[0], KEPT[1], (start, (start + 500_000).min(SIZE))] {
            let mut tries = 0;
            while !fixture.read_all(start, end) {
                // It was refused just now, and is left alone for a while.
                tries += 1;
                assert!(tries < 200, "bytes {start}-{end} do not come back");
                thread::sleep(Duration::from_millis(100));
            }
        }
    }
    assert!(lost > 0, "it was never killed while a block was missing");
}
