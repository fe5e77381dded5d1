//! Every number that bounds the player, and how it was derived. Times are milliseconds.

// The index.

/// Length of the first request, `bytes=0-262143`. 256 KiB take 100 ms at 20 Mbit/s, which is time
/// to request the rest of a `moov` at the head; a longer first request would win nothing.
pub(super) const HEAD_BYTES: u64 = 256 << 10;

/// Length of the second request, made together with the first. A film of two hours has a `moov` of
/// 4 MB; 512 KiB of it take 200 ms at 20 Mbit/s, in which the head says where `moov` begins and the
/// rest is requested. `WebKit` delivers responses of at most 1 MiB sooner.
pub(super) const TAIL_BYTES: u64 = 512 << 10;

/// Length of a request for a box header that neither head nor tail has. The next header is often
/// within 64 KiB of it.
pub(super) const NEED_BYTES: u64 = 64 << 10;

/// Bytes missing in front of the tail that one request may fetch: the `moov` of four hours, at
/// 2 MB an hour.
pub(super) const GAP_BYTES_MAX: u64 = 8 << 20;

/// Bytes handed to `mp4::locate` at once. It needs a few box headers, and copies bytes that it cannot
/// use yet; 64 KiB, as [`NEED_BYTES`], bound that copy.
pub(super) const WALK_BYTES: usize = 64 << 10;

/// Requests before `moov` is found: head, tail, parts of `moov`, and one for each top-level box
/// far from its neighbours. Real files need four.
pub(super) const INDEX_REQUESTS_MAX: u32 = 64;

/// Length of a `moov` that is accepted. At 2 MB an hour, for video and stereo, 64 MiB are more
/// than a day.
pub(super) const MOOV_BYTES_MAX: u64 = 64 << 20;

// Headers of the edge.

/// Windows in one `headers` request: 40 s of media in about 34 KB. A viewer who watches makes a
/// request every 40 s, and one who seeks away has downloaded little in vain.
pub const HEADERS_WINDOWS: u32 = 4;

/// Length of a `headers` response that is accepted. The edge sends at most 8 windows, 80 s of
/// media in about 100 KB; this is ten times that.
pub(super) const HEADERS_BYTES_MAX: usize = 1 << 20;

/// Key frames that are remembered without an index: one minute at 60 a second, which is as long as
/// [`BACK_BUFFER_MS`] and [`BUFFER_GOAL_MS`] together.
pub(super) const KEY_FRAMES_MAX: usize = 3_600;

// The buffers.

/// Media time of one window, and so of one closed range: three of them fill [`BUFFER_GOAL_MS`].
pub(super) const WINDOW_MS: u64 = 10_000;

/// Media time to buffer ahead of the play position: a connection that is gone for half a minute
/// does not stop playback.
pub(super) const BUFFER_GOAL_MS: u64 = 30_000;

/// The goal never falls below two groups of pictures of the usual 2 s, however small the buffer.
pub(super) const BUFFER_GOAL_MS_MIN: u64 = 4_000;

/// Media time that stays buffered behind the play position, for seeks back by a button.
pub(super) const BACK_BUFFER_MS: u64 = 30_000;

/// Media time that stays behind the play position if a buffer is full.
pub(super) const BACK_BUFFER_MS_FULL: u64 = 5_000;

/// The shortest removal: each one costs the browser a pass over the buffer, so there are at most
/// six a minute.
pub(super) const REMOVAL_MS_MIN: u64 = 10_000;

/// The shortest removal from a full buffer: shorter ones make room for less than one append.
pub(super) const ROOM_MS_MIN: u64 = 500;

/// When a buffer is full, media that begins at least a second after the last planned window may be
/// removed. Nearer media overlaps that window, for audio and video do not end together.
pub(super) const EVICTABLE_AHEAD_MS: u64 = 1_000;

/// Where nothing can be removed, the next attempt is made once the play position has moved by a
/// second.
pub(super) const UNBLOCK_MS: u64 = 1_000;

/// A seek waits for appends under way if the key frame before its target is at most a second behind
/// what is loaded: a new request would take longer.
pub(super) const SEEK_WAIT_MS: u64 = 1_000;

/// Bytes handed to the buffers whose appends are not done: two seconds at 16 Mbit/s. Above this the
/// pipeline reads no further body.
pub(super) const PENDING_BYTES_MAX: u64 = 4 << 20;

