//! At random times of many films: a start has the packets that ffmpeg reads in the film itself from
//! that key frame on, each at its time.

use std::{
    fs,
    ops::Range,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use edge::{
    http::ByteRange,
    memory::{Memory, send},
};
use mp4::{
    Index, TrackKind, fragment::Payload, limits::AUDIO_LAG_MS_MAX, plan::Window, start_index,
    synth::MoovAt,
};

use crate::{
    corpus_files::{NOT_PROBED, corpus, names},
    ffmpeg::{self, Folder, Seen, adler32},
    fixture::{LongFilm, OWN, get, moov, own_bytes, parts, text},
    fmp4::{self, Packet},
};

/// Of each film. ffprobe takes most of the time: it is run once a position and track.
const POSITIONS: usize = 6;
/// How much of a film a start has behind the requested time.
const FIRST_MS: i64 = 2_000;

const PICTURE: &str = "-f lavfi -i testsrc2=s=160x90:r=24:d=20";
const SOUND: &str = "-f lavfi -i sine=frequency=440:r=48000:d=20";
const H264: &str = "-c:v libx264 -pix_fmt yuv420p -g 48 -bf 3";

/// Films that ffmpeg makes of these: inputs, and how it encodes and writes them.
const MADE: [(&str, &str, &str); 9] = [
    ("plain.mp4", SOUND, "-c:a aac"),
    ("head.mp4", SOUND, "-c:a aac -movflags faststart"),
    ("negative.mp4", SOUND, "-c:a aac -movflags negative_cts_offsets"),
    ("unedited.mp4", SOUND, "-c:a aac -use_editlist 0"),
    ("late.mp4", "-itsoffset 0.3 -f lavfi -i sine=r=44100:d=20", "-c:a libmp3lame"),
    ("open.mp4", SOUND, "-x264-params open-gop=1:bframes=5:b-pyramid=normal -c:a ac3"),
    ("silent.mov", "", ""),
    (
        "hevc.mp4",
        SOUND,
        "-c:v libx265 -x265-params log-level=error:keyint=50 -tag:v hvc1 -c:a libopus",
    ),
    ("vp9.mp4", SOUND, "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a flac -strict -2"),
];

/// Files of the corpus that have no start, and why. `docs/corpus.md` says what they are.
const REFUSED: [(&str, &[&str]); 5] = [
    (
        "without a playable track",
        &[
            "androidx__sample_alac.mp4",
            "androidx__sample_dts_hd_ma.mp4",
            "androidx__ttml-in-mp4_sample.text.mp4",
            "androidx__webvtt-in-mp4_sample.text.mp4",
            "eyevinn__cbcs.mp4",
            "eyevinn__stpp_prog.mp4",
        ],
    ),
    ("of which something is missing", &["androidx__sample_missing_stsd.mp4"]),
    ("does not mark its key frames", &["androidx__checkerboard_854x356_avc_baseline.mp4"]),
    ("moov reaches past the end of the file", &["eyevinn__init_truncated.mp4"]),
    ("the film is cut off", &["mozilla__test_case_1185230.mp4"]),
];

/// Files that ffmpeg reads otherwise, and wrongly: `docs/corpus.md` says how.
const EXPLAINED: [&str; 2] =
    ["androidx__sample_fragmented_clearkey.mp4", "mozilla__no_timescale.mp4"];

/// All films, by name.
fn films(folder: &Folder) -> Vec<(String, Vec<u8>)> {
    let mut films = Vec::new();
    if let Some(corpus) = corpus() {
        let is_read = |name: &String| name != NOT_PROBED && !EXPLAINED.contains(&name.as_str());
        let names = names(&corpus).into_iter().filter(is_read);
        films.extend(names.map(|name| (name.clone(), fs::read(corpus.join(name)).unwrap())));
    }
    for (name, sound, arguments) in MADE {
        let line = [PICTURE, sound, H264, arguments].join(" ");
        let line: Vec<&str> = line.split_whitespace().collect();
        films.push((name.to_owned(), fs::read(folder.make(name, &[&line])).unwrap()));
    }
    let long = LongFilm::new(3, MoovAt::Tail);
    let all = ByteRange { start: 0, end: long.size() };
    films.push(("long.mp4".to_owned(), long.bytes(all)));
    films
}

/// A track that plays, and what ffmpeg sees of it.
struct Source {
    track: usize,
    kind: &'static str,
    timescale: i64,
    packets: Vec<Seen>,
}

fn sources(path: &Path, file: &[u8]) -> Vec<Source> {
    let index = Index::parse(moov(file)).unwrap();
    let chosen = [
        ("v", TrackKind::Video, index.default_video()),
        ("a", TrackKind::Audio, index.default_audio()),
    ];
    let chosen = chosen.into_iter().filter_map(|(kind, is, track)| {
        let track = track?;
        let nth = index.tracks()[..track].iter().filter(|track| track.kind == is).count();
        let mut packets = ffmpeg::packets(path, &format!("{kind}:{nth}"));
        if kind == "v" {
            hold_first_picture(&mut packets);
        }
        let timescale = i64::from(index.tracks()[track].timescale);
        Some(Source { track, kind, timescale, packets })
    });
    chosen.collect()
}

/// The first picture of a track that begins late is shown from 0 on, until the second one is; the rest
/// is decoded no earlier than that one is shown.
fn hold_first_picture(packets: &mut [Seen]) {
    let Some((first, rest)) = packets.split_first_mut().filter(|(first, _)| first.dts > 0) else {
        return;
    };
    (first.pts, first.dts) = (0, 0);
    let shown = rest.iter().map(|packet| packet.pts).min().unwrap_or(0);
    let lift = rest.first().map_or(0, |second| shown - second.dts).max(0);
    for packet in rest {
        packet.dts += lift;
    }
}

fn before_0(packet: &Seen) -> i64 {
    (-packet.dts).max(0)
}

impl Source {
    fn ms(&self, ticks: i64) -> i64 {
        ticks.max(0) * 1000 / self.timescale
    }

    /// How much later its pictures are decoded.
    fn lift(&self) -> i64 {
        self.packets.first().filter(|_| self.kind == "v").map_or(0, before_0)
    }

    /// The packet with which to begin for this time: the last key frame, or sound, at or before it.
    fn begin(&self, at_ms: i64) -> usize {
        let fits = |p: &Seen| p.key && p.pts * 1000 <= at_ms * self.timescale;
        self.packets.iter().rposition(fits).unwrap_or(0)
    }

    /// That a window has these packets: which of the film's they are, or what is wrong.
    fn compare(
        &self,
        ours: &[Packet],
        seen: &[Seen],
        from_ms: i64,
    ) -> Result<Range<usize>, String> {
        let mut begin = self.begin(from_ms);
        let is_video = self.kind == "v";
        if let Some(first) = ours.first().filter(|_| !is_video) {
            // A decoder must have had one or more before it is right: most for Opus, 80 ms.
            let latest = self.packets[begin].pts;
            let near = self.packets[..=begin].iter().rev().map(|p| p.pts).enumerate();
            let mut near = near.take_while(|(n, pts)| *n <= 1 || self.ms(latest - pts) <= 80);
            let back = near.find(|(_, pts)| *pts == first.pts).map(|(n, _)| n);
            begin -= back.ok_or_else(|| format!("sound begins at {}", first.pts))?;
        }
        let all = begin..begin + ours.len();
        let expected = self.packets.get(all.clone()).ok_or("there are more than in the film")?;
        if seen.len() != ours.len() {
            return Err(format!("{} packets, and ffmpeg reads {}", ours.len(), seen.len()));
        }
        // `tfdt` has no sign, so what is decoded before 0 in the film is so later: of pictures all,
        // of sounds those of one fragment.
        let lift = if is_video { self.lift() } else { expected.first().map_or(0, before_0) };
        // To times of a fragmented track ffmpeg adds the most negative composition offset.
        let added = ours.iter().map(|p| p.dts - p.pts).max().unwrap_or(0).max(0);
        for (i, ((our, seen), source)) in ours.iter().zip(seen).zip(expected).enumerate() {
            let theirs = (source.pts, source.dts + lift, source.key, source.size, &*source.adler32);
            let read = (seen.pts - added, seen.dts, seen.key, seen.size, &*seen.adler32);
            let hash = adler32(&our.data);
            let our = (our.pts, our.dts, our.key, our.data.len(), &*hash);
            if our != theirs || read != theirs {
                return Err(format!(
                    "packet {i}: {our:?}, which ffmpeg reads as {read:?}: {theirs:?}"
                ));
            }
        }
        Ok(all)
    }
}

/// Behind its initialization segment, what a window has of a track.
fn played(
    memory: &Memory,
    init: &start_index::TrackInit,
    window: &Window,
    first: &[u8],
) -> Vec<u8> {
    let mut played = init.segment.clone();
    for (n, fetch) in window.fetches.iter().enumerate() {
        let of_track = |fragment: &&mp4::fragment::Fragment| fragment.track == init.track;
        let Some(fragment) = fetch.fragments.iter().find(of_track) else { continue };
        let range = format!("bytes={}-{}", fetch.range.start, fetch.range.end - 1);
        let rest;
        let bytes = if n == 0 {
            first
        } else {
            rest = send(memory, "GET", "/api/v2/media/00ff", &[("range", &range)], Some(b""));
            assert_eq!(rest.status, 206, "{range}");
            &rest.body
        };
        assert_eq!(bytes.len() as u64, fetch.range.len(), "{range}");
        played.extend(&fragment.header);
        let at = |at: u64| usize::try_from(at).unwrap();
        match &fragment.payload {
            Payload::AsIs => played.extend(bytes),
            Payload::Gather(runs) => {
                for run in runs {
                    played.extend(&bytes[at(run.start)..at(run.end)]);
                }
            }
        }
    }
    played
}

/// How many packets are alike at all positions of a film, or why it has no start.
fn look(name: &str, file: &[u8], folder: &Folder) -> Result<usize, String> {
    let memory = own_bytes(file);
    let answer = get(&memory, "start", OWN, "at=0");
    if answer.status != 200 {
        return Err(text(&answer));
    }
    let duration_ms = start_index::decode(parts(&answer).0).unwrap().duration_ms;
    let sources = sources(&folder.write(&format!("film-{name}"), file), file);
    let (mut state, mut count) = (file.len() as u64, 0);
    for _ in 0..POSITIONS {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let at_ms = (state >> 33) % (duration_ms + 500);
        let at = format!("at={}", edge::rules::start_query::seconds(at_ms));
        let answer = get(&memory, "start", OWN, &at);
        let (boxes, bytes) = parts(&answer);
        let answer = start_index::decode(boxes).unwrap();
        let (video, at_ms) = (&sources[0], at_ms.cast_signed());
        let key = &video.packets[video.begin(at_ms)];
        let key_ms = video.ms(key.pts);
        // Sound begins with the picture.
        let mut from_ms = at_ms;
        // A window ends by when its pictures are decoded.
        let mut until_ms =
            Some(video.ms(key.dts + video.lift()) + (at_ms - key_ms).max(0) + FIRST_MS);
        assert_eq!(answer.inits.len(), sources.len(), "{name}");
        for (source, init) in sources.iter().zip(&answer.inits) {
            assert_eq!(init.track, source.track, "{name}");
            let bytes = played(&memory, init, &answer.windows[0], bytes);
            let path = folder.write(&format!("played-{name}"), &bytes);
            let (ours, seen) = (fmp4::packets(&bytes), ffmpeg::packets(&path, source.kind));
            let alike = source.compare(&ours, &seen, from_ms);
            let all = alike.unwrap_or_else(|why| panic!("{name} {} {at}: {why}", source.kind));
            count += all.len();
            let next = source.packets.get(all.end);
            let next_ms = next.map(|next| source.ms(next.dts + source.lift()));
            // Times are in whole milliseconds.
            let ends_early = next_ms.is_some_and(|ms| until_ms.is_none_or(|until| ms + 1 < until));
            assert!(!ends_early, "{name} {} {at}: {next_ms:?}, not {until_ms:?}", source.kind);
            // Sound may lag, but for that of the last pictures.
            until_ms = next_ms.map(|ms| ms - AUDIO_LAG_MS_MAX.cast_signed());
            from_ms = from_ms.min(key_ms);
        }
    }
    Ok(count)
}

#[test]
fn start_at_two_hundred_positions_has_the_packets_that_ffmpeg_reads_from_its_key_frame() {
    let folder = Folder::new("positions");
    let (films, next) = (films(&folder), AtomicUsize::new(0));
    let looks = || {
        let films = std::iter::from_fn(|| films.get(next.fetch_add(1, Ordering::Relaxed)));
        films.map(|(name, file)| (name, look(name, file, &folder))).collect::<Vec<_>>()
    };
    let looked = thread::scope(|scope| {
        let threads = [scope.spawn(looks), scope.spawn(looks)];
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let (mut alike, mut packets) = (0, 0);
    for (name, look) in looked {
        let refused = REFUSED.iter().find(|(_, names)| names.contains(&name.as_str()));
        match (look, refused) {
            (Ok(count), None) => (alike, packets) = (alike + 1, packets + count),
            (Err(said), Some((why, _))) => assert!(said.contains(why), "{name}: {said}"),
            (look, refused) => panic!("{name}: {look:?}, not {refused:?}"),
        }
    }
    println!("{packets} packets at {} positions of {alike} films", alike * POSITIONS);
    let real = films.len() - MADE.len() - 1;
    assert!(real == 0 || alike * POSITIONS >= 200, "{alike} films");
}
