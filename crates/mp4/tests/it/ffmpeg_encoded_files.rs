//! Files of every codec that Debian's ffmpeg encodes: strings, packets, cues, encryption.

use std::path::Path;
use std::process::Command;

use mp4::cenc::Hole;
use mp4::plan::{self, Selection};
use mp4::text::{self, Cue, TextFormat};
use mp4::{Index, Support, TrackKind, Unplayable, init};

use crate::damaged_files::{Random, damage};
use crate::ffmpeg::{self, Folder};
use crate::fmp4;
use crate::fuzz_targets;
use crate::playback;

const PICTURE: &[&str] = &["-f", "lavfi", "-i", "testsrc2=s=160x90:r=24:d=1"];
const SOUND: &[&str] = &["-f", "lavfi", "-i", "sine=frequency=440:r=48000:d=1"];

/// Encoder, container, the codec string of the track, and whether it plays.
const CODECS: &[(&str, &str, &str, bool)] = &[
    ("-c:v libx264 -pix_fmt yuv420p", "mp4", "avc1.64000a", true),
    ("-c:v libx264 -pix_fmt yuv420p -profile:v baseline -tag:v avc3", "mp4", "avc3.42c00a", true),
    ("-c:v libx265 -x265-params log-level=error -tag:v hev1", "mp4", "hvc1.1.6.L30.90", true),
    (
        "-c:v libx265 -x265-params log-level=error -pix_fmt yuv420p10le -tag:v hvc1",
        "mp4",
        "hvc1.2.4.L30.90",
        true,
    ),
    ("-c:v libvpx-vp9 -deadline realtime -cpu-used 8", "mp4", "vp09.00.10.08.01.02.02.02.00", true),
    ("-c:v libaom-av1 -cpu-used 8 -usage realtime", "mp4", "av01.0.00M.08", true),
    ("-c:v mpeg4", "mp4", "mp4v.20", false),
    ("-c:v mjpeg -pix_fmt yuvj420p", "mov", "jpeg", false),
    ("-c:v prores", "mov", "apcn", false),
    ("-c:a aac", "mp4", "mp4a.40.2", true),
    ("-c:a libmp3lame", "mp4", "mp4a.6B", true),
    ("-c:a libmp3lame", "mov", "mp3", true),
    ("-c:a libopus", "mp4", "opus", true),
    ("-c:a flac -strict -2", "mp4", "flac", true),
    ("-c:a ac3", "mp4", "ac-3", true),
    ("-c:a eac3", "mp4", "ec-3", true),
    ("-c:a alac", "mp4", "alac", false),
    ("-c:a dca -strict -2 -ac 2", "mp4", "mp4a.A9", false),
    ("-c:a libvorbis", "mp4", "mp4a.DD", false),
    ("-c:a pcm_s16le", "mov", "sowt", false),
    ("-c:a pcm_s16be", "mov", "twos", false),
    ("-c:a pcm_s24be", "mov", "in24", false),
    ("-c:a pcm_f32le", "mov", "fl32", false),
    ("-c:a pcm_mulaw", "mov", "ulaw", false),
];

#[test]
fn codecs_have_their_string_and_packets_or_a_reason() {
    let folder = Folder::new("codecs");
    for (i, (arguments, container, codec, plays)) in CODECS.iter().enumerate() {
        let is_video = arguments.starts_with("-c:v");
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let input = if is_video { PICTURE } else { SOUND };
        let made = folder.make(&format!("{i}.{container}"), &[input, &arguments]);
        let file = std::fs::read(&made).unwrap();
        let index = Index::parse(playback::moov(&file)).unwrap();
        let track = &index.tracks()[0];
        assert_eq!(track.codec, *codec, "{arguments:?}");
        if !plays {
            assert_eq!(track.support, Support::Nowhere);
            let reason = index.playable().unwrap_err();
            assert!(matches!(&reason, Unplayable::Codec { code, .. } if code == codec), "{reason}");
            continue;
        }
        assert_eq!(index.playable(), Ok(()), "{codec}");
        assert_ne!(track.support, Support::Nowhere);
        let remuxed = folder.write("remuxed.mp4", &playback::remux_to_file(&file, 400));
        let kind = if is_video { "v" } else { "a" };
        ffmpeg::assert_same(&remuxed, &ffmpeg::packets(&made, kind), kind);
    }
}

