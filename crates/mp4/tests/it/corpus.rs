//! The corpus: each file's packets equal those that ffprobe reads, or the file is refused with a reason.
//! These tests write `docs/corpus.md`, and fail where it differs from their results.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use mp4::locate::{LocateStep, Locator};
use mp4::plan::Selection;
use mp4::text::{self, Cue};
use mp4::{ByteRange, Error, Index, TrackKind, Unplayable, init};

use crate::corpus_files::{NOT_PROBED, corpus, names};
use crate::ffmpeg::{self, Seen, adler32};
use crate::ffmpeg_encoded_files;
use crate::fmp4::{self, Packet};
use crate::playback;

/// Tracks that ffmpeg reads otherwise, and wrongly: file, kind and explanation.
const EXPLAINED: [(&str, &str, &str); 2] = [
    (
        "androidx__sample_fragmented_clearkey.mp4",
        "audio",
        "it stops at the `senc` box of the video, and reads no packet",
    ),
    (
        "mozilla__no_timescale.mp4",
        "video",
        "without a timescale in `mvhd` it drops the edit list, so the film begins at 166 ticks and \
         not at 0, though the edit needs no timescale",
    ),
];

/// Finds `moov`, feeding at most 100 bytes of each range that the locator needs.
fn find(file: &[u8]) -> Result<ByteRange, Error> {
    let mut locator = Locator::new(Some(file.len() as u64));
    loop {
        match locator.next()? {
            LocateStep::Need(range) => {
                let end = range.end.min(range.start + 100);
                locator.feed(range.start, playback::cut(file, ByteRange { end, ..range }));
            }
            LocateStep::Moov(range) => return Ok(range),
        }
    }
}

fn parse(file: &[u8]) -> Result<Index<&[u8]>, Error> {
    let moov = find(file)?;
    let mut index = Index::parse(playback::cut(file, moov))?;
    index.set_file(moov, Some(file.len() as u64));
    Ok(index)
}

/// The codecs of a file's tracks, and the results of its tracks, or the error of the whole file.
fn codecs_and_results(folder: &Path, name: &str) -> (String, String) {
    let path = folder.join(name);
    let file = std::fs::read(&path).unwrap();
    let index = match parse(&file) {
        Ok(index) => index,
        Err(error) => return (String::new(), error.to_string()),
    };
    let codecs: Vec<_> = index.tracks().iter().map(|t| t.codec.as_str()).collect();
    let (end, size) = (index.media_end(), file.len() as u64);
    let results = if index.playable().is_ok() && end > size {
        format!("the file is cut off: its samples reach to byte {end}, and it ends at {size}")
    } else {
        track_results(&path, &file, &index).join("; ")
    };
    (codecs.join(", "), results)
}

fn track_results(path: &Path, file: &[u8], index: &Index<&[u8]>) -> Vec<String> {
    let name = path.file_name().unwrap().to_str().unwrap();
    let remuxed = RemuxedFile::new(name, file);
    let (mut results, mut streams) = (Vec::new(), Vec::new());
    for (kind, default) in
        [(TrackKind::Video, index.default_video()), (TrackKind::Audio, index.default_audio())]
    {
        let (letter, label) =
            if kind == TrackKind::Video { ("v", "video") } else { ("a", "audio") };
        let mut alike = (0..).zip(index.tracks()).filter(|(_, t)| t.kind == kind);
        if let Some(track) = default {
            let stream = format!("{letter}:{}", alike.position(|(i, _)| i == track).unwrap());
            let equal = compare(path, file, track, &remuxed.0, &stream);
            results.push(comparison(name, label, equal));
            streams.push(stream);
        } else if let Some((_, first)) = alike.next() {
            results.extend(first.playable.as_ref().err().map(|why| format!("{label}: {why}")));
        }
    }
    assert_same_frames(path, &remuxed.0, &streams);
    if results.is_empty() {
        results.extend(index.playable().err().map(|why| why.to_string()));
    }
    let notes = index.tracks().iter().flat_map(|t| &t.notes);
    results.extend(notes.map(|note| format!("noted: {note}")));
    results
}

/// The result of a comparison; panics where it has neither the expected packets nor an explanation.
fn comparison(name: &str, label: &str, equal: Result<usize, String>) -> String {
    let explained = EXPLAINED.iter().find(|(file, kind, _)| (*file, *kind) == (name, label));
    match (equal, explained) {
        (Ok(count), None) => format!("{label}: {count} packets equal"),
        (Err(_), Some((_, _, why))) => format!("{label}: ffmpeg differs: {why}"),
        (Err(differs), None) => panic!("{name} {label}: {differs}"),
        (Ok(_), Some(_)) => panic!("{name} {label}: equal packets need no explanation"),
    }
}

