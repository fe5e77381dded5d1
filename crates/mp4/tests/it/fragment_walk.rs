//! Fragmented files as plain ones: what a walk over their `moof` boxes gathers has the packets that
//! ffmpeg reads, and a start index is built of it.

use mp4::start_index::{self, FragmentWalk, StartPosition, StartRequest};
use mp4::{ByteRange, Error, Index, init, plan};

use crate::corpus_files::{cases, corpus};
use crate::ffmpeg::{self, Folder, adler32};
use crate::fmp4::{self, Packet};
use crate::fragmented_files::{MAKES, make};
use crate::mp4_writer;
use crate::playback;
use crate::start_index::{Stored, store};

/// Walks over a file in memory, and counts the bytes that were read.
fn walk(file: &[u8]) -> Result<(Index<Vec<u8>>, u64), Error> {
    let moov = playback::moov(file);
    let start = (moov.as_ptr().addr() - file.as_ptr().addr()) as u64;
    let index = Index::parse(moov.to_vec()).unwrap();
    let place = ByteRange::of(start, moov.len() as u64);
    let mut walk = FragmentWalk::new(index, place, file.len() as u64)?;
    let (mut read, mut before) = (0, None);
    while let Some(range) = walk.need() {
        assert_ne!(before, Some(range), "what was fed is not needed again");
        walk.feed(range.start, playback::cut(file, range))?;
        (before, read) = (Some(range), read + range.len());
    }
    Ok((walk.finish()?, read))
}

/// The whole film as a `SourceBuffer` takes it, planned on an index of all samples.
fn remux(file: &[u8], index: &Index<Vec<u8>>) -> Vec<Packet> {
    let selection = playback::defaults(index);
    let (cursor, _) = plan::seek(index, selection, 0).unwrap();
    fmp4::packets(&playback::on(file, index, selection, cursor, 10_000).0)
}

fn of(packets: &[Packet], track: usize) -> Vec<&Packet> {
    let number = u32::try_from(track).unwrap() + 1;
    packets.iter().filter(|p| p.track == number).collect()
}

