//! ffprobe as the oracle: what packets a file has, with edits applied.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A packet as ffmpeg sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) pts: i64,
    pub(crate) dts: i64,
    pub(crate) size: usize,
    pub(crate) key: bool,
    /// Decoded, but not shown.
    pub(crate) discard: bool,
    pub(crate) adler32: String,
}

/// The packets of a stream, as `v:0` or `a:1`.
pub(crate) fn packets(file: &Path, stream: &str) -> Vec<Seen> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-show_packets", "-show_data_hash", "adler32"])
        .args(["-show_entries", "packet=pts,dts,size,flags,data_hash", "-of", "compact=p=0"])
        .args(["-select_streams", stream])
        .arg(file)
        .output()
        .expect("ffprobe is needed to check against; install it: apt-get install ffmpeg");
    let text = String::from_utf8(output.stdout).unwrap();
    // Side data breaks lines; a packet's hash is its last field all the same.
    let fields: Vec<&str> = text.split(['|', '\n']).filter(|field| field.contains('=')).collect();
    fields.split_inclusive(|field| field.starts_with("data_hash=")).map(seen).collect()
}

/// Asserts that a remuxed file has the packets of its source, each at its time.
pub(crate) fn assert_same(remuxed: &Path, source: &[Seen], stream: &str) {
    let seen = packets(remuxed, stream);
    assert_eq!(seen.len(), source.len(), "{} {stream}", remuxed.display());
    for (i, (seen, source)) in seen.iter().zip(source).enumerate() {
        // ffmpeg marks no packet of a fragmented track as discarded, even in files of its own.
        let source = Seen { discard: seen.discard, ..source.clone() };
        assert_eq!(*seen, source, "{} {stream}: packet {i}", remuxed.display());
    }
}

/// What `-f framehash -c copy` has of these streams, without the durations: of a fragmented track
/// ffmpeg guesses them.
pub(crate) fn frames(file: &Path, streams: &[String]) -> Vec<String> {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-i"]).arg(file);
    command.args(streams.iter().flat_map(|stream| ["-map", stream]));
    command.args(["-c", "copy", "-f", "framehash", "-hash", "adler32", "-"]);
    let output = command.output().expect("ffmpeg is needed to check against").stdout;
    let text = String::from_utf8(output).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let frames = lines.map(|line| {
        let mut fields: Vec<_> = line.split(',').map(str::trim).collect();
        fields.remove(3);
        fields.join(" ")
    });
    frames.collect()
}

/// The bytes of all packets of the first audio stream, one behind the other.
pub(crate) fn copied(file: &Path) -> Vec<u8> {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "quiet", "-i"]).arg(file);
    command.args(["-map", "0:a:0", "-c", "copy", "-f", "data", "-"]);
    command.output().expect("ffmpeg is needed to check against").stdout
}

/// How many milliseconds of sound a file has, and the loudest sample of its mix.
pub(crate) fn samples(file: &Path) -> (u64, u16) {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-i"]).arg(file);
    command.args(["-ac", "1", "-ar", "48000", "-f", "s16le", "-"]);
    let output = command.output().expect("ffmpeg is needed to check against");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{}", file.display());
    let loud =
        output.stdout.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]]).unsigned_abs());
    (output.stdout.len() as u64 / 96, loud.max().unwrap_or(0))
}

fn seen(fields: &[&str]) -> Seen {
    let field = |name: &str| {
        let found = fields.iter().find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
        found.unwrap_or_else(|| panic!("no {name} in {fields:?}"))
    };
    let flags = field("flags");
    Seen {
        pts: field("pts").parse().unwrap(),
        dts: field("dts").parse().unwrap(),
        size: field("size").parse().unwrap(),
        key: flags.contains('K'),
        discard: flags.contains('D'),
        adler32: field("data_hash").to_lowercase(),
    }
}

/// As ffprobe writes it.
pub(crate) fn adler32(data: &[u8]) -> String {
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in data {
        a = (a + u32::from(*byte)) % 65521;
        b = (b + a) % 65521;
    }
    format!("adler32:{:08x}", b << 16 | a)
}

/// A folder of its own, gone at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("firstframe-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let file = self.0.join(name);
        std::fs::write(&file, bytes).unwrap();
        file
    }

    /// Has ffmpeg make a file.
    pub(crate) fn make(&self, name: &str, arguments: &[&[&str]]) -> PathBuf {
        let file = self.0.join(name);
        let mut command = Command::new("ffmpeg");
        command.env("SVT_LOG", "0").args(["-v", "error", "-y"]).args(arguments.concat());
        let output = command.arg(&file).output().expect("ffmpeg is needed: apt-get install ffmpeg");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
