//! The programs that read a film by its URL, and how each says how much of it it has got.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::servers::{FILM, Subject};

/// A program, and how it is called. In its words, `{url}`, `{1m}` and `{4m}` are URLs of the film,
/// `{out}` is a file that does not exist, and `{folder}` its folder.
pub(crate) struct Client {
    pub(crate) name: &'static str,
    /// The Debian package that has it.
    pub(crate) package: &'static str,
    pub(crate) words: &'static [&'static str],
    pub(crate) measure: Measure,
}

/// How much of a film a client has got.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Measure {
    /// It writes the film's bytes to `{out}`.
    Bytes,
    /// The same, where it finds the first bytes there and goes on.
    Rest,
    /// It writes a line for each frame or packet to `{out}`.
    LinesOfFile,
    /// It prints a line for each frame.
    Lines,
    /// It writes a film to `{out}`, whose pictures are counted.
    Pictures,
    /// It prints how many milliseconds it has played.
    Milliseconds,
}

/// Bytes that a broken download has left: no multiple of a block.
const FOUND_BYTES: usize = 1_000_003;
/// No client needs longer, on a loaded machine.
const TIMEOUT_S: &str = "180";

#[rustfmt::skip]
pub(crate) const CLIENTS: [Client; 16] = [
    Client { name: "curl", package: "curl", measure: Measure::Bytes,
        words: &["curl", "-sSf", "-o", "{out}", "{url}"] },
    Client { name: "curl -C -", package: "curl", measure: Measure::Rest,
        words: &["curl", "-sSf", "-C", "-", "-o", "{out}", "{url}"] },
    Client { name: "wget -c", package: "wget", measure: Measure::Rest,
        words: &["wget", "-q", "-c", "-O", "{out}", "{url}"] },
    Client { name: "aria2c -x16", package: "aria2", measure: Measure::Bytes,
        words: &["aria2c", "-q", "--no-conf", "-x16", "-s16", "-k1M", "-d", "{folder}", "-o", "out", "{url}"] },
    Client { name: "axel", package: "axel", measure: Measure::Bytes,
        words: &["axel", "-q", "-n", "8", "-o", "{out}", "{url}"] },
    Client { name: "rclone copyurl", package: "rclone", measure: Measure::Bytes,
        words: &["rclone", "--config", "/dev/null", "copyurl", "{url}", "{out}"] },
    Client { name: "yt-dlp", package: "yt-dlp", measure: Measure::Bytes,
        words: &["yt-dlp", "--ignore-config", "-q", "--no-part", "-o", "{out}", "{url}"] },
    Client { name: "nginx `slice 1m` in front", package: "nginx", measure: Measure::Bytes,
        words: &["curl", "-sSf", "-o", "{out}", "{1m}"] },
    Client { name: "nginx `slice 4m` in front", package: "nginx", measure: Measure::Bytes,
        words: &["curl", "-sSf", "-o", "{out}", "{4m}"] },
    Client { name: "ffmpeg", package: "ffmpeg", measure: Measure::LinesOfFile,
        words: &["ffmpeg", "-nostdin", "-v", "error", "-i", "{url}", "-map", "0", "-c", "copy", "-f", "framemd5", "{out}"] },
    Client { name: "mpv", package: "mpv", measure: Measure::LinesOfFile,
        words: &["mpv", "--no-config", "--really-quiet", "--no-audio", "--o={out}", "--of=framemd5", "--ovc=rawvideo", "{url}"] },
    Client { name: "MPlayer", package: "mplayer", measure: Measure::LinesOfFile,
        words: &["mplayer", "-really-quiet", "-nolirc", "-nosound", "-benchmark", "-vo", "md5sum:outfile={out}", "{url}"] },
    // VLC refuses to run as root.
    Client { name: "VLC", package: "vlc-bin", measure: Measure::Pictures,
        words: &["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "cvlc", "-q", "-I", "dummy", "{url}", "--sout", "#std{access=file,mux=ts,dst={out}}", "vlc://quit"] },
    Client { name: "GStreamer uridecodebin", package: "gstreamer1.0-tools", measure: Measure::Lines,
        words: &["gst-launch-1.0", "-q", "uridecodebin", "uri={url}", "name=film",
            "film.", "!", "queue", "!", "videoconvert", "!", "checksumsink", "sync=false",
            "film.", "!", "queue", "!", "audioconvert", "!", "fakesink", "sync=false"] },
    Client { name: "Chromium `<video>`", package: "chromium", measure: Measure::Milliseconds,
        words: &["node", "tests/node/clients/video-element.mjs", "chromium", "{url}"] },
    Client { name: "Firefox `<video>`", package: "firefox-esr", measure: Measure::Milliseconds,
        words: &["node", "tests/node/clients/video-element.mjs", "firefox", "{url}"] },
];

impl Client {
    /// Reads the film of `subject`. Returns how much it has got: bytes, lines, pictures or
    /// milliseconds. Bytes that are not those of the film are an error.
    pub(crate) fn run(&self, subject: &Subject, folder: &Path) -> Result<u64> {
        let out = self.output_file(folder)?;
        let output = self.command(subject, &out)?.output()?;
        ensure!(output.status.success(), "{}", reason(&output));
        match self.measure {
            Measure::Bytes | Measure::Rest => right_bytes(&out, folder),
            Measure::LinesOfFile => Ok(lines(&fs::read_to_string(&out)?)),
            Measure::Lines => Ok(lines(&String::from_utf8(output.stdout)?)),
            Measure::Pictures => pictures(&out),
            Measure::Milliseconds => Ok(String::from_utf8(output.stdout)?.trim().parse()?),
        }
    }

    /// `{out}`, in a folder that everybody may write to.
    fn output_file(&self, folder: &Path) -> Result<PathBuf> {
        let work = folder.join("out");
        let _absent = fs::remove_dir_all(&work);
        fs::create_dir(&work)?;
        fs::set_permissions(&work, std::os::unix::fs::PermissionsExt::from_mode(0o777))?;
        let out = work.join("out");
        if self.measure == Measure::Rest {
            let film = fs::read(folder.join(FILM))?;
            fs::write(&out, film.get(..FOUND_BYTES).context("the film is longer")?)?;
        }
        Ok(out)
    }

    fn command(&self, subject: &Subject, out: &Path) -> Result<Command> {
        let text = |path: &Path| path.to_str().map(str::to_owned).context("a path in UTF-8");
        let home = text(out.parent().context("a folder")?)?;
        let values = [
            ("{url}", subject.url.as_str()),
            ("{1m}", &subject.slices_1m),
            ("{4m}", &subject.slices_4m),
            ("{out}", &text(out)?),
            ("{folder}", &home),
        ];
        let mut command = Command::new("timeout");
        command.arg(TIMEOUT_S).env("HOME", &home).env("XDG_RUNTIME_DIR", &home);
        for word in self.words {
            let word = values
                .iter()
                .fold((*word).to_owned(), |word, (name, value)| word.replace(name, value));
            command.arg(word);
        }
        command.stdin(Stdio::null());
        Ok(command)
    }

    /// The version of its package, where Debian's tools know it.
    pub(crate) fn version(&self) -> String {
        let mut query = Command::new("dpkg-query");
        let output = query.args(["-W", "-f", "${Version}", self.package]).output();
        let version = output.ok().filter(|output| output.status.success());
        let version = version.and_then(|output| String::from_utf8(output.stdout).ok());
        let version = version.unwrap_or_default();
        // Without the number that Debian puts in front, and without that of its own revision.
        let version = version.split_once(':').map_or(version.as_str(), |(_, rest)| rest);
        version.split(['-', '+']).next().unwrap_or_default().to_owned()
    }
}

/// What a program that failed says of it.
fn reason(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    match output.status.code() {
        Some(124) => format!("not done in {TIMEOUT_S} s: {last}"),
        Some(127) => "not installed".to_owned(),
        _ => format!("{}: {last}", output.status),
    }
}

/// The number of bytes, which are those of the film from its start on.
fn right_bytes(out: &Path, folder: &Path) -> Result<u64> {
    let (got, film) = (fs::read(out)?, fs::read(folder.join(FILM))?);
    if !film.starts_with(&got) {
        bail!("wrong bytes");
    }
    Ok(got.len() as u64)
}

/// How many lines there are that are no comments.
fn lines(text: &str) -> u64 {
    text.lines().filter(|line| !line.starts_with('#')).count() as u64
}

fn pictures(film: &Path) -> Result<u64> {
    let mut ffprobe = Command::new("ffprobe");
    ffprobe.args(["-v", "error", "-count_packets", "-select_streams", "v", "-show_entries"]);
    ffprobe.args(["stream=nb_read_packets", "-of", "default=nw=1:nk=1"]).arg(film);
    let text = String::from_utf8(ffprobe.output()?.stdout)?;
    text.lines().next().unwrap_or_default().parse().context("ffprobe counts no pictures")
}
