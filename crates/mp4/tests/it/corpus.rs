//! Every file of the corpus, packet by packet against ffmpeg, or the exact reason why not:
//! `docs/corpus.md` is written from what is seen here, and must say just that.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use mp4::locate::{LocateStep, Locator};
use mp4::plan::Selection;
use mp4::{ByteRange, Error, Index, TrackKind, Unplayable, init, text};

use crate::corpus_files::{NOT_PROBED, corpus, names};
use crate::ffmpeg::{self, Seen, adler32};
use crate::ffmpeg_encoded_files;
use crate::fmp4::{self, Packet};
use crate::playback;

/// Where ffmpeg sees something else, and is the one that is wrong: file, kind, and why.
const EXPLAINED: [(&str, &str, &str); 2] = [
    (
        "androidx__sample_fragmented_clearkey.mp4",
        "audio",
        "it gives the file up at the `senc` box of the video, and sees no packet at all",
    ),
    (
        "mozilla__no_timescale.mp4",
        "video",
        "where `mvhd` has no timescale it drops the edit list, so that the film begins at 166 \
         ticks and not at 0, though the edit needs no timescale",
    ),
];

/// Finds `moov` in a file that is fed in pieces of 100 bytes at the places asked for.
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

/// What is to be said of a file: one line for the whole of it, or one a track.
fn verdict(folder: &Path, name: &str) -> (String, String) {
    let path = folder.join(name);
    let file = std::fs::read(&path).unwrap();
    let moov = match find(&file) {
        Ok(moov) => moov,
        Err(error) => return (String::new(), error.to_string()),
    };
    let mut index = match Index::parse(playback::cut(&file, moov)) {
        Ok(index) => index,
        Err(error) => return (String::new(), error.to_string()),
    };
    index.set_file(moov, Some(file.len() as u64));
    let codecs: Vec<_> = index.tracks().iter().map(|t| t.codec.as_str()).collect();
    let codecs = codecs.join(", ");
    let (end, size) = (index.media_end(), file.len() as u64);
    if index.playable().is_ok() && end > size {
        let why = "the file is cut off: its samples reach to byte";
        return (codecs, format!("{why} {end}, and it ends at {size}"));
    }
    let (mut told, mut streams) = (Vec::new(), Vec::new());
    let written = Written::of(name, &file);
    for (kind, name_of_kind, track_kind, chosen) in [
        ("v", "video", TrackKind::Video, index.default_video()),
        ("a", "audio", TrackKind::Audio, index.default_audio()),
    ] {
        let alike: Vec<_> =
            (0..).zip(index.tracks()).filter(|(_, t)| t.kind == track_kind).collect();
        let Some(track) = chosen else {
            told.extend(
                alike
                    .first()
                    .and_then(|(_, t)| t.playable.as_ref().err())
                    .map(|why| format!("{name_of_kind}: {why}")),
            );
            continue;
        };
        let nth = alike.iter().position(|(i, _)| *i == track).unwrap();
        streams.push(format!("{kind}:{nth}"));
        let equal = compare(&path, &file, track, &written.0, streams.last().unwrap());
        let explained = EXPLAINED.iter().find(|(f, k, _)| (*f, *k) == (name, name_of_kind));
        let line = match (equal, explained) {
            (Ok(count), None) => format!("{name_of_kind}: {count} packets equal"),
            (Err(_), Some((_, _, why))) => format!("{name_of_kind}: ffmpeg differs: {why}"),
            (Err(differs), None) => panic!("{name} {name_of_kind}: {differs}"),
            (Ok(_), Some(_)) => panic!("{name} {name_of_kind}: nothing is to be explained"),
        };
        told.push(line);
    }
    let out = ["v:0", "a:0"].map(str::to_owned);
    let out: Vec<_> =
        out.into_iter().filter(|s| streams.iter().any(|t| t[..1] == s[..1])).collect();
    if !streams.is_empty() && EXPLAINED.iter().all(|(explained, ..)| *explained != name) {
        let (source, seen) = (ffmpeg::frames(&path, &streams), ffmpeg::frames(&written.0, &out));
        assert!(!source.is_empty() && source == seen, "{name}: other frames in the file written");
    }
    if told.is_empty() {
        told.extend(index.playable().err().map(|why| why.to_string()));
    }
    let notes = index.tracks().iter().flat_map(|t| &t.notes);
    told.extend(notes.map(|note| format!("noted: {note}")));
    (codecs, told.join("; "))
}

/// A file as it is written again, until it is looked at no more.
struct Written(PathBuf);

