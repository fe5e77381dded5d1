//! Windows: every sample once, at its time, from wherever one begins; and what they cost.

use mp4::fragment::Payload;
use mp4::plan::{self, Selection};
use mp4::{Index, init};
use proptest::prelude::*;

use crate::fmp4::{self, Packet};
use crate::mp4_writer::{self, Made, PLAIN, Shape, Unit};
use crate::playback;

const EVER: i64 = i64::MAX;

/// Packets of track `t` that are shown at or after 0, as `mp4_writer::shown` has them.
fn of(packets: &[Packet], t: u32) -> Vec<Packet> {
    let mine = packets.iter().filter(|p| p.track == t + 1 && p.pts >= 0);
    mine.map(|p| Packet { dts: 0, ..p.clone() }).collect()
}

#[test]
fn windows_join_sample_by_sample() {
    let tracks = [mp4_writer::video(2400, 48), mp4_writer::audio(4700)];
    let rows = [[1, 1], [24, 24], [5, 1], [100_000, 100_000]];
    for row in rows {
        for (gap, span_ms) in [(0, 10_000), (3, 999), (100, 60_000)] {
            let shape = Shape { row, gap, ..PLAIN };
            let packets =
                fmp4::packets(&playback::remux(&mp4_writer::file(&tracks, &shape), span_ms));
            for (t, track) in tracks.iter().enumerate() {
                let expected = mp4_writer::shown(t, track, (1024, EVER), 0);
                assert!(
                    of(&packets, u32::try_from(t).unwrap()) == expected,
                    "{row:?} {gap} track {t}"
                );
            }
        }
    }
}

#[test]
fn window_has_all_pictures_that_are_shown_before_its_last_one() {
    let file = include_bytes!("../../../../local-runtime/demo/clip.mp4");
    let index = Index::parse(playback::moov(file)).unwrap();
    let selection = playback::defaults(&index);
    let (cursor, _) = plan::seek(&index, selection, 0).unwrap();
    for span_ms in [40, 350, 999, 2_345] {
        let (_, windows) = playback::on(file, &index, selection, cursor, span_ms);
        assert!(windows.len() > 3, "{span_ms}");
        let mut latest = -1;
        for window in windows {
            let mut out = Vec::new();
            playback::append(file, &window, &mut out);
            let packets = fmp4::packets(&out).into_iter().filter(|packet| packet.track == 1);
            let shown: Vec<i64> = packets.map(|packet| packet.pts).collect();
            assert!(shown.iter().all(|pts| *pts > latest), "{span_ms}: {shown:?} after {latest}");
            latest = shown.into_iter().max().unwrap_or(latest);
        }
    }
}

#[test]
fn windows_take_one_request_with_usual_interleaving() {
    let tracks = [mp4_writer::video(2400, 48), mp4_writer::audio(4700)];
    let file = mp4_writer::file(&tracks, &PLAIN);
    let index = Index::parse(playback::moov(&file)).unwrap();
    let selection = playback::defaults(&index);
    let (cursor, _) = plan::seek(&index, selection, 0).unwrap();
    let (_, windows) = playback::on(&file, &index, selection, cursor, 10_000);
    assert_eq!(windows.len(), 10);
    for (i, window) in windows.iter().enumerate() {
        assert_eq!(window.fetches.len(), 1, "{i}");
        assert_eq!(window.fetches[0].fragments.len(), 2, "{i}");
        let header: usize = window.fetches[0].fragments.iter().map(|f| f.header.len()).sum();
        // A trun a frame is what this interleaving takes: 28 bytes each, and 4 an audio frame;
        // 4 more in the first window, whose audio begins before 0.
        assert!(header < if i == 0 { 11_000 } else { 9_200 }, "{i}: {header}");
    }
    let ends = windows.windows(2).all(|w| w[0].fetches[0].range.end <= w[1].fetches[0].range.start);
    assert!(ends, "no byte is fetched twice");
}