/// Asserts that ffmpeg reads the same frames from the remuxed file as from these streams of its source.
fn assert_same_frames(source: &Path, remuxed: &Path, streams: &[String]) {
    let name = source.file_name().unwrap().to_str().unwrap();
    if streams.is_empty() || EXPLAINED.iter().any(|(explained, ..)| *explained == name) {
        return;
    }
    let first: Vec<_> = streams.iter().map(|stream| format!("{}:0", &stream[..1])).collect();
    let (expected, seen) = (ffmpeg::frames(source, streams), ffmpeg::frames(remuxed, &first));
    assert!(!expected.is_empty() && expected == seen, "{name}: the remuxed file has other frames");
}

/// A remuxed file on disk, removed on drop.
struct RemuxedFile(PathBuf);

impl RemuxedFile {
    fn new(name: &str, file: &[u8]) -> Self {
        let path = format!("firstframe-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(path);
        std::fs::write(&path, playback::remux_to_file(file, 10_000)).unwrap();
        Self(path)
    }
}

impl Drop for RemuxedFile {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}

/// Compares a track's remuxed packets with those that ffprobe reads from the source, and those with
/// the packets that it reads from the remuxed file; returns their count.
fn compare(
    path: &Path,
    file: &[u8],
    track: usize,
    remuxed: &Path,
    stream: &str,
) -> Result<usize, String> {
    let name = path.file_name().unwrap().to_str().unwrap();
    let number = u32::try_from(track).unwrap() + 1;
    let packets = fmp4::packets(&playback::remux(file, 10_000));
    let ours: Vec<Packet> = packets.into_iter().filter(|p| p.track == number).collect();
    if name == NOT_PROBED {
        let bytes: Vec<u8> = ours.iter().flat_map(|p| p.data.iter().copied()).collect();
        let same = bytes == ffmpeg::copied(path);
        return if same { Ok(ours.len()) } else { Err("other bytes".to_owned()) };
    }
    let source = ffmpeg::packets(path, stream);
    same_packets(&ours, &source, stream.starts_with('v'))?;
    let (kind, _) = stream.split_once(':').unwrap();
    ffmpeg::assert_same(remuxed, &source, &format!("{kind}:0"));
    Ok(ours.len())
}

#[test]
fn corpus_files_have_the_packets_ffmpeg_reads_or_the_documented_reason() {
    let Some(folder) = corpus() else { return };
    let mut table = "# Results for real files\n\n\
        A test remuxes each playable track and compares its packets (data, times with edits applied,\n\
        key frames) with those that ffprobe reads from the source. A track that is not playable has\n\
        the reason instead. The test writes this table:\n\
        `FIRSTFRAME_REWRITE=1 cargo test -p mp4 --test it corpus`.\n\n\
        | file | codecs | result |\n|---|---|---|\n"
        .to_owned();
    for name in names(&folder) {
        let (codecs, results) = codecs_and_results(&folder, &name);
        writeln!(table, "| {name} | {codecs} | {results} |").unwrap();
    }
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/corpus.md");
    if std::env::var_os("FIRSTFRAME_REWRITE").is_some() {
        std::fs::write(docs, &table).unwrap();
    }
    let committed = std::fs::read_to_string(docs).unwrap_or_default();
    for (now, before) in table.lines().zip(committed.lines()) {
        assert_eq!(
            now, before,
            "docs/corpus.md differs from the results: set FIRSTFRAME_REWRITE=1"
        );
    }
    assert_eq!(table.len(), committed.len());
}

/// Compares data, times and key flags; `ours` comes from the tests' own reader of fragmented files.
fn same_packets(ours: &[Packet], source: &[Seen], is_video: bool) -> Result<(), String> {
    assert!(!ours.is_empty());
    // Audio before the edit is dropped but for the frame that the first one overlaps with.
    let Some(dropped) = source.len().checked_sub(ours.len()) else {
        return Err(format!("{} packets, and ffmpeg sees {}", ours.len(), source.len()));
    };
    let (before, source) = source.split_at(dropped);
    if before.iter().any(|p| !p.discard) || (dropped > 0 && is_video) {
        return Err(format!("{dropped} packets are missing"));
    }
    // `tfdt` has no sign, so negative decoding times of the source are shifted to 0.
    let mut lift = (-source[0].dts).max(0);
    // The first picture of a track that begins late is shown from 0 on, until the second one is.
    let leads = is_video && source[0].pts > 0 && (ours[0].pts, ours[0].dts) == (0, 0);
    if leads {
        let second = source[1..].iter().map(|p| p.pts).min().unwrap();
        lift = (second - source[1].dts).max(0);
    }
    for (i, (our, seen)) in ours.iter().zip(source).enumerate().skip(usize::from(leads)) {
        let late = our.dts - seen.dts;
        let in_time = late == lift || (late == 0 && !is_video);
        let same = (our.pts, our.key) == (seen.pts, seen.key) && in_time;
        if !same || adler32(&our.data) != seen.adler32 {
            let our = (our.pts, our.dts, our.key, our.data.len());
            return Err(format!("packet {i}: {our:?} is not {seen:?}, lift {lift}"));
        }
    }
    Ok(())
}

#[test]
fn tracks_describe_codec_size_and_language() {
    let Some(folder) = corpus() else { return };
    let file = std::fs::read(folder.join("eyevinn__bbb_prog_10s.mp4")).unwrap();
    let index = Index::parse(playback::moov(&file)).unwrap();
    let described = index.tracks().iter().map(|t| {
        let (size, sound) = ((t.width, t.height), (t.channels, t.sample_rate));
        (t.mime(), t.duration_ms, t.sample_count, size, sound)
    });
    assert_eq!(
        described.collect::<Vec<_>>(),
        [
            ("video/mp4; codecs=\"avc1.64000d\"".into(), 9917, 238, (320, 240), (0, 0)),
            ("audio/mp4; codecs=\"mp4a.40.2\"".into(), 9900, 428, (0, 0), (2, 44100)),
        ]
    );
    let file = std::fs::read(folder.join("androidx__sample_dts_hd_ma.mp4")).unwrap();
    let index = Index::parse(playback::moov(&file)).unwrap();
    assert!(index.default_video().is_none() && index.default_audio().is_none());
    assert!(matches!(index.playable(), Err(Unplayable::Codec { name: "DTS", .. })));
}

#[test]
#[cfg_attr(not(feature = "cenc"), ignore = "it is about the feature cenc")]
fn encrypted_fragments_keep_their_auxiliary_information() {
    let Some(folder) = corpus() else { return };
    for (name, iv_len, samples) in
        [("androidx__sample_fragmented_clearkey.mp4", 16, 30), ("eyevinn__cbcs.mp4", 0, 182)]
    {
        let file = std::fs::read(folder.join(name)).unwrap();
        let index = playback::index(&file);
        let selection = Selection { video: Some(0), audio: None };
        let mut out = init::write(&index, 0).unwrap();
        assert!(out.windows(4).any(|kind| kind == b"pssh") && out.windows(4).any(|k| k == b"tenc"));
        out.extend(playback::of(&file, selection, 0, 10_000).0);
        assert_eq!(ffmpeg_encoded_files::described_samples(&out, [iv_len; 2]), samples, "{name}");
    }
}

/// The cues of the first minute, and the time up to which they were read.
fn cues(file: &[u8], index: &mut Index<&[u8]>, track: usize) -> (Vec<Cue>, u64) {
    let plan = loop {
        let plan = text::plan(index, track, 0, 60_000).unwrap();
        let Some(range) = plan.need else { break plan };
        index.feed(range.start, playback::cut(file, range)).unwrap();
    };
    let mut cues = Vec::new();
    for fetch in &plan.fetches {
        fetch.read(playback::cut(file, fetch.range), &mut cues).unwrap();
    }
    (cues, plan.until_ms)
}

#[test]
fn cues_are_read_from_plain_and_fragmented_files() {
    let Some(folder) = corpus() else { return };
    for (name, count, first_ms, text) in [
        ("androidx__webvtt-in-mp4_sample.text.mp4", 2, (0, 234), "This is the first subtitle."),
        ("androidx__ttml-in-mp4_sample.text.mp4", 3, (0, 500), "<tt "),
        ("eyevinn__stpp_prog.mp4", 1, (0, 6_000), "<tt "),
        ("androidx__sample_with_chapters.mp4", 3, (0, 201), "Chapter 1"),
    ] {
        let file = std::fs::read(folder.join(name)).unwrap();
        let mut index = playback::index(&file);
        let track = index.tracks().iter().position(|track| track.text.is_some()).unwrap();
        let (cues, until_ms) = cues(&file, &mut index, track);
        let first = &cues[0];
        assert!(first.text.contains(text), "{name}: {cues:?}");
        let seen = (cues.len(), (first.start_ms, first.end_ms), until_ms);
        assert_eq!(seen, (count, first_ms, 60_000), "{name}: {cues:?}");
    }
}
