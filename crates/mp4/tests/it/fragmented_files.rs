//! Fragmented files that ffmpeg makes of the demo's clip, with an index at the head, at the tail, with
//! none, and half in `moov`: their packets, and seeks to any time.

use std::path::PathBuf;
use std::process::Command;

use mp4::init;
use mp4::plan::{self, PlanTarget};
use proptest::prelude::*;

use crate::ffmpeg::{self, adler32};
use crate::fmp4::{self, Packet};
use crate::mp4_writer::{self, PLAIN};
use crate::playback;

const CLIP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../local-runtime/demo/clip.mp4");

/// `-movflags` of ffmpeg, and further arguments.
pub(crate) const MAKES: [(&str, &[&str]); 10] = [
    ("frag_keyframe+empty_moov+default_base_moof", &[]),
    ("frag_keyframe+empty_moov+default_base_moof+skip_trailer", &[]),
    ("frag_keyframe+empty_moov", &[]),
    ("frag_keyframe", &[]),
    ("frag_keyframe+skip_trailer", &[]),
    ("dash+global_sidx", &["-frag_duration", "500000"]),
    ("dash+frag_keyframe", &[]),
    ("cmaf+frag_every_frame+skip_trailer", &[]),
    ("frag_keyframe+separate_moof+omit_tfhd_offset+empty_moov", &["-frag_duration", "300000"]),
    ("empty_moov+default_base_moof+negative_cts_offsets", &["-frag_size", "30000"]),
];

pub(crate) fn make(test: &str, flags: &str, more: &[&str]) -> (PathBuf, Vec<u8>) {
    let name = format!("firstframe-{}-{test}-{}.mp4", std::process::id(), flags.replace('+', "-"));
    let path = std::env::temp_dir().join(name);
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-i", CLIP, "-c", "copy", "-movflags", flags])
        .args(more)
        .arg(&path)
        .status();
    assert!(made.expect("ffmpeg is needed to make fragmented files").success(), "{flags}");
    let file = std::fs::read(&path).unwrap();
    (path, file)
}

#[test]
fn fragmented_files_have_the_packets_ffmpeg_reads() {
    for (flags, more) in MAKES {
        let (path, file) = make("packets", flags, more);
        let packets = fmp4::packets(&playback::remux(&file, 10_000));
        let index = playback::index(&file);
        for (kind, track) in [("v:0", index.default_video()), ("a:0", index.default_audio())] {
            let number = u32::try_from(track.unwrap()).unwrap() + 1;
            let ours: Vec<_> = packets.iter().filter(|p| p.track == number).collect();
            let seen = ffmpeg::packets(&path, kind);
            // Audio in front of 0 is dropped but for the frame before the first.
            assert!(seen.len() >= ours.len(), "{flags} {kind}: {} {}", seen.len(), ours.len());
            let seen = &seen[seen.len() - ours.len()..];
            assert!(ours.len() > 100, "{flags}");
            // ffmpeg shows what has negative composition offsets later, by the most negative one.
            let negative = kind == "v:0" && (flags.contains("cmaf") || flags.contains("negative"));
            let late = if negative { 1024 } else { 0 };
            for (i, (our, seen)) in ours.iter().zip(seen).enumerate() {
                let is = (our.pts + late, our.key, adler32(&our.data));
                assert_eq!(is, (seen.pts, seen.key, seen.adler32.clone()), "{flags} {kind} {i}");
            }
        }
        let remuxed = path.with_extension("again.mp4");
        std::fs::write(&remuxed, playback::remux_to_file(&file, 10_000)).unwrap();
        for kind in ["v:0", "a:0"] {
            ffmpeg::assert_same(&remuxed, &ffmpeg::packets(&path, kind), kind);
        }
        std::fs::remove_file(path).unwrap();
        std::fs::remove_file(remuxed).unwrap();
    }
}

