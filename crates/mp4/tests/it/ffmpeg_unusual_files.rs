//! Unusual but legal files, as real muxers write them: each plays as its muxer intended.

use std::path::PathBuf;
use std::process::Command;

use mp4::plan::{self, PlanTarget, Selection};
use mp4::start_index;

use crate::ffmpeg::{self, adler32};
use crate::fmp4::{self, Packet};
use crate::mp4_writer::{self, PLAIN, Shape};
use crate::playback;

const CLIP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../local-runtime/demo/clip.mp4");

/// Path and bytes of a file that ffmpeg makes of the clip from `from` seconds on.
fn remuxed_by_ffmpeg(name: &str, from: &str, arguments: &[&str]) -> (PathBuf, Vec<u8>) {
    let path = std::env::temp_dir().join(format!("firstframe-{}-{name}", std::process::id()));
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y", "-ss", from, "-i", CLIP, "-c", "copy"]).args(arguments);
    let made = command.arg(&path).status();
    assert!(made.expect("ffmpeg is needed to make unusual files").success(), "{name}");
    let file = std::fs::read(&path).unwrap();
    (path, file)
}

fn video(packets: &[Packet]) -> Vec<&Packet> {
    packets.iter().filter(|p| p.track == 1).collect()
}

#[test]
fn pictures_before_an_edit_are_hidden_in_fragmented_files() {
    let flags = ["-movflags", "frag_keyframe+delay_moov", "-frag_duration", "250000"];
    let (path, file) = remuxed_by_ffmpeg("cut.mp4", "1.3", &flags);
    let seen = ffmpeg::packets(&path, "v:0");
    std::fs::remove_file(path).unwrap();
    for span_ms in [100, 10_000] {
        let packets = fmp4::packets(&playback::remux(&file, span_ms));
        let ours = video(&packets);
        assert_eq!(ours.len(), seen.len());
        let compressed = ours.iter().filter(|p| p.duration == 1).count();
        assert!(compressed > 10, "{compressed} of {}", ours.len());
        for (our, seen) in ours.iter().zip(&seen) {
            assert_eq!(adler32(&our.data), seen.adler32);
            let early = i64::try_from(compressed).unwrap();
            assert!(if seen.pts < 0 { (0..early).contains(&our.pts) } else { our.pts == seen.pts });
        }
        let decoded: Vec<_> = ours.iter().map(|p| p.dts).collect();
        assert!(decoded.is_sorted_by(|a, b| a < b));
    }
}

#[test]
fn tracks_in_alternating_moofs_continue_their_times() {
    // Smooth Streaming: a `moof` a track, and no `tfdt`.
    let (path, smooth) = remuxed_by_ffmpeg("turns.ismv", "0", &["-f", "ismv"]);
    std::fs::remove_file(path).unwrap();
    assert!(smooth.windows(4).all(|w| w != b"tfdt"));
    let packets = fmp4::packets(&playback::remux(&smooth, 10_000));
    for track in [1, 2] {
        let mine: Vec<&Packet> = packets.iter().filter(|p| p.track == track).collect();
        assert!(mine.len() > 10);
        assert_eq!(mine[0].dts, 0);
        let joined = |two: &[&Packet]| two[0].dts + i64::from(two[0].duration) == two[1].dts;
        assert!(mine.windows(2).all(joined), "{track}");
    }
}

#[test]
fn seeks_go_back_far_enough_without_key_frame_marks() {
    let video = mp4_writer::video(1000, 48);
    let unmarked = Shape { no_stss: true, ..PLAIN };
    let plain = mp4_writer::file(std::slice::from_ref(&video), &unmarked);
    let index = playback::index(&plain);
    assert_eq!(index.tracks()[0].notes.len(), 1);
    let selection = playback::defaults(&index);
    for time_ms in [0, 5_000, 30_000] {
        let (_, start_ms) = plan::seek(&index, selection, time_ms).unwrap();
        let wanted = time_ms.saturating_sub(10_000);
        assert!(start_ms.abs_diff(wanted) < 200, "{time_ms} {start_ms}");
    }
    assert!(start_index::Builder::new(&index).is_err(), "a start index needs key frames");
    assert_seeks_go_back_in_a_fragmented_file(&plain, selection);
    // A list without entries means the same as no list.
    let mut listed = mp4_writer::file(&[video], &PLAIN);
    let at = listed.windows(4).position(|w| w == b"stss").unwrap();
    listed[at + 8..at + 12].fill(0);
    assert_eq!(playback::remux(&listed, 3_000), playback::remux(&plain, 3_000));
}

/// As one fragment, in which all samples pass for key frames.
fn assert_seeks_go_back_in_a_fragmented_file(plain: &[u8], selection: Selection) {
    let fragmented = playback::remux(plain, 60_000);
    for (time_ms, start_ms) in [(5_000, 0), (30_000, 20_000)] {
        let mut index = playback::index(&fragmented);
        playback::known(&fragmented, &mut index, selection, PlanTarget::Time(time_ms)).unwrap();
        let (_, found) = plan::seek(&index, selection, time_ms).unwrap();
        assert!((start_ms..start_ms + 200).contains(&found), "{time_ms} {found}");
    }
}

#[test]
fn empty_samples_are_not_requested() {
    let (mut video, mut audio) = (mp4_writer::video(60, 12), mp4_writer::audio(100));
    for i in [5, 30, 31, 58, 59] {
        video.units[i].size = 0;
        audio.units[i].size = 0;
    }
    audio.units[98..].iter_mut().for_each(|unit| unit.size = 0);
    for shape in [PLAIN, Shape { chunk: [60, 100], ..PLAIN }, Shape { gap: 300_000, ..PLAIN }] {
        let file = mp4_writer::file(&[video.clone(), audio.clone()], &shape);
        for span_ms in [1, 40, 10_000] {
            let (out, windows) = playback::from(&file, 0, span_ms);
            let ranges = windows.iter().flat_map(|w| &w.fetches).map(|fetch| fetch.range);
            assert!(ranges.into_iter().all(|range| !range.is_empty()));
            let packets = fmp4::packets(&out);
            for (track, made) in [(1, &video), (2, &audio)] {
                let mine = packets.iter().filter(|p| p.track == track && !p.data.is_empty());
                assert_eq!(mine.count(), made.units.iter().filter(|u| u.size > 0).count());
            }
        }
    }
}

#[cfg(feature = "cenc")]
#[test]
fn tracks_that_change_their_key_are_refused() {
    let (path, mut file) =
        remuxed_by_ffmpeg("keys.mp4", "0", &["-movflags", "frag_keyframe+empty_moov"]);
    std::fs::remove_file(path).unwrap();
    // What tells when the first fragment begins becomes one more key.
    let at = file.windows(4).position(|w| w == b"tfdt").unwrap();
    file[at..at + 4].copy_from_slice(b"sgpd");
    file[at + 8..at + 12].copy_from_slice(b"seig");
    let error = playback::index(&file).feed(0, &file).unwrap_err();
    assert_eq!(
        (error.path, error.violation),
        ("moof/traf/sgpd", "track changes its key, which is not supported; 23001-7 § 6")
    );
}
