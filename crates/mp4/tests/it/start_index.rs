//! Start indexes: starts that are planned from packs equal those that are planned from `moov`.

use mp4::limits::{PACK_BYTES_MAX, WINDOWS_MAX};
use mp4::plan::{self, Selection};
use mp4::start_index::{self, Builder, PlanStep, Start, StartIndex, StartPosition, StartRequest};
use mp4::synth::{self, MoovAt};
use mp4::{ByteRange, Error, Index};
use proptest::prelude::*;

use crate::damaged_files::Random;
use crate::ffmpeg::{self, adler32};
use crate::fmp4;
use crate::mp4_writer::{self, Made, PLAIN, Shape, Unit};
use crate::playback;

const CLIP: &[u8] = include_bytes!("../../../../local-runtime/demo/clip.mp4");

/// A head and its packs.
pub(crate) struct Stored {
    pub(crate) head: Vec<u8>,
    pub(crate) packs: Vec<Vec<u8>>,
}

pub(crate) fn store<B: AsRef<[u8]>>(index: &Index<B>) -> Stored {
    let mut builder = Builder::new(index).unwrap();
    let mut packs = Vec::new();
    while let Some(pack) = builder.next_pack().unwrap() {
        assert!(pack.len() <= PACK_BYTES_MAX);
        packs.push(pack);
    }
    let head = builder.head().unwrap();
    assert!(head.len() <= PACK_BYTES_MAX);
    Stored { head, packs }
}

impl Stored {
    /// Plans a start as an edge does, reading packs as they are needed; returns the number of packs too.
    pub(crate) fn ask(&self, ask: StartRequest) -> Result<(Start, usize), Error> {
        let film = StartIndex::read(&self.head)?;
        let mut packs: Vec<(u32, &[u8])> = Vec::new();
        loop {
            match start_index::plan_from_packs(&film, &packs, ask)? {
                PlanStep::Done(answer) => return Ok((answer, packs.len())),
                PlanStep::NeedPack(number) => packs.push((number, &self.packs[number as usize])),
            }
        }
    }
}

fn ask(selection: Selection, from: StartPosition, count: u32) -> StartRequest {
    StartRequest { selection, from, span_ms: 10_000, count }
}

/// The demo's clip, repeated.
fn long(minutes: u32) -> Vec<u8> {
    synth::repeat_clip(CLIP, minutes * 60 / 16, MoovAt::Tail).unwrap().tail
}

#[test]
fn start_index_and_moov_plan_the_same_at_a_thousand_positions() {
    let index = Index::parse(long(120)).unwrap();
    let stored = store(&index);
    let selection = playback::defaults(&index);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let duration_ms = usize::try_from(index.duration_ms()).unwrap();
    let (mut packs, mut cursors) = (0, Vec::new());
    for _ in 0..1000 {
        let at = random.below(duration_ms + 1000) as u64;
        let ask = ask(selection, StartPosition::Time(at), 1 + u32::try_from(at % 3).unwrap());
        let (answer, read) = stored.ask(ask).unwrap();
        let whole = start_index::plan_from_moov(&index, ask).unwrap();
        assert_eq!(start_index::encode(&answer), start_index::encode(&whole), "{at} ms");
        packs += read;
        cursors.extend(answer.windows.last().map(|window| window.next));
    }
    // A few starts need two packs; most need one.
    assert!(packs < 1100, "{packs} packs were read");
    for cursor in cursors.into_iter().step_by(5) {
        let ask = ask(selection, StartPosition::Cursor(cursor), 2);
        let whole = start_index::plan_from_moov(&index, ask).unwrap();
        assert_eq!(stored.ask(ask).unwrap().0, whole, "{cursor:?}");
    }
}

#[test]
fn start_index_takes_a_megabyte_an_hour() {
    let stored = [60, 600].map(|minutes| store(&Index::parse(long(minutes)).unwrap()));
    let [hour, ten] = stored.each_ref().map(|s| s.packs.iter().map(Vec::len).sum::<usize>());
    assert!(hour < 1_100_000, "{hour} bytes an hour");
    assert!(ten < hour * 10 + hour / 2, "{ten} bytes");
    let keys = StartIndex::read(&stored[1].head).unwrap().key_frames().count();
    let head = stored[1].head.len();
    assert!(head < 2000 + keys * 8, "{head} bytes for {keys} key frames");
}

#[test]
fn windows_from_packs_join_until_the_end() {
    let made = synth::repeat_clip(CLIP, 8, MoovAt::Tail).unwrap();
    let index = Index::parse(made.tail.as_slice()).unwrap();
    let stored = store(&index);
    let selection = playback::defaults(&index);
    let mut from = StartPosition::Time(0);
    let mut windows = Vec::new();
    while let (Start { windows: some, .. }, _) = stored.ask(ask(selection, from, 2)).unwrap()
        && let Some(last) = some.last()
    {
        from = StartPosition::Cursor(last.next);
        windows.extend(some);
    }
    let whole = Index::parse(made.tail.as_slice()).unwrap();
    let (cursor, _) = plan::seek(&whole, selection, 0).unwrap();
    let media = playback::cut(CLIP, made.media).repeat(8);
    let file = [made.head, media, made.tail.clone()].concat();
    assert!(windows == playback::on(&file, &whole, selection, cursor, 10_000).1);
}