#[test]
fn gathered_samples_are_the_packets_that_ffmpeg_reads() {
    for (flags, more) in MAKES {
        let (path, file) = make("walk", flags, more);
        let (index, read) = walk(&file).unwrap();
        assert!(!index.is_fragmented());
        assert!(flags.contains("every_frame") || read < file.len() as u64, "{flags}: {read}");
        let packets = remux(&file, &index);
        for (kind, track) in [("v:0", index.default_video()), ("a:0", index.default_audio())] {
            let ours = of(&packets, track.unwrap());
            let seen = ffmpeg::packets(&path, kind);
            // Audio in front of 0 is dropped but for the frame before the first.
            assert!(ours.len() > 100 && ours.len() <= seen.len(), "{flags} {kind}");
            assert!(seen.len() - ours.len() <= 3, "{flags} {kind}: {} {}", seen.len(), ours.len());
            let seen = &seen[seen.len() - ours.len()..];
            let negative = kind == "v:0" && (flags.contains("cmaf") || flags.contains("negative"));
            let late = if negative { 1024 } else { 0 };
            for (i, (our, seen)) in ours.iter().zip(seen).enumerate() {
                let is = (our.pts + late, our.key, adler32(&our.data));
                assert_eq!(is, (seen.pts, seen.key, seen.adler32.clone()), "{flags} {kind} {i}");
            }
        }
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn start_indexes_of_fragmented_files_plan_what_their_samples_do() {
    for (flags, more) in MAKES {
        let (path, file) = make("stored", flags, more);
        std::fs::remove_file(path).unwrap();
        let (index, _) = walk(&file).unwrap();
        assert!(index.duration_ms().abs_diff(16_000) < 100, "{flags}: {}", index.duration_ms());
        let stored = store(&index);
        let selection = playback::defaults(&index);
        for time_ms in (0..index.duration_ms() + 500).step_by(499) {
            let from = StartPosition::Time(time_ms);
            let ask = StartRequest { selection, from, span_ms: 4_000, count: 2 };
            let whole = start_index::plan_from_moov(&index, ask).unwrap();
            assert_eq!(stored.ask(ask).unwrap().0, whole, "{flags} at {time_ms}");
            // The same picture as on the fragments themselves.
            let mut direct = playback::index(&file);
            let target = plan::PlanTarget::Time(time_ms);
            playback::known(&file, &mut direct, selection, target).unwrap();
            let (_, start_ms) = plan::seek(&direct, selection, time_ms).unwrap();
            assert_eq!(whole.start_ms, start_ms, "{flags} at {time_ms}");
        }
    }
}

#[test]
fn cases_and_corpus_have_the_length_and_the_packets_of_ffmpeg() {
    let films = [
        (cases(), "c12-frag-audio-mfra.mp4", 90_021),
        (cases(), "c13-frag-no-index.mp4", 120_083),
        (corpus(), "androidx__sample_fragmented.mp4", 1_068),
        (corpus(), "androidx__sample_fragmented_seekable_multiple_sidx.mp4", 20_000),
    ];
    for (folder, name, duration_ms) in films {
        let Some(folder) = folder else { continue };
        let file = std::fs::read(folder.join(name)).unwrap();
        let (index, _) = walk(&file).unwrap();
        let found = index.duration_ms();
        assert!(found.abs_diff(duration_ms) <= 1, "{name}: {found}");
        let packets = remux(&file, &index);
        for (kind, track) in [("v:0", index.default_video()), ("a:0", index.default_audio())] {
            let Some(track) = track else { continue };
            let ours = of(&packets, track);
            let seen = ffmpeg::packets(&folder.join(name), kind);
            assert!(!ours.is_empty() && seen.len() - ours.len() <= 1, "{name} {kind}");
            let seen = &seen[seen.len() - ours.len()..];
            for (i, (our, seen)) in ours.iter().zip(seen).enumerate() {
                let is = (our.pts, our.key, adler32(&our.data));
                assert_eq!(is, (seen.pts, seen.key, seen.adler32.clone()), "{name} {kind} {i}");
            }
        }
    }
}

#[test]
fn samples_without_durations_are_spread_over_their_fragments() {
    let (path, mut file) = make("zero", "frag_keyframe+empty_moov+default_base_moof", &[]);
    std::fs::remove_file(path).unwrap();
    let whole = remux(&file, &walk(&file).unwrap().0);
    zero_durations(&mut file, &[b"trex", b"tfhd", b"trun"]);
    let (index, _) = walk(&file).unwrap();
    assert!(index.duration_ms().abs_diff(16_000) < 200, "{}", index.duration_ms());
    let packets = remux(&file, &index);
    for track in [0, 1] {
        let (ours, whole) = (of(&packets, track), of(&whole, track));
        let late = ours.iter().zip(&whole).map(|(our, whole)| (our.dts - whole.dts).abs());
        // The source's first frame of audio lasts 83 ms longer than the others.
        assert!(ours.len() == whole.len() && late.max().unwrap() < 4_000, "track {track}");
    }
}

#[test]
fn samples_without_durations_last_as_long_as_those_of_the_first_fragment() {
    for flags in ["", "+separate_moof"] {
        let flags = format!("frag_keyframe+empty_moov+default_base_moof+skip_trailer{flags}");
        let (path, mut file) = make("later-zero", &flags, &[]);
        std::fs::remove_file(path).unwrap();
        let whole = fmp4::packets(&playback::remux(&file, 10_000));
        let moofs = file.windows(4).enumerate().filter(|(_, kind)| kind == b"moof");
        let third = moofs.map(|(at, _)| at).nth(2).unwrap();
        zero_durations(&mut file[third..], &[b"tfhd"]);
        let packets = fmp4::packets(&playback::remux(&file, 10_000));
        for track in [0, 1] {
            let (ours, whole) = (of(&packets, track), of(&whole, track));
            let late = ours.iter().zip(&whole).map(|(our, whole)| (our.dts - whole.dts).abs());
            assert!(ours.len() == whole.len() && late.max().unwrap() < 4_000, "{flags} {track}");
        }
    }
}

/// Sets the durations of samples to 0 in boxes of these kinds: `trex`, `tfhd` and `trun` have some.
fn zero_durations(file: &mut [u8], kinds: &[&[u8; 4]]) {
    let be32 = |file: &[u8], at: usize| u32::from_be_bytes(file[at..at + 4].try_into().unwrap());
    let all: Vec<usize> = (4..file.len() - 40).collect();
    for at in all {
        let kind: [u8; 4] = file[at..at + 4].try_into().unwrap();
        let flags = be32(file, at + 4) & 0xff_ffff;
        match &kind {
            kind if !kinds.contains(&kind) => {}
            b"trex" => file[at + 16..at + 20].fill(0),
            b"tfhd" if flags & 0x8 != 0 => {
                let skipped = [1, 2].iter().filter(|bit| flags & *bit != 0);
                let at = at + 12 + skipped.map(|bit| if *bit == 1 { 8 } else { 4 }).sum::<usize>();
                file[at..at + 4].fill(0);
            }
            b"trun" if flags & 0x100 != 0 => {
                let count = be32(file, at + 8) as usize;
                let width = 4 * (flags >> 8 & 0xf).count_ones() as usize;
                let first = at + 12 + 4 * (flags & 5).count_ones() as usize;
                for sample in 0..count {
                    file[first + sample * width..][..4].fill(0);
                }
            }
            _ => {}
        }
    }
}

#[test]
fn walk_reads_no_media_of_large_fragments() {
    let folder = Folder::new("large-fragments");
    let noise: &[&str] = &["-f", "lavfi", "-i", "testsrc2=s=640x360:r=24:d=20"];
    let coded: &[&str] = &["-c:v", "libx264", "-preset", "ultrafast", "-qp", "10", "-g", "48"];
    let fragments: &[&str] = &["-movflags", "frag_keyframe+empty_moov+skip_trailer"];
    let path = folder.make("film.mp4", &[noise, coded, fragments]);
    let file = std::fs::read(path).unwrap();
    let (index, read) = walk(&file).unwrap();
    assert_eq!(index.tracks()[0].sample_count, 480);
    let moofs = fmp4::boxes(&file).iter().filter(|(kind, ..)| kind == b"moof").count() as u64;
    assert!(read <= (moofs + 1) * 2 * (16 << 10), "{read} bytes of {}", file.len());
    assert!(init::write(&index, 0).is_ok());
}

#[test]
fn small_boxes_cannot_claim_more_samples_than_the_file_has_bytes() {
    let (path, file) = make("claims", "frag_keyframe+empty_moov+default_base_moof", &[]);
    std::fs::remove_file(path).unwrap();
    let end = file.windows(4).position(|four| four == b"moof").unwrap() - 4;
    let trun = [0_u32, 0x7472_756e, 0, 1 << 18];
    let tfhd = [16_u32, 0x7466_6864, 0x2_0000, 1];
    let tfhd: Vec<u8> = tfhd.iter().flat_map(|n| n.to_be_bytes()).collect();
    let mut trun: Vec<u8> = trun.iter().flat_map(|n| n.to_be_bytes()).collect();
    trun[3] = 16;
    let traf = mp4_writer::boxed(*b"traf", &[&tfhd, &trun]);
    let moof = mp4_writer::boxed(*b"moof", &[&traf]);
    let mut claims = file[..end].to_vec();
    for _ in 0..40 {
        claims.extend(&moof);
    }
    let error = walk(&claims).unwrap_err();
    assert!(error.violation.contains("over one sample a byte"), "{error}");
}

#[test]
fn film_that_begins_at_an_hour_is_shown_from_zero() {
    let Some(folder) = cases() else { return };
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let (late, plain) = (read("c15-frag-begins-at-1h.mp4"), read("c13-frag-no-index.mp4"));
    let expected = remux(&plain, &walk(&plain).unwrap().0);
    let (index, _) = walk(&late).unwrap();
    assert_eq!(index.offset_ms(), 3_600_000);
    assert!(index.duration_ms().abs_diff(120_083) <= 1, "{}", index.duration_ms());
    assert!(remux(&late, &index) == expected, "as the same film whose tfdt begins at 0");
    let stored = store(&index);
    let selection = playback::defaults(&index);
    let ask =
        StartRequest { selection, from: StartPosition::Time(60_500), span_ms: 4_000, count: 1 };
    let (start, _) = stored.ask(ask).unwrap();
    assert_eq!(start.offset_ms, 3_600_000);
    assert!((58_000..=60_500).contains(&start.start_ms), "{}", start.start_ms);
    assert_eq!(start_index::decode(&start_index::encode(&start)), Ok(start));
    // Without the walk: the first moof tells it.
    let mut direct = playback::index(&late).from_zero();
    playback::known(&late, &mut direct, selection, plan::PlanTarget::Time(60_500)).unwrap();
    assert_eq!(direct.offset_ms(), 3_600_000);
    assert!(direct.duration_ms().abs_diff(120_083) <= 1, "{}", direct.duration_ms());
    assert_eq!(plan::seek(&direct, selection, 60_500).unwrap().1, start_ms(&stored, ask));
}

fn start_ms(stored: &Stored, ask: StartRequest) -> u64 {
    stored.ask(ask).unwrap().0.start_ms
}