#[test]
fn remuxed_files_keep_their_times() {
    let folder = Folder::new("again");
    let input = [PICTURE, SOUND, H264, AAC].concat();
    let made = folder.make("made.mp4", &[&input]);
    let made = made.to_str().unwrap();
    let copy = ["-i", made, "-c", "copy"];
    let middle = ["-ss", "0.55", "-i", made, "-c", "copy"];
    let late = ["-itsoffset", "0.3", "-i", made, "-i", made, "-map", "0:v", "-map", "1:a"];
    for arguments in [
        &copy[..],
        &[&copy[..], &["-movflags", "negative_cts_offsets"]].concat(),
        &[&copy[..], &["-use_editlist", "0"]].concat(),
        &[&late[..], &["-c", "copy"]].concat(),
        &[&late[..], &["-c", "copy", "-movflags", "negative_cts_offsets"]].concat(),
        &[&copy[..], &["-movflags", "frag_keyframe+delay_moov"]].concat(),
        &[&copy[..], &["-movflags", "frag_keyframe+delay_moov+negative_cts_offsets"]].concat(),
        &[&middle[..], &["-movflags", "frag_keyframe+delay_moov"]].concat(),
    ] {
        let source = folder.make("source.mp4", &[arguments]);
        let remuxed = playback::remux_to_file(&std::fs::read(&source).unwrap(), 400);
        let remuxed = folder.write("remuxed.mp4", &remuxed);
        let streams = ["v:0", "a:0"].map(str::to_owned);
        let frames = [&source, &remuxed].map(|file| ffmpeg::frames(file, &streams));
        assert!(!frames[0].is_empty());
        assert_eq!(frames[0], frames[1], "{arguments:?}");
        for stream in streams {
            ffmpeg::assert_same(&remuxed, &ffmpeg::packets(&source, &stream), &stream);
        }
    }
}

const KEY: &str = "76a6c65c5ea762046bd749a2e632ccbb";

/// What ffmpeg decodes, as hashes of frames.
fn decoded(file: &Path) -> Vec<String> {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-decryption_key", KEY, "-i"]).arg(file);
    let output = command.args(["-f", "framemd5", "-"]).output();
    let output = output.unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let frames = text.lines().filter(|line| !line.starts_with('#'));
    frames.map(|line| line.rsplit(',').next().unwrap().to_owned()).collect()
}

fn scrambled(folder: &Folder, tracks: &[&[&str]]) -> Vec<u8> {
    let protection = ["-encryption_scheme", "cenc-aes-ctr", "-encryption_key", KEY];
    let key_id = ["-encryption_kid", "a7e61c373e219033c21091fa607bf3b8"];
    let arguments = [&tracks.concat()[..], &protection, &key_id];
    std::fs::read(folder.make("scrambled.mp4", &arguments)).unwrap()
}

const H264: &[&str] = &["-c:v", "libx264", "-pix_fmt", "yuv420p"];
const AAC: &[&str] = &["-c:a", "aac"];

/// Remuxes encrypted tracks, which are not playable but may be selected.
fn remux_scrambled(file: &[u8], moov: &[u8], is_hollow: bool, span_ms: u64) -> Vec<u8> {
    let index = Index::parse(moov).unwrap();
    assert_eq!((index.default_video(), index.default_audio()), (None, None));
    assert_eq!(index.playable(), Err(Unplayable::Encrypted("cenc".into())));
    let track = |kind| index.tracks().iter().position(|track| track.kind == kind);
    let selection = Selection { video: track(TrackKind::Video), audio: track(TrackKind::Audio) };
    let tracks: Vec<usize> = (0..index.tracks().len()).collect();
    let mut out = init::write_many(&index, &tracks).unwrap();
    let (mut cursor, _) = plan::seek(&index, selection, 0).unwrap();
    while let Some(mut window) = plan::next(&index, selection, cursor, span_ms).unwrap() {
        for fragment in window.fetches.iter_mut().flat_map(|fetch| &mut fetch.fragments) {
            let hole = fragment.hole.take();
            assert_eq!(hole.is_some(), is_hollow);
            for (at, range) in hole.iter().flat_map(Hole::patches) {
                let bytes = playback::cut(file, range);
                fragment.header[at..at + bytes.len()].copy_from_slice(bytes);
            }
        }
        playback::append(file, &window, &mut out);
        cursor = window.next;
    }
    out
}

