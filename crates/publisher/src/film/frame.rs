//! A key frame of a film as its poster. ffmpeg extracts it, with limits on what a film can make it take.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::found_film::Container;
use super::picture::{PICTURE_BYTES_MAX, Picture, is_picture};
use super::probe::ProbedFilm;

/// How long ffmpeg may take for one frame; from a disk that sleeps, of a film in 4K.
const FRAME_TIMEOUT: Duration = Duration::from_secs(30);
/// Width of a key frame that becomes a poster: twice what a card is wide.
const FRAME_WIDTH_MAX: u32 = 640;
/// Pixels of a film's picture, 8192 by 4352: the largest of H.264 level 6.2. A decoder holds up to
/// sixteen pictures of 1.5 bytes a pixel.
const PIXELS_MAX: u64 = 8192 * 4352;
/// Address space of ffmpeg: those pictures, and a third of it for ffmpeg and its libraries.
const MEMORY_KIB_MAX: u64 = 1_536 << 10;
/// Runs a command with limits on address space, processor time and the size of files, which a child
/// inherits. Where the system does not know one of them, the others hold.
const WITH_LIMITS: &str =
    r#"ulimit -v "$1"; ulimit -t "$2"; ulimit -f "$3"; ulimit -c 0; shift 3; exec "$@""#;

/// Whether ffmpeg can be started.
pub(crate) fn has_ffmpeg() -> bool {
    let child = limited("ffmpeg", ["-version"]).spawn();
    child.is_ok_and(|child| wait(child).is_ok_and(|status| status.success()))
}

/// Extracts a key frame near a tenth of the film; where that fails, its first one.
pub(crate) fn extract(film: &ProbedFilm) -> Result<Picture> {
    if film.pixels > PIXELS_MAX {
        bail!("its picture has {} pixels, and at most {PIXELS_MAX} are decoded", film.pixels);
    }
    frame(film, film.duration_ms / 10, PIXELS_MAX).or_else(|_| frame(film, 0, PIXELS_MAX))
}

fn frame(film: &ProbedFilm, at_ms: u64, pixels_max: u64) -> Result<Picture> {
    let folder = tempfile::tempdir().context("making a temporary folder")?;
    let picture = folder.path().join("frame.jpg");
    let mut command = frame_command(film, at_ms, pixels_max, &picture);
    let status = wait(command.spawn().context("starting ffmpeg")?)?;
    let size = fs::metadata(&picture).map_or(0, |found| found.len());
    if !status.success() || size > PICTURE_BYTES_MAX {
        bail!("ffmpeg could not extract a frame");
    }
    let bytes = fs::read(&picture).unwrap_or_default();
    if !is_picture(&bytes) {
        bail!("ffmpeg could not extract a frame");
    }
    Ok(Picture::new(bytes))
}

/// The ffmpeg command that writes the key frame at or before `at_ms` of a film to `picture`.
fn frame_command(film: &ProbedFilm, at_ms: u64, pixels_max: u64, picture: &Path) -> Command {
    let mut input = std::ffi::OsString::from("file:");
    input.push(&film.path);
    let format = if matches!(film.container, Container::Mp4(_)) { "mov" } else { "matroska" };
    let at = format!("{}.{:03}", at_ms / 1000, at_ms % 1000);
    let pixels_max = pixels_max.to_string();
    // A film may name other files; ffmpeg opens this one only, and only as what it is. What its samples say
    // of their size may differ from what its tables say.
    let mut command = limited(
        "ffmpeg",
        ["-v", "error", "-nostdin", "-protocol_whitelist", "file", "-f", format, "-threads", "1"],
    );
    command
        .args(["-max_pixels", &pixels_max])
        // The first frame that is decoded there is the key frame at or before that time.
        .args(["-noaccurate_seek", "-ss", &at])
        .arg("-i")
        .arg(input)
        .args(["-map", "0:v:0", "-frames:v", "1", "-q:v", "4", "-pix_fmt", "yuvj420p"])
        // Its timestamp is before that time, so ffmpeg would drop it.
        .args(["-vf", &format!("setpts=PTS-STARTPTS,scale='min({FRAME_WIDTH_MAX},iw)':-2")])
        .args(["-filter_threads", "1", "-c:v", "mjpeg", "-f", "image2", "-update", "1", "-y"])
        .arg(picture);
    command
}

/// A command that runs with limits, and with nothing of this process but the search path for programs.
fn limited<I: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = I>) -> Command {
    let mut command = Command::new("/bin/sh");
    let file_blocks = PICTURE_BYTES_MAX / 512;
    let limits = [MEMORY_KIB_MAX, FRAME_TIMEOUT.as_secs(), file_blocks].map(|n| n.to_string());
    command
        .args(["-c", WITH_LIMITS, "sh"])
        .args(limits)
        .arg(program)
        .args(arguments)
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
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
    use crate::film::probe;

    fn film(folder: &Path) -> ProbedFilm {
        let path = folder.join("film.mp4");
        fs::write(&path, include_bytes!("../../../../local-runtime/demo/clip.mp4")).unwrap();
        probe::probe(&path).unwrap()
    }

    #[test]
    fn film_of_more_pixels_than_the_limit_is_not_decoded() {
        let folder = tempfile::tempdir().unwrap();
        let mut film = film(folder.path());
        assert_eq!(film.pixels, 1280 * 720);
        film.pixels = 15_360 * 15_360;
        let error = extract(&film).unwrap_err().to_string();
        assert!(error.contains("235929600 pixels"), "{error}");
    }

    #[test]
    fn samples_of_more_pixels_than_the_tables_say_are_not_decoded() {
        let folder = tempfile::tempdir().unwrap();
        let film = film(folder.path());
        assert!(has_ffmpeg(), "this test needs ffmpeg: `apt-get install ffmpeg`");
        assert!(frame(&film, 0, 1280 * 720).is_ok());
        assert!(frame(&film, 0, 640 * 360).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn child_has_limits_and_no_variable_but_the_path() {
        let script = "ulimit -v; ulimit -t; ulimit -f; env | grep -v '^PWD=\\|^_=\\|^SHLVL='";
        let child = limited("sh", ["-c", script]).stdout(Stdio::piped()).output().unwrap();
        let text = String::from_utf8(child.stdout).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[..3], ["1572864", "30", "16384"], "{text}");
        assert!(lines[3..].iter().all(|line| line.starts_with("PATH=")), "{text}");
    }
}
