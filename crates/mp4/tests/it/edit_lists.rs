//! Edit lists of every kind: each picture and sound at its time, wherever playback begins.

use mp4::Index;
use mp4::plan::{self, Selection};
use proptest::prelude::*;

use crate::ffmpeg::{self, adler32};
use crate::fmp4::{self, Packet};
use crate::mp4_writer::{self, Made, PLAIN};
use crate::playback;

/// 24 pictures a second of 512 ticks; a picture's composition time is 1024 later than its number.
fn film(edits: &[(u32, i32)]) -> Made {
    Made { edits: edits.to_vec(), ..mp4_writer::video(240, 48) }
}

fn at(frame: i32) -> i32 {
    frame * 512 + 1024
}

/// The expected pictures: the samples of each span `(from, to, delay)` of the media, in their order.
fn shown(video: &Made, spans: &[(i32, i32, i64)]) -> Vec<(i64, String)> {
    let mut all = Vec::new();
    for (from, to, delay) in spans {
        let bounds = (i64::from(*from), i64::from(*to));
        let mut part: Vec<_> = mp4_writer::shown(0, video, bounds, *delay)
            .into_iter()
            .map(|p| (p.pts, adler32(&p.data)))
            .collect();
        part.sort();
        all.extend(part);
    }
    all
}

/// What a browser shows of `packets`: what comes later takes the place of what was there, and
/// pictures compressed to a tick are not seen.
fn seen(packets: &[Packet], until: i64) -> Vec<(i64, String)> {
    let mut seen: Vec<(i64, i64, String)> = Vec::new();
    let compressed = |p: &Packet| p.duration == 1 && p.pts % 512 != 0;
    for p in packets.iter().filter(|p| !compressed(p) && p.pts < until) {
        let end = p.pts + i64::from(p.duration);
        seen.retain(|(at, _, _)| !(p.pts..end).contains(at));
        seen.push((p.pts, end, adler32(&p.data)));
    }
    seen.sort();
    seen.into_iter().map(|(at, _, data)| (at, data)).collect()
}

fn packets(video: &Made) -> Vec<Packet> {
    fmp4::packets(&playback::remux(&mp4_writer::file(std::slice::from_ref(video), &PLAIN), 3_000))
}

#[test]
fn edits_that_jump_show_the_media_they_name() {
    // One second from frame 0, one from frame 60 (between key frames), one from frame 10.
    let video = film(&[(1000, at(0)), (1000, at(60)), (1000, at(10))]);
    let packets = packets(&video);
    let spans = [(at(0), at(24), 0), (at(60), at(84), 12_288), (at(10), at(34), 24_576)];
    assert_eq!(seen(&packets, 36_864), shown(&video, &spans));
    let starts: Vec<_> = packets.windows(2).filter(|w| w[1].dts < w[0].dts).collect();
    assert!(starts.iter().all(|w| w[1].key), "decoding goes back to key frames only");
    let file = mp4_writer::file(&[video], &PLAIN);
    assert_eq!(Index::parse(playback::moov(&file)).unwrap().duration_ms(), 3000);
}

#[test]
fn seeks_begin_in_the_edit_shown_at_that_time() {
    let video = film(&[(2000, at(96)), (2000, at(0)), (2000, at(150))]);
    let file = mp4_writer::file(std::slice::from_ref(&video), &PLAIN);
    let index = Index::parse(playback::moov(&file)).unwrap();
    let selection = Selection { video: Some(0), audio: None };
    for (time_ms, start_ms, frame) in
        [(0, 0, 96), (1999, 0, 96), (2000, 2000, 0), (3999, 2000, 0), (5000, 4000, 144)]
    {
        let (cursor, start) = plan::seek(&index, selection, time_ms).unwrap();
        assert_eq!(start, start_ms, "{time_ms}");
        let (played, _) = playback::on(&file, &index, selection, cursor, 1_000);
        let first = &fmp4::packets(&played)[0];
        let key = &mp4_writer::shown(0, &video, (0, i64::MAX), 0)[frame];
        assert!(first.key && first.data == key.data, "{time_ms}");
    }
    assert_eq!(plan::seek(&index, selection, 5000).unwrap().1, 4000);
}

#[test]
fn empty_edits_extend_the_last_frame_of_each_track() {
    let video = film(&[(1000, at(0)), (500, -1), (1000, at(24))]);
    let packets = packets(&video);
    let spans = [(at(0), at(24), 0), (at(24), at(48), 18_432)];
    assert_eq!(seen(&packets, 30_720), shown(&video, &spans));
    // Nothing is missing in between: the picture before the pause ends where it does.
    let held = |p: &Packet| p.pts < 12_288 && p.pts + i64::from(p.duration) == 18_432;
    assert!(packets.iter().any(held));
    let mut audio = mp4_writer::audio(100);
    audio.edits = vec![(500, 1024), (500, -1), (500, 30_000)];
    let file = mp4_writer::file(&[mp4_writer::video(48, 24), audio], &PLAIN);
    let packets = fmp4::packets(&playback::remux(&file, 3_000));
    let sound: Vec<_> = packets.iter().filter(|p| p.track == 2 && p.pts >= 0).collect();
    let mut ends = sound.windows(2).map(|w| w[0].pts + i64::from(w[0].duration) - w[1].pts);
    assert!(ends.all(|gap| gap >= 0), "no hole that a browser would stop at");
    assert!(sound.iter().any(|p| p.duration > 24_000 - 2048), "silence for half a second");
}