/// Debian's ffmpeg decrypts the first fragment of a file, if it has one `trun`.
#[test]
#[cfg_attr(not(feature = "cenc"), ignore = "it is about the feature cenc")]
fn encrypted_tracks_are_decrypted_with_their_key() {
    let folder = Folder::new("cenc");
    for (track, codec) in [(&[PICTURE, H264], "avc1.64000a"), (&[SOUND, AAC], "mp4a.40.2")] {
        let file = scrambled(&folder, track);
        let moov = playback::moov(&file);
        assert_eq!(Index::parse(moov).unwrap().tracks()[0].codec, codec);
        let whole = remux_scrambled(&file, moov, false, 10_000);
        // Without `senc`, `saiz` and `saio` say where in the file its content lies.
        let mut hidden = moov.to_vec();
        for at in 0..hidden.len() - 4 {
            if &hidden[at..at + 4] == b"senc" {
                hidden[at..at + 4].copy_from_slice(b"free");
            }
        }
        let fetched = remux_scrambled(&file, &hidden, true, 10_000);
        assert!(fetched == whole, "{codec}");
        let expected = decoded(&folder.write("source.mp4", &file));
        assert!(expected.len() >= 24);
        let whole = decoded(&folder.write("whole.mp4", &whole));
        assert!(whole.ends_with(&expected), "{codec}: ffmpeg leaves out what an edit does");
    }
}

fn number(b: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(b[at..at + 4].try_into().unwrap())
}

/// Track and size of each sample of `moof`, as its auxiliary information has them.
fn described_by(moof: &[u8], iv_len: [usize; 2]) -> Vec<(u32, usize)> {
    let traf = fmp4::find(&moof[8..], &[b"traf"]).unwrap();
    let content = |kind| fmp4::find(traf, &[kind]).unwrap();
    let (senc, [sizes, offsets]) = (content(b"senc"), [b"saiz", b"saio"].map(content));
    assert_eq!(sizes[5..9], senc[4..8], "as many samples");
    let mut at = number(offsets, 8) as usize;
    assert_eq!(&moof[at..at + senc.len() - 8], &senc[8..]);
    let track = number(content(b"tfhd"), 4);
    let describe = |i: usize| {
        let size = if sizes[4] == 0 { sizes[9 + i] } else { sizes[4] };
        let entry = &moof[at..at + usize::from(size)];
        at += entry.len();
        // After the vector and a count: pairs of the bytes in the clear and the bytes encrypted.
        let pairs = entry.get(iv_len[track as usize - 1] + 2..).unwrap_or_default();
        let bytes = pairs
            .chunks(6)
            .map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])) + number(pair, 2));
        (track, bytes.sum::<u32>() as usize)
    };
    (0..number(senc, 4) as usize).map(describe).collect()
}

/// Checks the auxiliary information of each sample in `out`, and returns the number of samples that
/// are partly in the clear. `iv_len` has the size of an initialization vector of each track.
pub(crate) fn described_samples(out: &[u8], iv_len: [usize; 2]) -> usize {
    let moofs = fmp4::boxes(out).into_iter().filter(|(kind, _, _)| kind == b"moof");
    let described: Vec<_> = moofs.flat_map(|(_, _, moof)| described_by(moof, iv_len)).collect();
    let samples: Vec<_> = fmp4::packets(out).iter().map(|p| (p.track, p.data.len())).collect();
    assert_eq!(described.len(), samples.len());
    let is_whole = |(said, sample): (&(u32, usize), &(u32, usize))| {
        // Sound is encrypted as a whole.
        assert!(said == sample || *said == (2, 0), "{said:?} {sample:?}");
        said == sample
    };
    described.iter().zip(&samples).filter(|pair| is_whole(*pair)).count()
}

#[test]
#[cfg_attr(not(feature = "cenc"), ignore = "it is about the feature cenc")]
fn auxiliary_information_lies_where_saio_points() {
    let folder = Folder::new("saio");
    let file = scrambled(&folder, &[PICTURE, SOUND, H264, AAC]);
    let out = remux_scrambled(&file, playback::moov(&file), false, 300);
    assert_eq!(described_samples(&out, [8, 8]), 24);
    // Fragments have it in their own boxes.
    let file = out;
    for span_ms in [200, 10_000] {
        let index = playback::index(&file);
        let selection = Selection { video: Some(0), audio: Some(1) };
        let mut again = init::write_many(&index, &[0, 1]).unwrap();
        again.extend(playback::of(&file, selection, 0, span_ms).0);
        assert_eq!(described_samples(&again, [8, 8]), 24);
    }
}

const SUBTITLES: &str = "1\n00:00:00,100 --> 00:00:00,400\nHello\nthere\n\n\
                         2\n00:00:00,400 --> 00:00:00,900\nZwei äöü\n";
const CHAPTERS: &str = ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=400\ntitle=Début\n\
                        [CHAPTER]\nTIMEBASE=1/1000\nSTART=400\nEND=1000\ntitle=Fin\n";

