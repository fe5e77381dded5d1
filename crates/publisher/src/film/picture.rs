//! Pictures of titles: read from a file, or a key frame of the film that ffmpeg extracts.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::probe::{ProbedFilm, short};

/// Bytes of a picture: a poster of 2,000 by 3,000 in good JPEG has some 2 MB, a PNG more.
const PICTURE_BYTES_MAX: u64 = 8 << 20;
/// How long ffmpeg may take for one frame; from a disk that sleeps, of a film in 4K.
const FRAME_TIMEOUT: Duration = Duration::from_secs(30);
/// Width of a key frame that becomes a poster: twice what a card is wide.
const FRAME_WIDTH_MAX: u32 = 640;

/// A picture, ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    /// Image id: 32 hexadecimal digits, the hash of the bytes.
    pub(crate) id: String,
    pub(crate) bytes: Vec<u8>,
}

impl Picture {
    fn new(bytes: Vec<u8>) -> Self {
        Self { id: short(&blake3::hash(&bytes)), bytes }
    }
}

/// Reads a picture file inside `root`, which is canonical.
pub(crate) fn read(root: &Path, file: &Path) -> Result<Picture> {
    let path = root.join(file).canonicalize().context("cannot be opened")?;
    if !path.starts_with(root) {
        bail!("is a link to a place outside the folder");
    }
    let mut bytes = Vec::new();
    File::open(&path)
        .context("cannot be opened")?
        .take(PICTURE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .context("cannot be read")?;
    if bytes.len() as u64 > PICTURE_BYTES_MAX {
        bail!("is larger than the limit of {PICTURE_BYTES_MAX} bytes");
    }
    if !is_picture(&bytes) {
        bail!("is not a JPEG, PNG, WebP or AVIF picture");
    }
    Ok(Picture::new(bytes))
}

/// Whether the first bytes are those of a picture that a browser shows.
fn is_picture(bytes: &[u8]) -> bool {
    let at = |start: usize, wanted: &[u8]| bytes.get(start..start + wanted.len()) == Some(wanted);
    at(0, &[0xff, 0xd8, 0xff])
        || at(0, b"\x89PNG\r\n\x1a\n")
        || (at(0, b"RIFF") && at(8, b"WEBP"))
        || at(4, b"ftypavif")
        || at(4, b"ftypavis")
}

/// Whether ffmpeg can be started.
pub(crate) fn has_ffmpeg() -> bool {
    let mut command = Command::new("ffmpeg");
    command.arg("-version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().is_ok_and(|child| wait(child).is_ok_and(|status| status.success()))
}

/// Extracts a key frame near a tenth of the film; where that fails, its first one.
pub(crate) fn extract_frame(film: &ProbedFilm) -> Result<Picture> {
    frame(film, film.duration_ms / 10).or_else(|_| frame(film, 0))
}

fn frame(film: &ProbedFilm, at_ms: u64) -> Result<Picture> {
    let folder = tempfile::tempdir().context("making a temporary folder")?;
    let picture = folder.path().join("frame.jpg");
    let child = frame_command(&film.path, at_ms, &picture).spawn().context("starting ffmpeg")?;
    let status = wait(child)?;
    let bytes = fs::read(&picture).unwrap_or_default();
    if !status.success() || !is_picture(&bytes) {
        bail!("ffmpeg could not extract a frame");
    }
    Ok(Picture::new(bytes))
}

/// The ffmpeg command that writes the key frame at or before `at_ms` of a film to `picture`.
fn frame_command(film: &Path, at_ms: u64, picture: &Path) -> Command {
    let mut input = std::ffi::OsString::from("file:");
    input.push(film);
    let mut command = Command::new("ffmpeg");
    command
        // A film may name other files; ffmpeg opens this one only, and only as MP4.
        .args(["-v", "error", "-nostdin", "-protocol_whitelist", "file", "-f", "mov"])
        // The first frame that is decoded there is the key frame at or before that time.
        .args(["-noaccurate_seek", "-ss", &format!("{}.{:03}", at_ms / 1000, at_ms % 1000)])
        .arg("-i")
        .arg(input)
        .args(["-map", "0:v:0", "-frames:v", "1", "-q:v", "4", "-pix_fmt", "yuvj420p"])
        // Its timestamp is before that time, so ffmpeg would drop it.
        .args(["-vf", &format!("setpts=PTS-STARTPTS,scale='min({FRAME_WIDTH_MAX},iw)':-2")])
        .args(["-c:v", "mjpeg", "-f", "image2", "-update", "1", "-y"])
        .arg(picture)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Waits for a child, and kills it when it takes too long.
fn wait(mut child: Child) -> Result<ExitStatus> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().context("waiting for ffmpeg")? {
            return Ok(status);
        }
        if started.elapsed() > FRAME_TIMEOUT {
            let _ = child.kill();
            let _ = child.wait();
            bail!("ffmpeg took more than {} s", FRAME_TIMEOUT.as_secs());
        }
        thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_known_by_their_first_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let write = |name: &str, bytes: &[u8]| fs::write(root.join(name), bytes).unwrap();
        write("a.png", b"\x89PNG\r\n\x1a\nrest");
        write("b.png", b"<svg onload=alert(1)>");
        write("empty.jpg", b"");
        write("large.jpg", &[&[0xff, 0xd8, 0xff], vec![0; 8 << 20].as_slice()].concat());
        assert_eq!(read(&root, Path::new("a.png")).unwrap().id.len(), 32);
        for name in ["b.png", "empty.jpg", "large.jpg", "gone.jpg", "../a.png"] {
            assert!(read(&root, Path::new(name)).is_err(), "{name}");
        }
    }
}
