//! Tracks that begin late, end early or have a hole: what is shown and heard there.

use mp4::silence::Silence;
use mp4::start_index::{Builder, StartPosition, StartRequest, plan_from_moov};
use mp4::{Index, init, plan};

use crate::fmp4::{self, Packet};
use crate::mp4_writer::{self, Made, PLAIN};
use crate::start_index::store;
use crate::{ffmpeg, playback};

/// The packets of a track, by when they are shown.
fn shown(file: &[u8], track: u32) -> Vec<Packet> {
    let all = fmp4::packets(&playback::remux(file, 10_000));
    let mut packets: Vec<_> = all.into_iter().filter(|p| p.track == track).collect();
    packets.sort_by_key(|packet| packet.pts);
    packets
}

/// Whether the packets leave no time without a picture from 0 to `end`, but for that of a frame.
fn cover(packets: &[Packet], end: i64) -> bool {
    let mut covered = 0;
    let seams = packets.iter().all(|packet| {
        let joins = packet.pts <= covered + 512;
        covered = covered.max(packet.pts + i64::from(packet.duration));
        joins
    });
    packets[0].pts == 0 && seams && covered >= end
}

/// Pictures for four seconds, and sound for so many frames of 1,024 samples.
fn early_end(frames: u32) -> Vec<u8> {
    mp4_writer::file(&[mp4_writer::video(98, 49), mp4_writer::audio(frames)], &PLAIN)
}

/// Ticks a second of the video that [`mp4_writer`] writes, and of its audio.
fn timescales() -> [i64; 2] {
    [mp4_writer::video(1, 1), mp4_writer::audio(1)].map(|made| i64::from(made.timescale))
}

#[test]
fn last_picture_is_held_and_decoded_again_until_the_film_ends() {
    let file = early_end(90 * 47);
    let index = Index::parse(playback::moov(&file)).unwrap();
    let [video, _] = timescales();
    let packets = shown(&file, 1);
    let end = i64::try_from(index.duration_ms()).unwrap() * video / 1000;
    assert!(cover(&packets, end - 2));
    let last = shown(&early_end(4 * 47), 1).pop().unwrap();
    let long: Vec<_> = packets.iter().filter(|p| i64::from(p.duration) > video * 4).collect();
    assert!(long.len() >= 4 && long.iter().all(|packet| packet.data == last.data));
    assert!(long.iter().all(|packet| i64::from(packet.duration) <= video * 25));
    // A seek into the held picture begins with the key frame in front of it.
    let selection = playback::defaults(&index);
    let (cursor, start_ms) = plan::seek(&index, selection, 70_000).unwrap();
    assert!((44_000..70_000).contains(&start_ms), "{start_ms}");
    assert!(plan::next(&index, selection, cursor, 10_000).unwrap().is_some());
}

#[test]
fn file_that_is_remuxed_has_each_picture_once() {
    let file = early_end(90 * 47);
    let packets = fmp4::packets(&playback::remux_to_file(&file, 10_000));
    assert_eq!(packets.iter().filter(|packet| packet.track == 1).count(), 98);
    assert!(packets.iter().all(|packet| packet.track == 2 || packet.duration < 2_000));
}

#[test]
fn start_index_holds_the_last_picture_for_as_long_as_the_film_goes_on() {
    let file = early_end(15 * 47);
    let index = Index::parse(playback::moov(&file)).unwrap();
    let stored = store(&index);
    let selection = playback::defaults(&index);
    for time in [0, 3_000, 3_900, 9_000, 14_000] {
        let from = StartPosition::Time(time);
        let request = StartRequest { selection, from, span_ms: 10_000, count: 3 };
        let whole = plan_from_moov(&index, request).unwrap();
        assert_eq!(stored.ask(request).unwrap().0, whole, "{time}");
    }
    let [video, _] = timescales();
    assert!(cover(&shown(&file, 1), 14 * video));
    let long = early_end(90 * 47);
    let why = Builder::new(&Index::parse(playback::moov(&long)).unwrap()).err().unwrap();
    assert_eq!(why.violation, "no start index for a film whose pictures end long before its sound");
}

#[test]
fn film_of_one_picture_shows_it_to_its_end() {
    let file = mp4_writer::file(&[mp4_writer::video(1, 1), mp4_writer::audio(90 * 47)], &PLAIN);
    let [video, _] = timescales();
    let packets = shown(&file, 1);
    assert!(cover(&packets, 89 * video) && packets.iter().all(|packet| packet.key));
    assert!(packets.len() >= 4);
}

#[test]
fn sound_with_a_hole_leaves_the_hole_empty() {
    let mut sound: Made = mp4_writer::audio(90 * 47);
    let [_, rate] = timescales();
    sound.units[94].duration += u32::try_from(60 * rate).unwrap();
    let file = mp4_writer::file(&[mp4_writer::video(3600, 48), sound], &PLAIN);
    let packets = shown(&file, 2);
    assert!(
        packets.iter().all(|packet| packet.duration == 1024),
        "a frame is as long as it sounds"
    );
    let hole = packets.iter().zip(&packets[1..]).find(|(a, b)| b.pts - a.pts > rate);
    let (before, after) = hole.unwrap();
    assert_eq!(after.pts - before.pts, 60 * rate + 1024);
}

#[test]
fn silence_is_decoded_as_silence() {
    let folder = ffmpeg::Folder::new("silence");
    let tone = ["-f", "lavfi", "-i", "sine=330:d=1"];
    for (name, codec) in [
        ("mono.mp4", ["-c:a", "aac", "-ac", "1", "-ar", "44100"]),
        ("stereo.mp4", ["-c:a", "aac", "-ac", "2", "-ar", "48000"]),
        ("surround.mp4", ["-c:a", "aac", "-ac", "6", "-ar", "48000"]),
        ("wide.mp4", ["-c:a", "aac", "-ac", "8", "-ar", "48000"]),
        ("opus.mp4", ["-c:a", "libopus", "-ac", "2", "-ar", "48000"]),
        ("opus-surround.mp4", ["-c:a", "libopus", "-ac", "6", "-ar", "48000"]),
    ] {
        let path = folder.make(name, &[&tone, &codec]);
        let file = std::fs::read(&path).unwrap();
        let index = Index::parse(playback::moov(&file)).unwrap();
        let segment = init::write(&index, 0).unwrap();
        let silence = Silence::of(&segment).unwrap();
        let fragment = silence.fragment(0, 5_000);
        let made = folder.write(&format!("silent-{name}"), &[segment, fragment].concat());
        let (length_ms, loudest) = ffmpeg::samples(&made);
        assert!((4_900..=5_000).contains(&length_ms), "{name}: {length_ms} ms");
        assert_eq!(loudest, 0, "{name}");
    }
}
