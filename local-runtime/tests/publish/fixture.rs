//! A server, `publish` against it, and films for both.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    path::Path,
    process::{Command, Output},
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tests::{
    http::{Origin, Request},
    process::firstframe_command,
    server::Server,
};

/// `firstframe serve` on a data folder of its own, and what tests publish to it.
pub(crate) struct PublishFixture {
    server: Server,
    /// Without a slash at the end.
    pub(crate) url: String,
    _folder: tempfile::TempDir,
}

impl PublishFixture {
    /// Serves a new, empty data folder.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with more flags.
    pub(crate) fn start_with(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let server = Server::start(&data, &[&["--log", "warn"], flags].concat()).unwrap();
        let url = server.runtime.url.trim_end_matches('/').to_owned();
        Self { server, url, _folder: folder }
    }

    /// Kills the server, as a power cut would, and serves the same folder at the same addresses.
    pub(crate) fn kill_and_restart(&mut self) {
        self.server.kill_and_restart().unwrap();
    }

    /// Kills the server, as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.server.process.kill().unwrap();
    }

    /// Serves the folder of a server that was killed, at other addresses.
    pub(crate) fn restart_with(&mut self, flags: &[&str]) {
        let flags = [&["--log", "warn"], flags].concat();
        self.server = Server::start(&self.server.data, &flags).unwrap();
        self.url = self.server.runtime.url.trim_end_matches('/').to_owned();
    }

    pub(crate) fn data(&self) -> &Path {
        &self.server.data
    }

    /// A `publish` of a folder that links films into the data folder.
    pub(crate) fn publish(&self, dir: &Path) -> Command {
        let mut command = firstframe();
        command.arg("publish").arg(dir).arg("--data").arg(self.data());
        command
    }

    /// A `publish` of a folder that sends films to the object store.
    pub(crate) fn publish_by_s3(&self, dir: &Path) -> Command {
        let mut command = self.publish(dir);
        command.arg("--s3-endpoint").arg(self.server.runtime.s3_endpoint.trim_end_matches('/'));
        command
    }

    /// The `data` member of an API response.
    pub(crate) fn data_of(&self, path: &str) -> Value {
        let envelope: Value = serde_json::from_slice(&self.get(path).1).unwrap();
        envelope["data"].clone()
    }

    /// Status and body of a response.
    pub(crate) fn get(&self, path: &str) -> (u16, Vec<u8>) {
        self.send(&Request::get(path))
    }

    /// Status and body of the response to a request with `Range`.
    pub(crate) fn get_range(&self, path: &str, range: &str) -> (u16, Vec<u8>) {
        self.send(&Request::get(path).header("range", range))
    }

    fn send(&self, request: &Request) -> (u16, Vec<u8>) {
        let response = request.send(&Origin::parse(&self.url).unwrap()).unwrap();
        (response.status, response.body)
    }

    /// Waits until home has exactly these titles: an instance of the edge may know an earlier catalog
    /// for two seconds.
    #[track_caller]
    pub(crate) fn wait_for_titles(&self, expected: &[&str]) {
        let start = Instant::now();
        while self.titles() != expected {
            let is_late = start.elapsed() > Duration::from_secs(5);
            assert!(!is_late, "home has {:?} and not {expected:?}", self.titles());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// The same of the episodes of a title.
    #[track_caller]
    pub(crate) fn wait_for_episodes(&self, title: &str, expected: &[&str]) {
        let start = Instant::now();
        loop {
            let title = self.data_of(&format!("/api/v2/catalog/{title}"));
            let episodes = title["episodes"].as_array().unwrap().iter();
            let ids: Vec<_> = episodes.map(|episode| episode["id"].as_str().unwrap()).collect();
            if ids == expected {
                return;
            }
            let is_late = start.elapsed() > Duration::from_secs(5);
            assert!(!is_late, "the title has {ids:?} and not {expected:?}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// The same of the status of a response.
    #[track_caller]
    pub(crate) fn wait_for_status(&self, path: &str, expected: u16) {
        let start = Instant::now();
        loop {
            let status = self.get(path).0;
            if status == expected {
                return;
            }
            let is_late = start.elapsed() > Duration::from_secs(30);
            assert!(!is_late, "{path} has the status {status} and not {expected}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn titles(&self) -> Vec<String> {
        let home = self.data_of("/api/v2/home");
        let rows = ["featured", "ongoing", "recent"].map(|row| home[row].as_array().unwrap());
        let cards = rows.into_iter().flatten();
        let ids: BTreeSet<String> =
            cards.map(|card| card["id"].as_str().unwrap().to_owned()).collect();
        ids.into_iter().collect()
    }

    /// The path of the film that an episode plays, if there is one.
    pub(crate) fn media_of(&self, episode_id: &str) -> Option<String> {
        let stream = self.data_of(&format!("/api/v2/stream/{episode_id}"));
        let url = stream["preferredStream"]["url"].as_str()?;
        Some(url.trim_start_matches(&self.url).to_owned())
    }
}

/// A command of the binary, without settings from the environment.
pub(crate) fn firstframe() -> Command {
    firstframe_command().unwrap()
}

/// A run that has ended.
pub(crate) struct FinishedRun {
    code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl FinishedRun {
    /// Of the output of a run.
    pub(crate) fn of(Output { status, stdout, stderr }: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
    }

    /// Panics unless the run succeeded and its standard output contains all of these.
    #[track_caller]
    pub(crate) fn assert_success(&self, parts: &[&str]) {
        assert_eq!(self.code, Some(0), "{}{}", self.stdout, self.stderr);
        for part in parts {
            assert!(self.stdout.contains(part), "{part:?} is not in:\n{}", self.stdout);
        }
    }

    /// Panics unless the run ended with 1 and its standard error contains all of these.
    #[track_caller]
    pub(crate) fn assert_failure(&self, parts: &[&str]) {
        assert_eq!(self.code, Some(1), "{}{}", self.stdout, self.stderr);
        for part in parts {
            assert!(self.stderr.contains(part), "{part:?} is not in:\n{}", self.stderr);
        }
    }
}

/// Runs a command to its end.
pub(crate) fn finish(command: &mut Command) -> FinishedRun {
    FinishedRun::of(command.output().unwrap())
}

/// Three seconds of H.264 and AAC.
pub(crate) fn clip() -> &'static [u8] {
    static CLIP: OnceLock<Vec<u8>> = OnceLock::new();
    CLIP.get_or_init(|| ffmpeg(&["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac"]))
}

/// Three seconds of anything, as MP4.
pub(crate) fn ffmpeg(codecs: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("clip.mp4");
    let status = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=24:d=3"])
        .args(["-f", "lavfi", "-i", "sine=d=3", "-fflags", "+bitexact"])
        .args(codecs)
        .arg(&out)
        .status()
        .expect("these tests make their films by ffmpeg: `apt-get install ffmpeg`");
    assert!(status.success(), "ffmpeg makes a film");
    fs::read(out).unwrap()
}

/// A film of its own for each seed: the clip, and behind it a box of so many bytes that players skip.
pub(crate) fn film(seed: u64, bytes: usize) -> Vec<u8> {
    let mut film = clip().to_vec();
    let size = u32::try_from(bytes.max(8) + 8).unwrap();
    film.extend_from_slice(&size.to_be_bytes());
    film.extend_from_slice(b"free");
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for _ in 0..bytes.max(8) / 8 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        film.extend_from_slice(&state.to_le_bytes());
    }
    film.resize(film.len() + bytes.max(8) % 8, 0);
    film
}

/// A folder with these files in it.
pub(crate) fn folder<N: AsRef<OsStr>>(files: &[(N, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name.as_ref());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}