#[test]
fn starts_have_the_packets_that_ffmpeg_reads_in_the_source() {
    let made = synth::repeat_clip(CLIP, 10, MoovAt::Tail).unwrap();
    let media = playback::cut(CLIP, made.media).repeat(10);
    let file = [made.head, media, made.tail.clone()].concat();
    let name = |part: &str| {
        std::env::temp_dir().join(format!("firstframe-start-{}-{part}.mp4", std::process::id()))
    };
    std::fs::write(name("source"), &file).unwrap();
    let source = ["v", "a"].map(|kind| ffmpeg::packets(&name("source"), kind));
    let stored = store(&Index::parse(made.tail.as_slice()).unwrap());
    let mut random = Random(7);
    for _ in 0..10 {
        let at = random.below(160_000) as u64;
        let selection = Selection { video: Some(0), audio: Some(1) };
        let (answer, _) = stored.ask(ask(selection, StartPosition::Time(at), 2)).unwrap();
        for ((track, init), source) in answer.inits.iter().enumerate().zip(&source) {
            let mut played = init.segment.clone();
            let mut windows = answer.windows.clone();
            for fetch in windows.iter_mut().flat_map(|window| &mut window.fetches) {
                fetch.fragments.retain(|fragment| fragment.track == track);
            }
            for window in &mut windows {
                window.fetches.retain(|fetch| !fetch.fragments.is_empty());
                playback::append(&file, window, &mut played);
            }
            std::fs::write(name("played"), &played).unwrap();
            let seen = ffmpeg::packets(&name("played"), ["v", "a"][track]);
            assert!(seen.len() > 100, "{at} ms");
            let ours = fmp4::packets(&played);
            // ffmpeg adds the most negative composition offset to all times of a fragmented track.
            let added = ours.iter().map(|p| p.dts - p.pts).max().unwrap().max(0);
            let first = &ours[0];
            let hash = adler32(&first.data);
            let begin =
                source.iter().position(|p| p.pts == first.pts && p.adler32 == hash).unwrap();
            assert!(track == 1 || source[begin].key);
            for (seen, source) in seen.iter().zip(&source[begin..]) {
                assert_eq!((&seen.adler32, seen.key), (&source.adler32, source.key), "{at} ms");
                assert_eq!(seen.pts, source.pts + added);
            }
        }
    }
    std::fs::remove_file(name("source")).unwrap();
    std::fs::remove_file(name("played")).unwrap();
}

#[test]
fn key_frame_map_has_every_key_frame_and_its_offset() {
    let tracks = [mp4_writer::video(480, 48), mp4_writer::audio(900)];
    let file = mp4_writer::file(&tracks, &PLAIN);
    let stored = store(&Index::parse(playback::moov(&file)).unwrap());
    let keys: Vec<_> = StartIndex::read(&stored.head).unwrap().key_frames().collect();
    assert_eq!(keys.len(), 10);
    for (i, key) in keys.iter().enumerate() {
        // Frame 48 i of 24 a second: later by its composition offset, earlier by the edit.
        assert_eq!(key.time_ms, (i as u64 * 48 * 512 + 1024 - 1024) * 1000 / 12_288);
        let shown = mp4_writer::shown(0, &tracks[0], (1024, i64::MAX), 0);
        let frame = shown.iter().filter(|p| p.key).nth(i).unwrap();
        let bytes = ByteRange::of(key.offset, frame.data.len() as u64);
        assert_eq!(playback::cut(&file, bytes), frame.data, "{i}");
    }
}

#[test]
fn key_frame_map_is_thinned_out_at_its_limit() {
    let mut video = mp4_writer::video(100_000, 1);
    video.units.iter_mut().for_each(|u| u.size = 1);
    let file = mp4_writer::file(&[video], &Shape { no_stss: true, chunk: [100, 1], ..PLAIN });
    let stored = store(&Index::parse(playback::moov(&file)).unwrap());
    let keys: Vec<_> = StartIndex::read(&stored.head).unwrap().key_frames().collect();
    assert!(keys.len() < 65_537 && keys.is_sorted_by(|a, b| a.time_ms + 999 < b.time_ms));
}

