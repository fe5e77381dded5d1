//! Odd but legal files, as real muxers write them: each told apart, and played as it is meant.

use std::path::PathBuf;
use std::process::Command;

use mp4::plan::{self, PlanTarget};
use mp4::start_index;

use crate::ffmpeg::{self, adler32};
use crate::fmp4::{self, Packet};
use crate::make::{self, PLAIN, Shape};
use crate::play;

const CLIP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../local-runtime/demo/clip.mp4");

/// What ffmpeg makes of the clip from `from` seconds on.
fn written(name: &str, from: &str, arguments: &[&str]) -> (PathBuf, Vec<u8>) {
    let path = std::env::temp_dir().join(format!("firstframe-{}-{name}", std::process::id()));
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y", "-ss", from, "-i", CLIP, "-c", "copy"]).args(arguments);
    let made = command.arg(&path).status();
    assert!(made.expect("ffmpeg is needed to make odd files").success(), "{name}");
    let file = std::fs::read(&path).unwrap();
    (path, file)
}

fn video(packets: &[Packet]) -> Vec<&Packet> {
    packets.iter().filter(|p| p.track == 1).collect()
}

#[test]
fn pictures_in_front_of_an_edit_are_not_seen_in_fragmented_files_either() {
    let flags = ["-movflags", "frag_keyframe+delay_moov", "-frag_duration", "250000"];
    let (path, file) = written("cut.mp4", "1.3", &flags);
    let seen = ffmpeg::packets(&path, "v:0");
    std::fs::remove_file(path).unwrap();
    for span_ms in [100, 10_000] {
        let packets = fmp4::packets(&play::remux(&file, span_ms));
        let ours = video(&packets);
        assert_eq!(ours.len(), seen.len());
        let squeezed = ours.iter().filter(|p| p.duration == 1).count();
        assert!(squeezed > 10, "{squeezed} of {}", ours.len());
        for (our, seen) in ours.iter().zip(&seen) {
            assert_eq!(adler32(&our.data), seen.adler32);
            let early = i64::try_from(squeezed).unwrap();
            assert!(if seen.pts < 0 { (0..early).contains(&our.pts) } else { our.pts == seen.pts });
        }
        let decoded: Vec<_> = ours.iter().map(|p| p.dts).collect();
        assert!(decoded.is_sorted_by(|a, b| a < b));
    }
}

#[test]
fn tracks_that_take_turns_go_on_where_they_were() {
    // Smooth Streaming: a `moof` a track, and no `tfdt`.
    let (path, smooth) = written("turns.ismv", "0", &["-f", "ismv"]);
    std::fs::remove_file(path).unwrap();
    assert!(smooth.windows(4).all(|w| w != b"tfdt"));
    let packets = fmp4::packets(&play::remux(&smooth, 10_000));
    for track in [1, 2] {
        let mine: Vec<&Packet> = packets.iter().filter(|p| p.track == track).collect();
        assert!(mine.len() > 10);
        assert_eq!(mine[0].dts, 0);
        let joined = |two: &[&Packet]| two[0].dts + i64::from(two[0].duration) == two[1].dts;
        assert!(mine.windows(2).all(joined), "{track}");
    }
}

#[test]
fn a_seek_goes_far_enough_back_where_no_picture_is_said_to_be_a_key_frame() {
    let video = make::video(1000, 48);
    let untold = Shape { no_stss: true, ..PLAIN };
    let plain = make::file(std::slice::from_ref(&video), &untold);
    let index = play::index(&plain);
    assert_eq!(index.tracks()[0].notes.len(), 1);
    let selection = play::defaults(&index);
    for time_ms in [0, 5_000, 30_000] {
        let (_, start_ms) = plan::seek(&index, selection, time_ms).unwrap();
        let wanted = time_ms.saturating_sub(10_000);
        assert!(start_ms.abs_diff(wanted) < 200, "{time_ms} {start_ms}");
    }
    assert!(start_index::Builder::new(&index).is_err(), "what is stored has key frames");
    // The same as a fragmented file, one fragment of all: all of its samples pass for key frames.
    let fragmented = play::remux(&plain, 60_000);
    for (time_ms, start_ms) in [(5_000, 0), (30_000, 20_000)] {
        let mut index = play::index(&fragmented);
        play::known(&fragmented, &mut index, selection, PlanTarget::Time(time_ms)).unwrap();
        let (_, found) = plan::seek(&index, selection, time_ms).unwrap();
        assert!((start_ms..start_ms + 200).contains(&found), "{time_ms} {found}");
    }
    // Where there is a list, and nothing on it, it is the same.
    let mut listed = make::file(&[video], &PLAIN);
    let at = listed.windows(4).position(|w| w == b"stss").unwrap();
    listed[at + 8..at + 12].fill(0);
    assert_eq!(play::remux(&listed, 3_000), play::remux(&plain, 3_000));
}

#[test]
fn samples_without_a_byte_are_not_asked_for() {
    let (mut video, mut audio) = (make::video(60, 12), make::audio(100));
    for i in [5, 30, 31, 58, 59] {
        video.units[i].size = 0;
        audio.units[i].size = 0;
    }
    audio.units[98..].iter_mut().for_each(|unit| unit.size = 0);
    for shape in [PLAIN, Shape { chunk: [60, 100], ..PLAIN }, Shape { gap: 300_000, ..PLAIN }] {
        let file = make::file(&[video.clone(), audio.clone()], &shape);
        for span_ms in [1, 40, 10_000] {
            let (out, windows) = play::from(&file, 0, span_ms);
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
fn keys_that_change_within_a_track_are_refused_and_named() {
    let (path, mut file) = written("keys.mp4", "0", &["-movflags", "frag_keyframe+empty_moov"]);
    std::fs::remove_file(path).unwrap();
    // What tells when the first fragment begins becomes one more key.
    let at = file.windows(4).position(|w| w == b"tfdt").unwrap();
    file[at..at + 4].copy_from_slice(b"sgpd");
    file[at + 8..at + 12].copy_from_slice(b"seig");
    let error = play::index(&file).feed(0, &file).unwrap_err();
    assert_eq!(
        (error.path, error.violation),
        ("moof/traf/sgpd", "track changes its key, which is not supported; 23001-7 § 6")
    );
}