#[test]
fn still_edits_last_for_their_duration() {
    let file = mp4_writer::file(&[film(&[(1000, at(0)), (2000, at(60)), (1000, at(100))])], &PLAIN);
    // The rate of the second edit becomes 0.
    let place = file.windows(4).position(|w| w == b"elst").unwrap();
    let mut file = file;
    let rate = place + 12 + 12 + 8;
    assert_eq!(file[rate..rate + 4], [0, 1, 0, 0]);
    file[rate + 1] = 0;
    let packets = fmp4::packets(&playback::remux(&file, 3_000));
    let still: Vec<_> = packets.iter().filter(|p| p.duration >= 24_576).collect();
    assert_eq!(still.len(), 1);
    assert_eq!((still[0].pts, still[0].duration), (12_288, 24_576));
    assert!(packets.iter().any(|p| p.pts == 36_864 && p.duration > 1));
}

#[test]
fn priming_noted_in_itunsmpb_is_cut() {
    let note = b" 00000000 00000840 000001C0 000000000000BB80 00000000 00000000";
    let mut data = u32::try_from(note.len() + 16).unwrap().to_be_bytes().to_vec();
    data.extend(b"data\0\0\0\x01\0\0\0\0");
    data.extend(note);
    let udta = mp4_writer::boxed(*b"udta", &[b"name\0\0\0\0iTunSMPB", &data]);
    let audio = |edits| Made { edits, ..mp4_writer::audio(100) };
    let mut noted = mp4_writer::file(&[audio(Vec::new())], &PLAIN);
    let size = playback::moov(&noted).len();
    let at = noted.len() - size;
    let longer = u32::try_from(size + udta.len()).unwrap();
    noted[at..at + 4].copy_from_slice(&longer.to_be_bytes());
    noted.extend(udta);
    let edited = mp4_writer::file(&[audio(vec![(1000, 2112)])], &PLAIN);
    let plain = mp4_writer::file(&[audio(Vec::new())], &PLAIN);
    let [noted, edited, plain] =
        [noted, edited, plain].map(|file| fmp4::packets(&playback::remux(&file, 3_000)));
    assert_eq!(noted, edited);
    assert!(plain.len() == 100 && noted.len() < plain.len() && noted[0].pts < 0);
}

/// The pictures that ffmpeg shows of a file, with their times.
fn seen_by_ffmpeg(name: &str, file: &[u8]) -> Vec<(i64, String)> {
    let path = std::env::temp_dir().join(format!("firstframe-{}-{name}.mp4", std::process::id()));
    std::fs::write(&path, file).unwrap();
    let packets = ffmpeg::packets(&path, "v:0");
    std::fs::remove_file(path).unwrap();
    packets.into_iter().filter(|p| !p.discard).map(|p| (p.pts, p.adler32)).collect()
}

#[test]
fn edited_files_show_the_same_pictures_in_ffmpeg() {
    let lists: [&[(u32, i32)]; 6] = [
        &[(1000, at(0)), (1000, at(60)), (1000, at(10))],
        &[(2000, at(96)), (1500, at(96))],
        &[(700, -1), (1000, at(48)), (1000, at(144))],
        &[(1000, at(0)), (1000, at(21))],
        &[(9000, at(192)), (500, at(0))],
        &[(1000, at(0)), (1000, at(24))],
    ];
    for (i, edits) in lists.iter().enumerate() {
        let video = film(edits);
        let file = mp4_writer::file(&[video], &PLAIN);
        let theirs = seen_by_ffmpeg(&format!("e{i}"), &file);
        let until =
            i64::try_from(Index::parse(playback::moov(&file)).unwrap().duration_ms()).unwrap();
        let packets = fmp4::packets(&playback::remux(&file, 3_000));
        let ours = seen(&packets, until * 12_288 / 1000);
        // Where spans begin inside others, ffmpeg counts decoding times on and is late by the
        // composition offset; what it shows is the same.
        let pictures = |shown: Vec<(i64, String)>| {
            let mut pictures: Vec<_> = shown.into_iter().map(|(_, data)| data).collect();
            pictures.sort();
            pictures
        };
        assert_eq!(pictures(ours), pictures(theirs), "{edits:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_edit_list_plays_forward_from_anywhere(
        edits in prop::collection::vec((0..3000_u32, -2000..130_000_i32), 1..8),
        time_ms in 0..20_000_u64,
    ) {
        let mut audio = mp4_writer::audio(500);
        audio.edits = edits.clone();
        let tracks = [film(&edits), audio];
        let file = mp4_writer::file(&tracks, &PLAIN);
        let index = Index::parse(playback::moov(&file)).unwrap();
        let selection = playback::defaults(&index);
        let (cursor, _) = plan::seek(&index, selection, time_ms).unwrap_or_else(|_| {
            plan::seek(&index, Selection { video: None, audio: None }, 0).unwrap()
        });
        let (played, _) = playback::on(&file, &index, selection, cursor, 2_000);
        for number in [1, 2] {
            let mine: Vec<_> =
                fmp4::packets(&played).into_iter().filter(|p| p.track == number).collect();
            prop_assert!(mine.first().is_none_or(|p| p.key));
            prop_assert!(mine.iter().all(|p| p.dts >= 0));
            // Where decoding goes back, it is to a key frame.
            prop_assert!(mine.windows(2).all(|w| w[0].dts <= w[1].dts || w[1].key));
        }
    }
}
