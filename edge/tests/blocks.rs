//! Which bytes of a film are stored in blocks, and the timeouts of an upstream.

use catalog::prepend_hash;
use edge::{
    http::ByteRange,
    rules::{
        blocks::{BLOCK_BYTES, BlockLayout, HEAD_BYTES, RUN_BLOCKS_MAX, TAIL_BYTES, key, unseal},
        circuit_breaker::CircuitBreaker,
        retry::{body_ms_max, pause_ms},
    },
};

const MIB: u64 = 1024 * 1024;

const fn bytes(start: u64, end: u64) -> ByteRange {
    ByteRange { start, end }
}

#[test]
fn startup_ranges_depend_on_where_moov_is() {
    let size = 1000 * MIB + 7;
    for (moov, head_end, tail_start) in [
        // In front: it, and the first seconds behind it.
        (Some(bytes(24, MIB)), 3 * MIB, 999 * MIB + BLOCK_BYTES),
        // In front, and as large as all that is stored.
        (Some(bytes(24, 9 * MIB)), HEAD_BYTES, 999 * MIB + BLOCK_BYTES),
        // Behind the media.
        (Some(bytes(999 * MIB - 5, size)), 2 * MIB, 998 * MIB + BLOCK_BYTES),
        // Too large: its last part.
        (Some(bytes(900 * MIB, size)), 2 * MIB, 998 * MIB + BLOCK_BYTES),
        // In front and too large: its first part.
        (Some(bytes(24, 30 * MIB)), HEAD_BYTES, 998 * MIB + BLOCK_BYTES),
        (None, 2 * MIB, 999 * MIB + BLOCK_BYTES),
    ] {
        let layout = BlockLayout::new(size, moov);
        assert_eq!((layout.head_end, layout.tail_start), (head_end, tail_start), "{moov:?}");
    }
}

#[test]
fn head_and_tail_are_whole_blocks_within_their_limits() {
    for size in [1, 1000, BLOCK_BYTES, BLOCK_BYTES + 1, 2 * MIB + 1, 5 * MIB, 13 * MIB, 1 << 40] {
        for moov in [None, Some(bytes(8, size.min(100))), Some(bytes(size / 2, size))] {
            let layout = BlockLayout::new(size, moov);
            assert!(layout.head_end <= HEAD_BYTES && layout.head_end <= size);
            assert!(layout.head_end == size || layout.head_end.is_multiple_of(BLOCK_BYTES));
            assert!(layout.tail_start >= layout.head_end && layout.tail_start <= size);
            assert!(size - layout.tail_start <= TAIL_BYTES || layout.tail_start == layout.head_end);
            let blocks: Vec<_> = layout.blocks().collect();
            assert!(blocks.is_sorted() && blocks.len() <= 24, "{size}: {blocks:?}");
            let sum: u64 = blocks.iter().map(|block| layout.block_range(*block).len()).sum();
            assert_eq!(sum, layout.head_end + (size - layout.tail_start), "{size} {moov:?}");
            // Every byte that comes from blocks lies in one of them.
            for range in [bytes(0, size), bytes(size - 1, size), bytes(layout.head_end / 2, size)] {
                let Some(part) = layout.cached_part(range) else { continue };
                for block in part.start / BLOCK_BYTES..part.end.div_ceil(BLOCK_BYTES) {
                    assert!(blocks.contains(&block), "{size} {moov:?} {part:?}");
                }
            }
        }
    }
}