impl Written {
    fn of(name: &str, file: &[u8]) -> Self {
        let path = format!("firstframe-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(path);
        std::fs::write(&path, playback::remux_to_file(file, 10_000)).unwrap();
        Self(path)
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}

/// Plays one track and compares its packets with what ffmpeg sees in the source, and that with
/// what it sees in the file written.
fn compare(
    path: &Path,
    file: &[u8],
    track: usize,
    written: &Path,
    stream: &str,
) -> Result<usize, String> {
    let name = path.file_name().unwrap().to_str().unwrap();
    let number = u32::try_from(track).unwrap() + 1;
    let remuxed = fmp4::packets(&playback::remux(file, 10_000));
    let ours: Vec<Packet> = remuxed.into_iter().filter(|p| p.track == number).collect();
    if name == NOT_PROBED {
        let bytes: Vec<u8> = ours.iter().flat_map(|p| p.data.iter().copied()).collect();
        let same = bytes == ffmpeg::copied(path);
        return if same { Ok(ours.len()) } else { Err("other bytes".to_owned()) };
    }
    let source = ffmpeg::packets(path, stream);
    same_packets(&ours, &source, stream.starts_with('v'))?;
    let (kind, _) = stream.split_once(':').unwrap();
    ffmpeg::assert_same(written, &source, &format!("{kind}:0"));
    Ok(ours.len())
}

#[test]
fn corpus_files_have_the_packets_ffmpeg_reads_or_the_documented_reason() {
    let Some(folder) = corpus() else { return };
    let mut table = "# What becomes of real files\n\n\
        Packets (data, times with edits applied, key frames) as ffprobe sees them in the source,\n\
        or the exact reason why a track is not played. Written by a test:\n\
        `FIRSTFRAME_REWRITE=1 cargo test -p mp4 --test it corpus`.\n\n\
        | file | codecs | what |\n|---|---|---|\n"
        .to_owned();
    for name in names(&folder) {
        let (codecs, told) = verdict(&folder, &name);
        writeln!(table, "| {name} | {codecs} | {told} |").unwrap();
    }
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/corpus.md");
    if std::env::var_os("FIRSTFRAME_REWRITE").is_some() {
        std::fs::write(docs, &table).unwrap();
    }
    let written = std::fs::read_to_string(docs).unwrap_or_default();
    for (now, before) in table.lines().zip(written.lines()) {
        assert_eq!(now, before, "docs/corpus.md is not what is seen (FIRSTFRAME_REWRITE=1)");
    }
    assert_eq!(table.len(), written.len());
}

/// Data, times and key flags, absolutely, by our own reader of what we wrote.
fn same_packets(ours: &[Packet], source: &[Seen], is_video: bool) -> Result<(), String> {
    assert!(!ours.is_empty());
    // Audio before the edit is dropped but for the frame that the first one overlaps with.
    let Some(dropped) = source.len().checked_sub(ours.len()) else {
        return Err(format!("{} packets, and ffmpeg sees {}", ours.len(), source.len()));
    };
    let (before, source) = source.split_at(dropped);
    if before.iter().any(|p| !p.discard) || (dropped > 0 && is_video) {
        return Err(format!("{dropped} packets are not there"));
    }
    // `tfdt` has no sign, so decoding times are later by what they are negative in the source.
    let lift = (-source[0].dts).max(0);
    for (i, (our, seen)) in ours.iter().zip(source).enumerate() {
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
    let told = |name: &str| {
        let file = std::fs::read(folder.join(name)).unwrap();
        let index = Index::parse(playback::moov(&file)).unwrap();
        let told = index.tracks().iter().map(|t| {
            (
                t.mime(),
                t.duration_ms,
                t.sample_count,
                (t.width, t.height),
                (t.channels, t.sample_rate),
            )
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(
        told("eyevinn__bbb_prog_10s.mp4"),
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
    for (name, iv_bytes, samples) in
        [("androidx__sample_fragmented_clearkey.mp4", 16, 30), ("eyevinn__cbcs.mp4", 0, 182)]
    {
        let file = std::fs::read(folder.join(name)).unwrap();
        let index = playback::index(&file);
        let selection = Selection { video: Some(0), audio: None };
        let mut out = init::write(&index, 0).unwrap();
        assert!(out.windows(4).any(|kind| kind == b"pssh") && out.windows(4).any(|k| k == b"tenc"));
        out.extend(playback::of(&file, selection, 0, 10_000).0);
        assert_eq!(ffmpeg_encoded_files::described_samples(&out, [iv_bytes; 2]), samples, "{name}");
    }
}

#[test]
fn cues_are_read_from_plain_and_fragmented_files() {
    let Some(folder) = corpus() else { return };
    for (name, count, first_ms, said) in [
        ("androidx__webvtt-in-mp4_sample.text.mp4", 2, (0, 234), "This is the first subtitle."),
        ("androidx__ttml-in-mp4_sample.text.mp4", 3, (0, 500), "<tt "),
        ("eyevinn__stpp_prog.mp4", 1, (0, 6_000), "<tt "),
        ("androidx__sample_with_chapters.mp4", 3, (0, 201), "Chapter 1"),
    ] {
        let file = std::fs::read(folder.join(name)).unwrap();
        let mut index = playback::index(&file);
        let track = index.tracks().iter().position(|track| track.text.is_some()).unwrap();
        let plan = loop {
            let plan = text::plan(&index, track, 0, 60_000).unwrap();
            let Some(range) = plan.need else { break plan };
            index.feed(range.start, playback::cut(&file, range)).unwrap();
        };
        let mut cues = Vec::new();
        for fetch in &plan.fetches {
            fetch.read(playback::cut(&file, fetch.range), &mut cues).unwrap();
        }
        let first = &cues[0];
        assert!(first.text.contains(said), "{name}: {cues:?}");
        let told = (cues.len(), (first.start_ms, first.end_ms), plan.until_ms);
        assert_eq!(told, (count, first_ms, 60_000), "{name}: {cues:?}");
    }
}