/// The longest gap in front of the play position that is skipped: three frames at 10 frames a
/// second.
pub(super) const GAP_MS_MAX: u64 = 300;

/// Sound lags at most two seconds behind the pictures of the windows that are planned
/// (`mp4::limits::AUDIO_LAG_MS_MAX`), and pictures are decoded up to two seconds before they are shown:
/// what is missing before that is a hole.
pub(super) const SOUND_LAG_MS: u64 = 4_000;
/// A hole of the sound so near to the play position is filled before more is requested.
pub(super) const HOLE_NEAR_MS: u64 = 5_000;
/// Sound and pictures end at most so far apart without being filled: `mp4::limits::TAIL_MS_MIN`.
pub(super) const TAIL_MS: u64 = 1_000;
/// Pictures to buffer ahead, however long they are: a browser shows one when its decoder has returned
/// the next one, which is three pictures later where they are shown in another order than they come in.
pub(super) const PICTURES_GOAL: u64 = 4;
/// For that, no more than so much media time is buffered ahead: 128 kbit/s of sound fill Firefox's buffer
/// of 9 MB in that time.
pub(super) const PICTURES_MS_MAX: u64 = 540_000;
/// Times that differ by less than a frame at 24 frames a second (1000 / 24, rounded up) are equal.
pub(super) const TIME_TOLERANCE_MS: u64 = 42;

// The network.

/// Length of a whole file that is read through if the server ignores `Range`: less than a second at
/// 50 Mbit/s. The browser's own player is better at longer ones.
pub(super) const SKIP_BYTES_MAX: u64 = 4 << 20;

/// A response that delivers nothing for so long has stalled: its request is made again. Twenty
/// seconds still leave ten of [`BUFFER_GOAL_MS`] for that.
pub(super) const STALL_MS: u64 = 20_000;

/// Pause before the first retry; doubles with each further one, up to [`RETRY_MS_MAX`].
pub(super) const RETRY_MS: u64 = 500;

/// Longest pause between two attempts: a viewer who has mended the connection waits no longer.
pub(super) const RETRY_MS_MAX: u64 = 5_000;

/// Retries in a row without a byte between them: with the pauses above, ten minutes.
pub(super) const TRIES_MAX: u32 = 120;

/// Retries before the first usable response: with the pauses above, 13 s. Until then a wrong address
/// is as likely as a bad connection.
pub(super) const TRIES_MAX_UNANSWERED: u32 = 5;

/// Longest `Retry-After` that is obeyed; a viewer does not wait longer than a minute.
pub(super) const RETRY_AFTER_MS_MAX: u64 = 60_000;

// Standing still.

/// Reports of the position come once a second while it should move: after a longer pause the page was
/// hidden or asleep.
pub(super) const PULSE_MS_MAX: u64 = 2_500;
/// A position that moved by less has stood: a nudge moves it.
pub(super) const STANDING_MS: u64 = 1_000;
/// After so long a stand the position is nudged, and over any gap: browsers themselves take up to a
/// second to go on once data is there.
pub(super) const NUDGE_AFTER_MS: u64 = 2_000;
/// How far a nudge goes where there is no gap: more than two frames.
pub(super) const NUDGE_MS: u64 = 100;
/// After so long a stand with nothing under way the buffers are made again, and after another one
/// the browser's own player plays.
pub(super) const STALLED_MS: u64 = 5_000;
/// So long before a window that the file has no longer whole, the browser's own player takes over: the
/// sound of the pictures in front of it may lie in that window.
pub(super) const CUT_MS: u64 = SOUND_LAG_MS;
/// How much further back decoding begins then: encoders write a key frame every 10 s, or more often
/// (`mp4::limits::KEY_SECONDS_MAX`).
pub(super) const BACK_MS: u64 = 12_000;

// Starting over.

/// Two decoding errors closer than this have the same cause: a group of pictures, from whose
/// key frame decoding begins again, rarely lasts longer.
pub(super) const SAME_FAULT_MS: u64 = 5_000;

/// How often one playback starts over because the file changed or did not decode. A file replaced
/// once needs one; one that changes all the time cannot be played.
pub(super) const START_OVERS_MAX: u32 = 3;