#[test]
fn a_range_is_cut_where_blocks_end_as_15_3_7_allows() {
    let layout = BlockLayout { size_bytes: 100 * MIB, head_end: 10 * MIB, tail_start: 99 * MIB };
    let run = RUN_BLOCKS_MAX * BLOCK_BYTES;
    for (range, part) in [
        (bytes(0, 1), Some(bytes(0, 1))),
        (bytes(0, 100 * MIB), Some(bytes(0, run))),
        (bytes(1, 100 * MIB), Some(bytes(1, run))),
        (bytes(9 * MIB, 100 * MIB), Some(bytes(9 * MIB, 10 * MIB))),
        (bytes(10 * MIB - 1, 10 * MIB + 1), Some(bytes(10 * MIB - 1, 10 * MIB))),
        (bytes(10 * MIB, 11 * MIB), None),
        (bytes(98 * MIB, 100 * MIB), None),
        (bytes(99 * MIB, 100 * MIB), Some(bytes(99 * MIB, 100 * MIB))),
    ] {
        assert_eq!(layout.cached_part(range), part, "{range:?}");
    }
    let touching = BlockLayout { size_bytes: 3 * MIB, head_end: 2 * MIB, tail_start: 2 * MIB };
    assert_eq!(touching.cached_part(bytes(MIB, 3 * MIB)), Some(bytes(MIB, 3 * MIB)));
}

#[test]
fn a_stored_block_is_whole_or_nothing_and_fits_every_store() {
    let block = vec![7; usize::try_from(BLOCK_BYTES).unwrap_or_default()];
    let sealed = prepend_hash(&block);
    assert!(sealed.len() <= api::limits::VALUE_BYTES_MAX);
    assert_eq!(unseal(&sealed, BLOCK_BYTES), Some(block.as_slice()));
    assert_eq!(unseal(&sealed, BLOCK_BYTES - 1), None);
    for cut in [0, 1, 63, 64, 65, sealed.len() - 1] {
        assert_eq!(unseal(sealed.get(..cut).unwrap_or_default(), BLOCK_BYTES), None, "{cut}");
    }
    for at in [0, 63, 64, sealed.len() - 1] {
        let mut other = sealed.clone();
        other.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1);
        assert_eq!(unseal(&other, BLOCK_BYTES), None, "{at}");
    }
    assert_eq!(key("up.0123", 7), "b/up.0123/7");
}

#[test]
fn retry_pauses_grow_to_a_limit_with_jitter() {
    for (tries, limit) in [(1, 100), (2, 200), (3, 400), (5, 1_600), (6, 2_000), (99, 2_000)] {
        let pauses = (0..5_000).map(|random| pause_ms(tries, random));
        assert_eq!((pauses.clone().min(), pauses.max()), (Some(0), Some(limit)), "{tries}");
    }
}

#[test]
fn body_timeout_grows_with_the_length() {
    assert_eq!(body_ms_max(0), 3_000);
    assert_eq!(body_ms_max(BLOCK_BYTES), 11_000);
    assert!(body_ms_max(u64::MAX) > 0);
}

#[test]
fn circuit_opens_after_five_failures_and_then_lets_one_request_through() {
    let mut breaker = CircuitBreaker::default();
    for _ in 0..5 {
        assert_eq!(breaker.check(0), Ok(()));
        breaker.record_failure(0);
    }
    assert_eq!(breaker.check(0), Err(2_000));
    assert_eq!(breaker.check(1_999), Err(1));
    assert_eq!(breaker.check(2_000), Ok(()));
    assert!(breaker.check(2_000).is_err(), "one tries it for all");
    breaker.record_failure(2_100);
    assert_eq!(breaker.check(2_100), Err(4_000), "twice as long");
    for _ in 0..20 {
        breaker.record_failure(10_000);
    }
    assert_eq!(breaker.check(10_000), Err(60_000), "a minute at most");
    assert_eq!(breaker.check(70_000), Ok(()));
    breaker.record_success();
    assert_eq!(breaker, CircuitBreaker::default());
    // Failures between successes do not add up.
    for _ in 0..20 {
        breaker.record_failure(0);
        breaker.record_success();
    }
    assert_eq!(breaker.check(0), Ok(()));
}

#[test]
fn retry_after_keeps_the_circuit_open_for_at_most_a_minute() {
    let mut breaker = CircuitBreaker::default();
    breaker.open_for(0, 5_000);
    breaker.open_for(0, 1_000);
    assert_eq!(breaker.check(0), Err(5_000));
    breaker.open_for(0, u64::MAX);
    assert_eq!(breaker.check(0), Err(60_000));
    assert_eq!(breaker.check(60_000), Ok(()));
}
