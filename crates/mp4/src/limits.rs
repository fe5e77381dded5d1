//! Limits on what is read, planned and stored, each with the reason for its value.

/// Bytes in a `moov`. A film takes about 2 MB an hour (24 fps, one AAC track), a day of it 48 MB.
pub const MOOV_BYTES_MAX: u64 = 64 << 20;

/// Milliseconds from 0 to the first sample of a fragmented film that is moved to 0: pictures that are
/// decoded in another order, and sound behind pictures, begin far earlier.
pub const OFFSET_MS_MIN: u64 = 1_000;

/// Tracks that are read. Films with every language have about forty.
pub const TRACKS_MAX: usize = 128;

/// Sample descriptions of one track: a cut of several clips has one for each kind of camera.
pub const DESCRIPTIONS_MAX: usize = 64;

/// Chapters: `chpl` counts them in a byte.
pub const CHAPTERS_MAX: usize = 255;

/// `pssh` boxes that are carried: one for each key system; about ten are in use.
pub const PSSH_MAX: usize = 64;

/// Boxes in front of `moov` that are walked. Real files have fewer than ten; each may cost a
/// request.
pub const BOXES_BEFORE_MOOV_MAX: u32 = 256;

/// Entries in an edit list. Editors write one for each cut; a feature film has about 2,000 cuts.
pub const EDITS_MAX: u32 = 8192;

/// Edit segments of all tracks, of 72 bytes of memory each. A feature film that refers to its rushes
/// has about 2,000 cuts, in video and in audio.
pub const SEGMENTS_MAX: usize = 8192;

/// The largest time in ticks: times a thousand it still fits 64 bits (milliseconds), and at a
/// timescale of 90,000 it is 3,000 years.
pub const TICKS_MAX: u64 = 1 << 53;

/// The largest file offset: what JavaScript can count to.
pub const OFFSET_MAX: u64 = 1 << 53;

/// Bytes of `esds` handed to mp4parse, which follows nested descriptors by recursion: five bytes
/// nest once, so this is about 200 frames deep. Real ones have 40 to 60 bytes.
pub const ESDS_BYTES_MAX: usize = 1024;

/// Bytes of one child of a sample entry handed to mp4parse. An `avcC` holds at most 31 + 255
/// parameter sets; real ones have 40 to 200 bytes.
pub const CONFIG_BYTES_MAX: usize = 64 << 10;

/// Entries of a run-length table between two checkpoints: a lookup steps over at most so many.
pub const RUNS_STEP: u32 = 128;

/// Sizes between two checkpoints of `stsz`, and in a chunk that goes without: 8 bytes in memory for
/// 4 KiB of table, and 4 KiB are added up in a microsecond.
pub const SIZES_STEP: u32 = 1024;

/// Key frames tried when a time is searched: composition offsets move a key frame by a few frames
/// at most, and so past one or two of its like.
pub const KEY_TRIES_MAX: u32 = 64;

/// Seconds in which a film without key frame marks has a key frame: encoders write one every 250
/// pictures, or more often.
pub const KEY_SECONDS_MAX: i64 = 10;

/// Samples by which decoding and composition order may differ where an end is searched. H.264
/// reorders by at most 16 frames (A.3.1, `max_dec_frame_buffering`), fields double it.
pub const REORDER_MAX: u32 = 64;

/// Audio samples fetched in front of the first one heard: Opus needs 80 ms, at most 32 of 2.5 ms.
pub const ROLL_MAX: u32 = 32;

/// Samples of one track in one window: 10 s of 240 fps are 2,400, of AAC at 96 kHz 938.
pub const WINDOW_SAMPLES_MAX: usize = 4096;

/// Milliseconds that one window may span.
pub const WINDOW_MS_MAX: u64 = 60_000;

/// Bytes of video, and of any one request, after which a window ends early: a fifth of what
/// browsers let a `SourceBuffer` hold (148 to 155 MB measured), 10 s of 27 Mbit/s.
pub const WINDOW_BYTES_MAX: u64 = 32 << 20;

/// Pictures in front of an edit, back to its key frame: 80 s of film. Encoders write a key frame at
/// least every 10 s.
pub const PREROLL_MAX: u32 = 2048;

/// Ticks between the decoding and the showing of a picture: `trun` has 31 bits, and half of them
/// are left to the file's own composition offsets. At a timescale of 90,000 it is 3 hours.
pub const LIFT_MAX: i64 = 1 << 30;

/// Bytes of one sample: an all-intra 8K frame has about 10 MB. With [`WINDOW_BYTES_MAX`] it keeps
/// every offset in a fragment within `trun`'s 31 bits.
pub const SAMPLE_BYTES_MAX: u32 = 256 << 20;

/// Unneeded bytes between two pieces that one request fetches. A request costs a round
/// trip: 60 ms at 20 Mbit/s are 150 KB, so up to about here reading on is the faster way.
pub const GAP_BYTES_MAX: u64 = 256 << 10;

/// Requests for one track in one window: a scattered file ends its windows earlier.
pub const PIECES_MAX: usize = 16;

/// Milliseconds by which audio may lag behind its video in the file before it is fetched separately.
/// Usual interleaving is 0.04 to 1 s; the player buffers 30 s ahead.
pub const AUDIO_LAG_MS_MAX: u64 = 2_000;