fn cues(file: &[u8], track: usize, (from_ms, to_ms): (u64, u64)) -> Vec<Cue> {
    let index = Index::parse(playback::moov(file)).unwrap();
    let plan = text::plan(&index, track, from_ms, to_ms).unwrap();
    assert_eq!(plan.until_ms, to_ms);
    let mut cues = Vec::new();
    for fetch in &plan.fetches {
        fetch.read(playback::cut(file, fetch.range), &mut cues).unwrap();
    }
    cues
}

fn shown(cues: &[Cue]) -> Vec<(u64, u64, &str)> {
    cues.iter().map(|cue| (cue.start_ms, cue.end_ms, cue.text.as_str())).collect()
}

#[test]
fn subtitles_are_timed_cues() {
    let folder = Folder::new("text");
    let srt = folder.write("in.srt", SUBTITLES.as_bytes());
    let input = ["-i", srt.to_str().unwrap(), "-c:v", "libx264"];
    let tx3g = folder.make("tx3g.mp4", &[PICTURE, &input, &["-c:s", "mov_text"]]);
    let file = std::fs::read(tx3g).unwrap();
    let both = [(100, 400, "Hello\nthere"), (400, 900, "Zwei äöü")];
    assert_eq!(shown(&cues(&file, 1, (0, 1_000))), both);
    assert_eq!(shown(&cues(&file, 1, (500, 600))), both[1..]);
    assert_eq!(shown(&cues(&file, 1, (0, 400))), both[..1]);
    assert_eq!(cues(&file, 1, (950, 1_000)), []);
    let stpp = folder.make("stpp.mp4", &[PICTURE, &input, &["-c:s", "ttml"]]);
    let file = std::fs::read(stpp).unwrap();
    let index = Index::parse(playback::moov(&file)).unwrap();
    assert_eq!(index.tracks()[1].text, Some(TextFormat::Ttml));
    let documents = cues(&file, 1, (0, 1_000));
    assert!(documents.iter().all(|cue| cue.text.contains("<tt")));
    assert!(documents.iter().any(|cue| cue.text.contains("Zwei äöü")));
    assert!(text::plan(&index, 0, 0, 1_000).is_err(), "pictures are no text");
}

#[test]
fn chapters_of_both_kinds_are_listed() {
    let folder = Folder::new("chapters");
    let given = folder.write("in.txt", CHAPTERS.as_bytes());
    let input = ["-i", given.to_str().unwrap(), "-map_metadata", "1", "-c:v", "libx264"];
    let file = std::fs::read(folder.make("chapters.mp4", &[PICTURE, &input])).unwrap();
    let index = Index::parse(playback::moov(&file)).unwrap();
    let text::Chapters { track, listed } = text::chapters(&index);
    let both = [(0, 400, "Début"), (400, 1_000, "Fin")];
    assert_eq!(shown(&listed), both);
    assert_eq!(shown(&cues(&file, track.unwrap(), (0, 1_000))), both);
    let plain = folder.make("plain.mp4", &[PICTURE, &["-c:v", "libx264"]]);
    let plain = std::fs::read(plain).unwrap();
    let none = text::chapters(&Index::parse(playback::moov(&plain)).unwrap());
    assert_eq!((none.track, none.listed.len()), (None, 0));
}

#[test]
fn damaged_files_of_unusual_kinds_cause_no_panic() {
    let folder = Folder::new("damaged");
    let srt = folder.write("in.srt", SUBTITLES.as_bytes());
    let given = folder.write("in.txt", CHAPTERS.as_bytes());
    let inputs = ["-i", srt.to_str().unwrap(), "-i", given.to_str().unwrap()];
    let outputs = ["-map_metadata", "2", "-c:v", "libx265", "-x265-params", "log-level=error"];
    let text = folder.make("text.mp4", &[PICTURE, &inputs, &outputs, &["-c:s", "mov_text"]]);
    let files = [std::fs::read(text).unwrap(), scrambled(&folder, &[PICTURE, SOUND, H264, AAC])];
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for file in &files {
        let moov = playback::moov(file);
        for _ in 0..3000 {
            let damaged = damage(&mut random, moov);
            fuzz_targets::index(&damaged);
            fuzz_targets::write_init(&damaged);
            fuzz_targets::plan(&damaged);
            // Its offsets are those of a whole file: what they name is there, or is not.
            let tail = file.len() - moov.len();
            fuzz_targets::cues(&[&file[..tail], &damaged].concat());
        }
    }
}