#[test]
fn selection_takes_every_stored_track_and_no_other() {
    let file = mp4_writer::file(
        &[mp4_writer::video(480, 48), mp4_writer::audio(900), mp4_writer::audio(800)],
        &PLAIN,
    );
    let index = Index::parse(playback::moov(&file)).unwrap();
    let stored = store(&index);
    for selection in [
        Selection { video: Some(0), audio: Some(2) },
        Selection { video: None, audio: Some(1) },
        Selection { video: Some(0), audio: None },
    ] {
        let ask = ask(selection, StartPosition::Time(7_000), WINDOWS_MAX + 1);
        let (answer, _) = stored.ask(ask).unwrap();
        assert_eq!(answer, start_index::plan_from_moov(&index, ask).unwrap());
        assert_eq!(answer.tracks.len(), 3);
        assert_eq!(start_index::decode(&start_index::encode(&answer)), Ok(answer));
    }
    let wrong = Selection { video: Some(0), audio: Some(3) };
    assert!(stored.ask(ask(wrong, StartPosition::Time(0), 1)).is_err());
    let swapped = Selection { video: Some(1), audio: None };
    assert!(stored.ask(ask(swapped, StartPosition::Time(0), 1)).is_err());
}

#[test]
fn unknown_boxes_are_ignored() {
    let file = mp4_writer::file(&[mp4_writer::video(48, 24)], &PLAIN);
    let index = Index::parse(playback::moov(&file)).unwrap();
    let answer = start_index::plan_from_moov(
        &index,
        ask(playback::defaults(&index), StartPosition::Time(0), 1),
    )
    .unwrap();
    let mut bytes = start_index::encode(&answer);
    bytes.extend(mp4_writer::boxed(*b"more", &[b"of it"]));
    assert_eq!(start_index::decode(&bytes), Ok(answer));
    let error = start_index::decode(&bytes[28..]).unwrap_err();
    assert_eq!(error.to_string(), "ffst is not the first box, or not the only one (byte 0)");
}

#[test]
fn boxes_with_invalid_text_are_refused() {
    let file = mp4_writer::file(&[mp4_writer::video(48, 24)], &PLAIN);
    let index = Index::parse(playback::moov(&file)).unwrap();
    let answer = start_index::plan_from_moov(
        &index,
        ask(playback::defaults(&index), StartPosition::Time(0), 1),
    )
    .unwrap();
    let bytes = start_index::encode(&answer);
    let trak = bytes.windows(4).position(|four| four == b"trak").unwrap();
    let (language, mime) = (trak + 24, trak + 28);
    for (at, put, rule) in [
        (language, *b"en\0\0", "language is not three lowercase letters"),
        (language, *b"engl", "language is not followed by a 0"),
        (mime, [b'v', 0xf9, b'd', b'e'], "text is not UTF-8"),
    ] {
        let mut wrong = bytes.clone();
        wrong[at..at + 4].copy_from_slice(&put);
        let error = start_index::decode(&wrong).unwrap_err();
        assert_eq!(error.violation, rule, "{error}");
    }
}

fn any_track(is_video: bool) -> impl Strategy<Value = Made> {
    let unit = (1..900_u32, 1..900_u32, -700..3000_i32, prop::bool::weighted(0.01));
    (prop::collection::vec(unit, 1..3000), 0..9000_i32, 0..2000_u32).prop_map(
        move |(units, trim, delay)| {
            let unit = |(size, duration, cts, key)| Unit {
                size,
                duration,
                cts: if is_video { cts } else { 0 },
                key: key || !is_video,
            };
            let mut units: Vec<Unit> = units.into_iter().map(unit).collect();
            units[0].key = true;
            let mut edits = vec![(0, trim)];
            if delay > 1000 {
                edits.insert(0, (delay, -1));
            }
            Made { is_video, timescale: 10_000, units, edits }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn start_index_and_moov_plan_the_same_for_any_film(
        video in any_track(true),
        audio in any_track(false),
        chunk in [1..9_usize, 1..300_usize],
        row in [1..900_usize, 1..900_usize],
        gap in 0..9_usize,
        flags in any::<[bool; 3]>(),
        span_ms in 1..20_000_u64,
        times in prop::collection::vec(0..180_000_u64, 8),
    ) {
        let [moov_first, wide, no_stss] = flags;
        let mut tracks = [video, audio];
        if no_stss {
            tracks[0].units.iter_mut().for_each(|u| u.key = true);
        }
        let file = mp4_writer::file(&tracks, &Shape { chunk, row, gap, moov_first, wide, no_stss });
        let index = Index::parse(playback::moov(&file)).unwrap();
        let selection = playback::defaults(&index);
        prop_assume!(index.playable().is_ok() && selection.video.is_some());
        // Pictures that end long before the sound are decoded again.
        prop_assume!(Builder::new(&index).is_ok());
        let stored = store(&index);
        for time in times {
            let mut ask = StartRequest { selection, from: StartPosition::Time(time), span_ms, count: 3 };
            for _ in 0..2 {
                let whole = start_index::plan_from_moov(&index, ask).unwrap();
                let (answer, _) = stored.ask(ask).unwrap();
                let read = start_index::decode(&start_index::encode(&answer));
                prop_assert_eq!(read.as_ref(), Ok(&answer));
                prop_assert_eq!(&answer, &whole, "{:?}", ask);
                let Some(last) = answer.windows.last() else { break };
                ask.from = StartPosition::Cursor(last.next);
            }
        }
    }
}