/// Milliseconds by which pictures may end before the film does without being held: tracks rarely end
/// together, and a browser plays so short a rest once the stream has ended.
pub const TAIL_MS_MIN: u64 = 1_000;

/// Milliseconds for which a picture is held before it is decoded again: the player buffers 30 s ahead,
/// and a browser stops where no further picture is there.
pub const HOLD_MS: u64 = 20_000;

/// Milliseconds from which on the duration of an audio sample is a hole in the sound: no frame is that
/// long (FLAC: 65,535 samples at 44.1 kHz are 1.5 s).
pub const AUDIO_HOLE_MS: u64 = 2_000;

/// Milliseconds of silence that are written at once: 10 KB of AAC.
pub const SILENCE_MS_MAX: u64 = 30_000;

/// Bytes requested at the head of a file: `ftyp`, `free`, and the header of what follows.
pub const HEAD_BYTES: u64 = 64 << 10;

/// Bytes requested where `moov` probably begins: 15 minutes of film have 500 KB of it.
pub const MOOV_GUESS_BYTES: u64 = 512 << 10;

/// Bytes that a locator buffers of pieces fed before it can use them: a tail of
/// [`MOOV_GUESS_BYTES`] twice over.
pub const HELD_BYTES_MAX: usize = 1 << 20;

/// Pieces that a locator buffers: each network chunk of such a tail may be one, of 16 KiB and up.
pub const HELD_PIECES_MAX: usize = 64;

/// Bytes of one `moof`: an hour in one fragment takes 3 MB (24 fps and AAC, 16 bytes a sample).
pub const MOOF_BYTES_MAX: u64 = 8 << 20;

/// Samples of one track in one `moof`: an hour of AAC at 48 kHz has 168,750.
pub const MOOF_SAMPLES_MAX: u32 = 1 << 18;

/// Bytes of `moof` boxes held in memory: 2 h in fragments of 2 s take 7 MB. Older boxes are dropped
/// and requested again.
pub const MOOFS_BYTES_MAX: usize = 16 << 20;

/// `moof` boxes held in memory of one contiguous part of the file: 4 h in fragments of 2 s. Older
/// boxes are dropped and requested again.
pub const MOOFS_MAX: usize = 8192;

/// Boxes that a walk over a fragmented film passes: a day in fragments of half a second, of 16 boxes each.
pub const WALKED_BOXES_MAX: u32 = 1 << 22;

/// Bytes of `sidx` and `mfra`: a day in fragments of 1 s has 86,400 entries, of 12 to 28 bytes.
pub const MARKS_BYTES_MAX: u64 = 4 << 20;

/// Separate parts of a fragmented file whose boxes are known: one for each seek.
pub const RUNS_MAX: usize = 64;

/// Bytes requested where a `moof` should be: one of 10 s has 6 to 12 KB, and small ones come with
/// their neighbours.
pub const MOOF_GUESS_BYTES: u64 = 16 << 10;

/// Bytes that are searched at once for a `moof` that no index lists: 2 s of 4 Mbit/s, which take 0.4 s at
/// 20 Mbit/s. After each failure they are twice as many.
pub const SCAN_BYTES_MAX: u64 = 1 << 20;

/// Searches in a row that find nothing: 15 MiB were in vain. Then boxes are read one after the other.
pub const SCAN_FAILURES_MAX: u32 = 4;

/// Bytes of one pack of a start index, and of its head: every key-value store takes values this large.
pub const PACK_BYTES_MAX: usize = 900_000;

/// Packs of one start index. An hour takes a megabyte; a `moov` of [`MOOV_BYTES_MAX`], 64 packs.
pub const PACKS_MAX: u64 = 1024;

/// Samples of all tracks of one start index: a day of 60 pictures a second, with two tracks of AAC at
/// 48 kHz, has 13,284,000. Tables of a few bytes can claim four billion.
pub const START_INDEX_SAMPLES_MAX: u64 = 1 << 24;

/// Samples of a text track that are searched for the cues of one span: nine hours with a cue and a gap
/// each second.
pub const CUE_SAMPLES_MAX: usize = 1 << 16;

/// Bytes of a root: a head, and the names of all packs, of 64 bytes each.
pub const ROOT_BYTES_MAX: usize = 1 << 20;

/// Bytes of the reason why a film has no start index: a sentence with a box and a rule.
pub const REASON_BYTES_MAX: usize = 400;

/// Samples of a block: 10 s of video, 5 s of audio. A block is read whole.
pub const BLOCK_SAMPLES: u32 = 256;

/// Blocks of one track that are read for one start: 100,000 samples are 71 minutes of video,
/// 36 of audio, and about 8 MB of memory.
pub const SLICE_BLOCKS_MAX: u32 = 400;

/// Milliseconds that a slice reaches past the requested windows: in a well interleaved file audio may
/// lie so far in front of its video.
pub const SLICE_MS: u64 = 4_000;

/// Windows in one start: minutes of film, in 200 KB.
pub const WINDOWS_MAX: u32 = 16;

/// Key frames in the map of a start index: one a second for 18 hours, in about 400 KB.
pub const KEYS_MAX: usize = 65_536;