#[test]
fn sample_ends_where_its_bytes_do() {
    let tracks = [mp4_writer::video(2400, 48), mp4_writer::audio(4700)];
    let file = mp4_writer::file(&tracks, &PLAIN);
    let index = Index::parse(playback::moov(&file)).unwrap();
    let selection = playback::defaults(&index);
    let (cursor, _) = plan::seek(&index, selection, 20_000).unwrap();
    let window = plan::next(&index, selection, cursor, 2_000).unwrap().unwrap();
    let mut segment = Vec::new();
    playback::append(&file, &window, &mut segment);
    let packets = fmp4::packets(&segment);
    let fetch = &window.fetches[0];
    let bytes = playback::cut(&file, fetch.range);
    for fragment in &fetch.fragments {
        let track = u32::try_from(fragment.track).unwrap() + 1;
        let pictures: Vec<_> = packets.iter().filter(|packet| packet.track == track).collect();
        if fragment.payload != Payload::AsIs {
            assert_eq!(fragment.sample_end(0), None, "its bytes are gathered");
            continue;
        }
        assert_eq!(pictures.len(), fragment.sample_count as usize);
        for (number, picture) in (0..).zip(&pictures) {
            let end = usize::try_from(fragment.sample_end(number).unwrap()).unwrap();
            assert!(bytes[..end].ends_with(&picture.data), "{number}");
        }
        let last = fragment.sample_end(fragment.sample_count - 1);
        assert_eq!(fragment.sample_end(u32::MAX), last, "behind the last one");
    }
    assert!(fetch.fragments.iter().any(|fragment| fragment.payload == Payload::AsIs));
}

#[test]
fn headers_are_small_with_chunks_of_half_a_second() {
    let tracks = [mp4_writer::video(480, 48), mp4_writer::audio(940)];
    let file = mp4_writer::file(&tracks, &Shape { chunk: [12, 23], ..PLAIN });
    let index = Index::parse(playback::moov(&file)).unwrap();
    let selection = playback::defaults(&index);
    let (cursor, _) = plan::seek(&index, selection, 10_000).unwrap();
    let window = plan::next(&index, selection, cursor, 10_000).unwrap().unwrap();
    let header: usize = window.fetches[0].fragments.iter().map(|f| f.header.len()).sum();
    assert!(header < 6_000, "{header}");
}

#[test]
fn headers_spend_four_bytes_on_each_changed_duration() {
    let seam = |i: usize| if i == 700 { 900 } else { 1024 };
    let short_at_last = |i: usize| if i < 900 { 1024 } else { 1000 };
    let in_turn = |i: usize| 1024 - u32::from(i.is_multiple_of(2));
    let steady: &dyn Fn(usize) -> u32 = &|_| 1024;
    for (duration, fixed, each) in
        [(steady, 104, 4), (&seam, 148, 4), (&short_at_last, 124, 4), (&in_turn, 104, 8)]
    {
        let mut audio = mp4_writer::audio(940);
        for (i, unit) in audio.units.iter_mut().enumerate() {
            unit.duration = duration(i);
        }
        let tracks = [mp4_writer::video(480, 48), audio];
        let file = mp4_writer::file(&tracks, &PLAIN);
        let index = Index::parse(playback::moov(&file)).unwrap();
        let selection = playback::defaults(&index);
        let (cursor, _) = plan::seek(&index, selection, 10_000).unwrap();
        let (played, windows) = playback::on(&file, &index, selection, cursor, 10_000);
        let packets = of(&fmp4::packets(&played), 1);
        let shown = mp4_writer::shown(1, &tracks[1], (1024, EVER), 0);
        assert!(!packets.is_empty() && packets == shown[shown.len() - packets.len()..]);
        let sound = &windows[0].fetches[0].fragments[1];
        let count = sound.sample_count as usize;
        let short =
            if fixed == 124 { packets.iter().filter(|p| p.duration == 1000).count() } else { 0 };
        assert!(count > 440);
        assert_eq!(sound.header.len(), fixed + count * each + short * 4, "{count} sounds");
    }
}

#[test]
fn badly_interleaved_audio_is_fetched_separately() {
    let mut video = mp4_writer::video(2400, 48);
    video.units.iter_mut().for_each(|u| u.size += 4000);
    let tracks = [video, mp4_writer::audio(4700)];
    let file = mp4_writer::file(&tracks, &Shape { row: [100_000, 100_000], ..PLAIN });
    let index = Index::parse(playback::moov(&file)).unwrap();
    let selection = playback::defaults(&index);
    let (cursor, start_ms) = plan::seek(&index, selection, 50_000).unwrap();
    assert_eq!(start_ms, 50_000);
    let window = plan::next(&index, selection, cursor, 10_000).unwrap().unwrap();
    assert_eq!(window.fetches.len(), 2);
    assert!(window.fetches.iter().all(|f| f.fragments.len() == 1));
    let bytes: u64 = window.fetches.iter().map(|f| f.range.len()).sum();
    assert!(bytes < file.len() as u64 / 8, "{bytes} of {}", file.len());
}

