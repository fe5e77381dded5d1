//! Packets of remuxed films are those that ffmpeg reads in the Matroska files.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use matroska::Scan;
use mp4::fragment::Payload;
use mp4::plan::{self, Selection};
use mp4::{Index, init};

type Anyhow<T> = Result<T, Box<dyn Error>>;

const PICTURES: &str = "testsrc2=size=320x180:rate=24000/1001:duration=12";
const TONE: &str = "sine=frequency=330:sample_rate=48000:duration=12";

/// Name, ending, and the encoders' arguments.
const FILMS: [(&str, &str, &str); 6] = [
    ("h264-aac", "mkv", "-c:v libx264 -preset veryfast -g 48 -bf 3 -pix_fmt yuv420p -c:a aac"),
    ("h264-opus", "mkv", "-c:v libx264 -preset veryfast -g 48 -pix_fmt yuv420p -c:a libopus"),
    ("h264-flac", "mkv", "-c:v libx264 -preset veryfast -g 48 -bf 2 -pix_fmt yuv420p -c:a flac"),
    ("h264-mp3", "mkv", "-c:v libx264 -preset veryfast -g 24 -pix_fmt yuv420p -c:a libmp3lame"),
    ("vp9-opus", "webm", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 48 -c:a libopus"),
    (
        "live",
        "mkv",
        "-c:v libx264 -preset veryfast -g 48 -bf 3 -pix_fmt yuv420p -c:a aac -f matroska -live 1",
    ),
];

/// One packet: time in milliseconds, whether it is a key frame, and a hash of its bytes.
#[derive(Debug, PartialEq)]
struct Packet {
    ms: i64,
    is_key: bool,
    hash: String,
}

fn run(program: &str, arguments: &[&str]) -> Anyhow<String> {
    let done = Command::new(program).args(arguments).output()?;
    if !done.status.success() {
        return Err(format!("{program}: {}", String::from_utf8_lossy(&done.stderr)).into());
    }
    Ok(String::from_utf8(done.stdout)?)
}

/// The packets of the first stream of a kind, `v` or `a`.
fn packets(path: &Path, kind: &str) -> Anyhow<Vec<Packet>> {
    let path = path.to_str().ok_or("path")?;
    let entries = "packet=pts_time,flags,data_hash";
    let text = run(
        "ffprobe",
        &[
            "-v",
            "error",
            "-select_streams",
            kind,
            "-show_packets",
            "-show_data_hash",
            "crc32",
            "-show_entries",
            entries,
            "-of",
            "compact=p=0",
            path,
        ],
    )?;
    let field = |line: &str, name: &str| {
        let found = line.split('|').find_map(|part| part.strip_prefix(name));
        found.map(str::to_owned).ok_or_else(|| format!("no {name} in {line}"))
    };
    let packet = |line: &str| -> Anyhow<Packet> {
        let seconds: f64 = field(line, "pts_time=")?.parse()?;
        #[expect(clippy::cast_possible_truncation, reason = "a few seconds")]
        let ms = (seconds * 1000.0).round() as i64;
        let is_key = field(line, "flags=")?.starts_with('K');
        // ffprobe prints no hash of a packet that says how much of it to discard.
        Ok(Packet { ms, is_key, hash: field(line, "data_hash=").unwrap_or_default() })
    };
    text.lines().filter(|line| line.contains("pts_time")).map(packet).collect()
}

/// The film with headers in front of its own bytes, as a player appends it.
fn remuxed(film: &[u8]) -> Anyhow<Vec<u8>> {
    let mut scan = Scan::new(film.len() as u64);
    while let Some(range) = scan.need() {
        scan.feed(range.start, cut(film, range.start, range.end)?)?;
    }
    assert!(!scan.is_cut(), "the film is whole");
    let index = Index::parse(scan.moov()?)?;
    let selection = Selection { video: index.default_video(), audio: index.default_audio() };
    assert!(selection.video.is_some() && selection.audio.is_some(), "{:?}", index.tracks());
    let mut out = init::write_many(&index, &[0, 1])?;
    let (mut cursor, _) = plan::seek(&index, selection, 0)?;
    while let Some(window) = plan::next(&index, selection, cursor, 4_000)? {
        for fetch in &window.fetches {
            let bytes = cut(film, fetch.range.start, fetch.range.end)?;
            for fragment in &fetch.fragments {
                out.extend(&fragment.header);
                match &fragment.payload {
                    Payload::AsIs => out.extend(bytes),
                    Payload::Gather(runs) => {
                        for run in runs {
                            out.extend(cut(bytes, run.start, run.end)?);
                        }
                    }
                }
            }
        }
        cursor = window.next;
    }
    Ok(out)
}

fn cut(bytes: &[u8], start: u64, end: u64) -> Anyhow<&[u8]> {
    let range = usize::try_from(start)?..usize::try_from(end)?;
    bytes.get(range).ok_or_else(|| "range outside of the film".into())
}

fn made(folder: &Path, (name, ending, codecs): (&str, &str, &str)) -> Anyhow<PathBuf> {
    let path = folder.join(format!("{name}.{ending}"));
    let inputs = ["-v", "error", "-y", "-f", "lavfi", "-i", PICTURES, "-f", "lavfi", "-i", TONE];
    let mut arguments: Vec<&str> = inputs.to_vec();
    arguments.extend(codecs.split(' '));
    arguments.push(path.to_str().ok_or("path")?);
    run("ffmpeg", &arguments)?;
    Ok(path)
}

#[test]
fn packets_of_remuxed_films_are_those_of_ffmpeg() -> Anyhow<()> {
    let folder = tempfile::tempdir()?;
    for film in FILMS {
        let path = made(folder.path(), film)?;
        let again = folder.path().join("again.mp4");
        fs::write(&again, remuxed(&fs::read(&path)?)?)?;
        for kind in ["v", "a"] {
            let (wanted, got) = (packets(&path, kind)?, packets(&again, kind)?);
            assert_eq!(wanted.len(), got.len(), "{film:?} {kind}");
            // ffmpeg reads the times of all but the first packet later, by the deepest negative offset.
            let shift = got[1].ms - wanted[1].ms;
            for (at, (wanted, got)) in wanted.iter().zip(&got).enumerate() {
                let has_hash = !wanted.hash.is_empty() && !got.hash.is_empty();
                assert!(wanted.hash == got.hash || !has_hash, "{film:?} {kind} {at}");
                assert_eq!(wanted.is_key, got.is_key, "{film:?} {kind} {at}");
                let difference = (got.ms - shift - wanted.ms).abs();
                assert!(difference <= 3 || at == 0, "{film:?} {kind} {at}: {wanted:?} {got:?}");
            }
        }
    }
    Ok(())
}
