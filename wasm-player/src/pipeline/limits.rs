//! Every number that bounds the player, and where it comes from.

/// First request: `bytes=0-262143`. While these bytes come (100 ms at 20 Mbit/s) the rest of a
/// `moov` at the head can be asked for, so a longer piece would win nothing.
pub(super) const HEAD_BYTES: u64 = 256 << 10;

/// Second request, beside the first: a 2 h film has 4 MB of `moov`; while 512 KiB of it come
/// (200 ms at 20 Mbit/s), the head has said where it begins and the rest is on its way.
/// `WebKit` hands out answers of at most 1 MiB sooner.
pub(super) const TAIL_BYTES: u64 = 512 << 10;

/// A box header that neither head nor tail holds is asked for with this much behind it, for the
/// next header is often near.
pub(super) const NEED_BYTES: u64 = 64 << 10;

/// Bytes missing in front of the tail that are asked for at once: the index of four hours.
pub(super) const GAP_BYTES_MAX: u64 = 8 << 20;

/// Bytes of a piece that are looked through for box headers at once.
pub(super) const WALK_BYTES: usize = 64 << 10;

/// Requests before the index is found: head, tail, parts of `moov`, and one for each top-level
/// box that lies far from its neighbours. Real files need four.
pub(super) const INDEX_REQUESTS_MAX: u32 = 64;

/// Bytes of `moov` that are taken: 2 MB an hour for film and stereo, so 64 MiB is a day and more.
pub(super) const MOOV_BYTES_MAX: u64 = 64 << 20;

/// Media time of one closed range.
pub(super) const WINDOW_MS: u64 = 10_000;

/// Media time wanted ahead of the play position.
pub(super) const GOAL_MS: u64 = 30_000;

/// The goal is not made smaller than this, however small the browser's buffer is.
pub(super) const GOAL_MS_MIN: u64 = 4_000;

/// Media time kept behind the play position.
pub(super) const BACK_MS: u64 = 30_000;

/// The least that is worth a removal: each one costs a pass over the buffer.
pub(super) const TRIM_MS_MIN: u64 = 10_000;

/// Key frames that are remembered where no index has them: a minute of them at 60 a second, which
/// is what the buffers hold.
pub(super) const KEYS_MAX: usize = 3_600;

/// Windows that are asked for at once where the edge makes the headers: 40 seconds in some 34 KB, so
/// that who watches asks now and then, and who goes elsewhere has not asked for much in vain.
pub const HEADERS_WINDOWS: u32 = 4;

/// Bytes of headers in one answer: 80 seconds have some 100 KB.
pub(super) const HEADERS_BYTES_MAX: usize = 1 << 20;

/// Media time kept behind the play position when the buffer is full.
pub(super) const BACK_MS_FULL: u64 = 5_000;

/// Bytes handed to the buffers and not yet taken: two seconds of 16 Mbit/s. Above it the network
/// is not read.
pub(super) const PENDING_BYTES_MAX: u64 = 4 << 20;

/// Bytes that are read and thrown away when a server answers a range with the whole file: half a
/// second at 50 Mbit/s, longer than that the browser's own player does better.
pub(super) const SKIP_BYTES_MAX: u64 = 4 << 20;

/// A gap in front of the play position that is stepped over: three frames at 10 frames a second.
pub(super) const GAP_MS_MAX: u64 = 300;

/// Play positions and buffered ranges that differ by less are the same: a frame at 24 Hz.
pub(super) const SAME_MS: u64 = 42;

/// Without a byte for so long, a request that is being read is taken for dead.
pub(super) const STALL_MS: u64 = 20_000;

/// First wait before a request is made again; doubled up to [`RETRY_MS_MAX`].
pub(super) const RETRY_MS: u64 = 500;

/// Longest wait between two tries: a person who has plugged the cable in again waits no longer.
pub(super) const RETRY_MS_MAX: u64 = 5_000;

/// Tries without a byte between them: with the waits above about ten minutes.
pub(super) const TRIES_MAX: u32 = 120;

/// Tries before the first good answer of all: with the waits above 13 s, then the address is in
/// doubt.
pub(super) const TRIES_MAX_UNANSWERED: u32 = 5;

/// Longest wait that a server's `Retry-After` is given.
pub(super) const RETRY_AFTER_MS_MAX: u64 = 60_000;

/// Pictures that do not decode, this near to where it happened before, will not the next time.
pub(super) const SAME_FAULT_MS: u64 = 5_000;

/// Times that one playback begins anew because the file changed or its pictures did not decode.
pub(super) const START_OVERS_MAX: u32 = 3;