#[test]
fn single_tracks_play() {
    let tracks = [mp4_writer::video(480, 48), mp4_writer::audio(940)];
    let file = mp4_writer::file(&tracks, &PLAIN);
    let index = Index::parse(playback::moov(&file)).unwrap();
    for (t, selection) in [
        (0, Selection { video: Some(0), audio: None }),
        (1, Selection { video: None, audio: Some(1) }),
    ] {
        let (cursor, _) = plan::seek(&index, selection, 0).unwrap();
        let packets = fmp4::packets(&playback::on(&file, &index, selection, cursor, 7_000).0);
        let number = u32::try_from(t).unwrap();
        assert!(of(&packets, number) == mp4_writer::shown(t, &tracks[t], (1024, EVER), 0));
        assert!(packets.iter().all(|p| p.track == number + 1));
    }
    assert!(plan::seek(&index, Selection { video: Some(1), audio: None }, 0).is_err());
    assert!(plan::seek(&index, Selection { video: Some(7), audio: None }, 0).is_err());
}

#[test]
fn initialization_segments_have_no_edits_and_the_original_description() {
    let file = mp4_writer::file(&[mp4_writer::video(48, 24), mp4_writer::audio(90)], &PLAIN);
    let index = Index::parse(playback::moov(&file)).unwrap();
    let stsd: [&[u8; 4]; 6] = [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"];
    let init = init::write(&index, 0).unwrap();
    assert_eq!(fmp4::find(&init, &stsd), fmp4::find(&file, &stsd));
    assert!(fmp4::find(&init, &[b"moov", b"mvex", b"trex"]).is_some());
    assert!(!init.windows(4).any(|w| w == b"elst" || w == b"edts"));
    assert_eq!(index.tracks()[1].language.as_deref(), Some("eng"));
}

#[test]
fn delayed_video_moves_all_times_and_audio_begins_before_it() {
    let mut video = mp4_writer::video(240, 48);
    video.edits = vec![(1500, -1), (10_000, 1024)];
    let tracks = [video, mp4_writer::audio(470)];
    let file = mp4_writer::file(&tracks, &PLAIN);
    let index = Index::parse(playback::moov(&file)).unwrap();
    assert_eq!(index.duration_ms(), 11_500);
    let packets = fmp4::packets(&playback::remux(&file, 4_000));
    let [ours, shown] = [of(&packets, 0), mp4_writer::shown(0, &tracks[0], (1024, EVER), 18_432)];
    // The first picture is shown from 0 on, until the second one is.
    let second = shown[1..].iter().map(|p| p.pts).min().unwrap();
    assert_eq!(
        (ours[0].dts, ours[0].pts, ours[0].duration),
        (0, 0, u32::try_from(second).unwrap())
    );
    assert!(ours[0].data == shown[0].data && ours[1..] == shown[1..]);
    assert!(of(&packets, 1) == mp4_writer::shown(1, &tracks[1], (1024, EVER), 0));
    assert_eq!(plan::seek(&index, playback::defaults(&index), 200).unwrap().1, 0);
}

#[test]
fn long_video_delays_do_not_delay_audio() {
    let mut video = mp4_writer::video(240, 48);
    video.edits = vec![(60_000, -1), (10_000, 1024)];
    let tracks = [video, mp4_writer::audio(3000)];
    let file = mp4_writer::file(&tracks, &PLAIN);
    let index = Index::parse(playback::moov(&file)).unwrap();
    let selection = playback::defaults(&index);
    let (cursor, _) = plan::seek(&index, selection, 0).unwrap();
    let first = plan::next(&index, selection, cursor, 10_000).unwrap().unwrap();
    // One picture, held, and sound for two windows.
    assert_eq!((first.start_ms, first.end_ms / 1000), (0, 22));
    let pictures = first.fetches.iter().flat_map(|f| &f.fragments).filter(|f| f.track == 0);
    assert_eq!(pictures.map(|f| f.sample_count).sum::<u32>(), 1);
    let second = plan::next(&index, selection, first.next, 10_000).unwrap().unwrap();
    assert!(second.fetches.iter().flat_map(|f| &f.fragments).all(|f| f.track == 1));
}

#[test]
fn edits_between_key_frames_keep_the_key_frame_and_shown_times() {
    let mut video = mp4_writer::video(240, 48);
    // From frame 60 on, two seconds long, in two edits that continue each other.
    let from = 60 * 512 + 1024;
    video.edits = vec![(1000, from), (1000, from + 12_288)];
    let file = mp4_writer::file(&[video.clone()], &PLAIN);
    let packets = fmp4::packets(&playback::remux(&file, 10_000));
    let until = i64::from(from) + 24_576;
    let expected = mp4_writer::shown(0, &video, (i64::from(from), until), 0);
    // Frame 60 shows after 48 to 59, which take a tick each; those after it are in time.
    assert!(packets[0].key && packets[..12].iter().all(|p| p.duration == 1));
    let mut times: Vec<_> = packets.iter().map(|p| p.pts).filter(|at| *at < 24_576).collect();
    times.sort_unstable();
    let mut right: Vec<_> = (0..12).chain(expected.iter().map(|p| p.pts.max(12))).collect();
    right.sort_unstable();
    assert_eq!(times, right);
    assert!(packets.is_sorted_by(|a, b| a.dts < b.dts) && packets[0].dts >= 0);
    assert!(packets.len() - times.len() <= 2, "frames that others refer to");
    assert_eq!(Index::parse(playback::moov(&file)).unwrap().duration_ms(), 2000);
}

#[test]
fn unsupported_edits_are_refused_with_their_reason() {
    let playable = |edits: &[(u32, i32)]| {
        let mut video = mp4_writer::video(240, 48);
        video.edits = edits.to_vec();
        let file = mp4_writer::file(&[video], &PLAIN);
        Index::parse(playback::moov(&file)).unwrap().playable().map_err(|why| why.to_string())
    };
    assert_eq!(playable(&[(0, 0)]), Ok(()));
    let why = "its edit list shows nothing of the track";
    assert_eq!(playable(&[(1000, -1)]), Err(why.into()));
    assert_eq!(playable(&[(1000, 900_000)]), Err(why.into()));
}

/// A track of any shape a plain file may have.
fn any_video() -> impl Strategy<Value = Made> {
    let unit = (1..900_u32, 1..2000_u32, -700..3000_i32, prop::bool::weighted(0.1));
    prop::collection::vec(unit, 1..200).prop_map(|units| {
        let mut units: Vec<Unit> = units
            .into_iter()
            .map(|(size, duration, cts, key)| Unit { size, duration, cts, key })
            .collect();
        units[0].key = true;
        // So that no time is negative without an edit.
        let mut dts = 0;
        for unit in &mut units {
            unit.cts = unit.cts.max(-dts);
            dts += unit.duration.cast_signed();
        }
        Made { is_video: true, timescale: 10_000, units, edits: Vec::new() }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_file_gives_every_sample_once_and_seeks_to_key_frames(
        video in any_video(),
        sounds in 1..300_u32,
        chunk in [1..9_usize, 1..9_usize],
        row in [1..5_usize, 1..5_usize],
        gap in 0..3_usize,
        flags in any::<[bool; 3]>(),
        span_ms in 1..20_000_u64,
        at in 0..12_000_u64,
    ) {
        let [moov_first, wide, no_stss] = flags;
        let mut tracks = [video, mp4_writer::audio(sounds)];
        tracks[1].edits = Vec::new();
        if no_stss {
            tracks[0].units.iter_mut().for_each(|u| u.key = true);
        }
        let shape = Shape { chunk, row, gap, moov_first, wide, no_stss };
        let file = mp4_writer::file(&tracks, &shape);
        let packets = fmp4::packets(&playback::remux(&file, span_ms));
        for (t, track) in tracks.iter().enumerate() {
            let expected = mp4_writer::shown(t, track, (0, EVER), 0);
            let mine: Vec<_> = packets.iter().filter(|p| p.track as usize == t + 1).collect();
            prop_assert_eq!(mine.len(), expected.len());
            for (mine, expected) in mine.iter().zip(&expected) {
                prop_assert_eq!((mine.pts, mine.key, &mine.data), (expected.pts, expected.key, &expected.data));
            }
        }
        let index = Index::parse(playback::moov(&file)).unwrap();
        let selection = playback::defaults(&index);
        let (cursor, start_ms) = plan::seek(&index, selection, at).unwrap();
        let all = mp4_writer::shown(0, &tracks[0], (0, EVER), 0);
        let keys = all.iter().filter(|p| p.key);
        let best = keys.clone().filter(|p| p.pts <= i64::try_from(at).unwrap() * 10).count();
        let key = keys.clone().nth(best.saturating_sub(1)).unwrap();
        // Times that overtake each other leave more than one right answer: a key frame, in time.
        if keys.is_sorted_by_key(|p| p.pts) {
            prop_assert_eq!(start_ms, u64::try_from(key.pts).unwrap() / 10);
        }
        let (played, _) = playback::on(&file, &index, selection, cursor, span_ms);
        let first = fmp4::packets(&played).into_iter().find(|p| p.track == 1).unwrap();
        prop_assert!(first.key);
    }
}