#[test]
fn seeks_in_files_of_ffmpeg_find_the_key_frame_without_media_bytes() {
    for (flags, more) in MAKES {
        let (path, file) = make("seeks", flags, more);
        let all = fmp4::packets(&playback::remux(&file, 10_000));
        let video: Vec<_> = all.iter().filter(|p| p.track == 1).collect();
        let scale = u64::from(playback::index(&file).tracks()[0].timescale);
        let last = video.iter().map(|p| p.pts).max().unwrap();
        let last_ms = u64::try_from(last).unwrap() * 1000 / scale;
        for time_ms in (0..last_ms + 500).step_by(997) {
            let mut index = playback::index(&file);
            let selection = playback::defaults(&index);
            let read =
                playback::known(&file, &mut index, selection, PlanTarget::Time(time_ms)).unwrap();
            let (cursor, start_ms) = plan::seek(&index, selection, time_ms).unwrap();
            let time = i64::try_from(time_ms * scale / 1000).unwrap();
            let key = video.iter().rfind(|p| p.key && p.pts <= time).unwrap_or(&video[0]);
            let key_ms = u64::try_from(key.pts).unwrap() * 1000 / scale;
            assert_eq!(start_ms, key_ms, "{flags} at {time_ms}");
            if !flags.contains("skip_trailer") {
                assert!(read <= file.len() as u64 / 4, "{flags} at {time_ms}: {read} bytes");
            }
            let (played, _) = playback::from(&file, time_ms, 3_000);
            let played = fmp4::packets(&played);
            let from = played.iter().position(|p| p.track == 1).unwrap();
            assert_eq!(played[from].data, key.data, "{flags} at {time_ms}");
            let rest = played.iter().filter(|p| p.track == 1).count();
            let behind = video.iter().position(|p| p.dts == key.dts).unwrap();
            assert_eq!(rest, video.len() - behind, "{flags} at {time_ms}");
            let sound = played.iter().filter(|p| p.track == 2).map(|p| p.pts).min();
            let wanted = time_ms.min(key_ms) * 48;
            assert!(sound.is_none_or(|at| at <= i64::try_from(wanted).unwrap()), "{flags}");
            drop((index, cursor));
        }
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn searches_in_vain_end() {
    // Two fragments, far apart: a `free` box between them has nothing to find.
    let (path, file) = make("vain", "frag_keyframe+empty_moov+default_base_moof+skip_trailer", &[]);
    std::fs::remove_file(path).unwrap();
    let all = fmp4::boxes(&file);
    let moofs: Vec<_> = all.iter().filter(|b| &b.0 == b"moof").map(|b| b.1).collect();
    let last = *moofs.last().unwrap();
    let mut sparse = file[..moofs[1]].to_vec();
    let free = 64_u32 << 20;
    sparse.extend(free.to_be_bytes());
    sparse.extend(b"free");
    sparse.resize(sparse.len() + free as usize - 8, 0);
    sparse.extend(&file[last..]);
    let mut index = playback::index(&sparse);
    let selection = playback::defaults(&index);
    // `known` asserts that nothing is needed twice.
    for time_ms in [0, 8_000, 15_900, u64::MAX] {
        let read =
            playback::known(&sparse, &mut index, selection, PlanTarget::Time(time_ms)).unwrap();
        assert!(read < 24 << 20, "{time_ms}: {read}");
        plan::seek(&index, selection, time_ms).unwrap();
    }
    assert!(index.duration_ms().abs_diff(16_000) < 200, "{}", index.duration_ms());
}

/// As they are shown, whatever was done to decoding times to keep them positive.
fn shown(packets: &[Packet]) -> Vec<(u32, i64, bool, &[u8])> {
    packets.iter().map(|p| (p.track, p.pts, p.key, p.data.as_slice())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn written_fragments_are_read_back_equal(
        frames in 1..200_u32,
        sounds in 1..300_u32,
        span_ms in 50..5_000_u64,
        again_ms in 50..5_000_u64,
    ) {
        let film = mp4_writer::file(&[mp4_writer::video(frames, 24), mp4_writer::audio(sounds)], &PLAIN);
        let once = playback::remux(&film, span_ms);
        let twice = playback::remux(&once, again_ms);
        let (once, twice) = (fmp4::packets(&once), fmp4::packets(&twice));
        for track in [1, 2] {
            let of = |packets: &[Packet]| {
                packets.iter().filter(|p| p.track == track).cloned().collect::<Vec<_>>()
            };
            let (once, twice) = (of(&once), of(&twice));
            // Sound before 0 is moved to 0, and stays there.
            let once: Vec<_> = shown(&once).into_iter().filter(|p| p.1 >= 0).collect();
            let twice: Vec<_> = shown(&twice).into_iter().filter(|p| p.1 >= 0).collect();
            prop_assert_eq!(once, twice);
        }
    }

    #[test]
    fn pieces_fed_beforehand_change_no_result(
        cuts in prop::collection::vec((0..1_000_000_usize, 0..20_000_usize), 0..40),
        span_ms in 200..3_000_u64,
    ) {
        let film = mp4_writer::file(&[mp4_writer::video(480, 48), mp4_writer::audio(940)], &PLAIN);
        let file = playback::remux(&film, span_ms);
        let whole = fmp4::packets(&playback::remux(&file, 10_000));
        let mut index = playback::index(&file);
        for (at, len) in cuts {
            let at = at % file.len();
            let piece = &file[at..file.len().min(at + len)];
            // Pieces that begin inside media are ignored.
            index.feed(at as u64, piece).unwrap();
        }
        let selection = playback::defaults(&index);
        let mut out = init::write_many(&index, &[0, 1]).unwrap();
        let (mut cursor, _) = {
            playback::known(&file, &mut index, selection, PlanTarget::Time(0)).unwrap();
            plan::seek(&index, selection, 0).unwrap()
        };
        loop {
            playback::known(&file, &mut index, selection, PlanTarget::Window(cursor)).unwrap();
            let window = plan::next(&index, selection, cursor, 10_000).unwrap();
            let Some(window) = window else { break };
            playback::append(&file, &window, &mut out);
            cursor = window.next;
        }
        let cut = fmp4::packets(&out);
        for track in [1, 2] {
            let of = |packets: &[Packet]| {
                packets.iter().filter(|p| p.track == track).cloned().collect::<Vec<_>>()
            };
            let (whole, cut) = (of(&whole), of(&cut));
            prop_assert_eq!(shown(&whole), shown(&cut));
        }
    }
}
