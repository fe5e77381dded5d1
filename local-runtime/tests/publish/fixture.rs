//! A real server, a real `publish`, and films for them.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// `firstframe serve` on a data folder of its own.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    data: PathBuf,
    listen: String,
    s3_listen: String,
    _folder: tempfile::TempDir,
}

impl Server {
    /// Serves a new, empty data folder.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with more flags.
    pub(crate) fn start_with(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        copy_compiled(&compiled(), &data);
        let any = "127.0.0.1:0".to_owned();
        let (child, url) = serve(&data, &any, &any, flags);
        let listen = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let url = url.trim_end_matches('/').to_owned();
        let mut server = Self { child, url, data, listen, s3_listen: any, _folder: folder };
        copy_compiled(&server.data, &compiled());
        let s3_listen = server.s3_endpoint();
        server.s3_listen = s3_listen.trim_start_matches("http://").to_owned();
        server
    }

    /// Ends it as a power cut would, and serves the same folder at the same addresses again.
    pub(crate) fn kill_and_restart(&mut self) {
        self.kill();
        let (child, _) = serve(&self.data, &self.listen, &self.s3_listen, &[]);
        self.child = child;
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Where its object store is.
    pub(crate) fn s3_endpoint(&self) -> String {
        let text = fs::read_to_string(self.data.join("runtime.json")).unwrap();
        let runtime: Value = serde_json::from_str(&text).unwrap();
        runtime["s3_endpoint"].as_str().unwrap().trim_end_matches('/').to_owned()
    }

    /// `publish` of a folder, which links films.
    pub(crate) fn publish(&self, dir: &Path) -> Command {
        let mut command = firstframe();
        command.arg("publish").arg(dir).arg("--data").arg(&self.data);
        command
    }

    /// `publish` of a folder, which sends films.
    pub(crate) fn publish_by_s3(&self, dir: &Path) -> Command {
        let mut command = self.publish(dir);
        command.arg("--s3-endpoint").arg(self.s3_endpoint());
        command
    }

    /// The `data` member of an answer.
    pub(crate) fn data_of(&self, path: &str) -> Value {
        let text = self.get(path).1;
        let envelope: Value = serde_json::from_slice(&text).unwrap();
        envelope["data"].clone()
    }

    /// Status and body of an answer.
    pub(crate) fn get(&self, path: &str) -> (u16, Vec<u8>) {
        self.get_range(path, None)
    }

    /// The same of a part of it.
    pub(crate) fn get_range(&self, path: &str, range: Option<&str>) -> (u16, Vec<u8>) {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build();
        let mut request = agent.new_agent().get(format!("{}{path}", self.url));
        if let Some(range) = range {
            request = request.header("range", range);
        }
        let mut answer = request.call().unwrap();
        let body = answer.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap();
        (answer.status().as_u16(), body)
    }

    /// Waits until the home view shows exactly these titles: an instance of the edge may know an
    /// earlier catalogue for two seconds.
    #[track_caller]
    pub(crate) fn shows(&self, wanted: &[&str]) {
        let begun = Instant::now();
        while self.titles() != wanted {
            let late = begun.elapsed() > Duration::from_secs(5);
            assert!(!late, "the home view shows {:?} and not {wanted:?}", self.titles());
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

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where these tests keep the compiled component: to compile it takes a new data folder seconds.
fn compiled() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("publish-compiled");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The server checks what it finds by its hash.
fn copy_compiled(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let name = entry.file_name();
        if entry.path().extension() == Some(OsStr::new("cwasm")) && !to.join(&name).exists() {
            // Whole or absent, and its own file for each of the tests that start at once.
            let begun = tempfile::NamedTempFile::new_in(to).unwrap();
            fs::copy(entry.path(), begun.path()).unwrap();
            begun.persist(to.join(name)).unwrap();
        }
    }
}

fn serve(data: &Path, listen: &str, s3_listen: &str, flags: &[&str]) -> (Child, String) {
    let mut child = firstframe()
        .args(["serve", "--listen", listen, "--s3-listen", s3_listen, "--log", "warn", "--data"])
        .arg(data)
        .args(flags)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let Some(url) = line.trim().strip_prefix("Firstframe serves ") else {
        let _ = child.kill();
        panic!("`firstframe serve` did not start (its words are above): {line:?}");
    };
    (child, url.to_owned())
}

/// The binary, without what the environment would set for it.
pub(crate) fn firstframe() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_firstframe"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().into_owned();
        if text.starts_with("FIRSTFRAME_") && text != "FIRSTFRAME_COMPONENT" {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null()).env_remove("RUST_BACKTRACE");
    command
}

/// What a finished run said.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    /// Panics unless the run went well and said all of these.
    #[track_caller]
    pub(crate) fn well(&self, parts: &[&str]) {
        assert_eq!(self.code, Some(0), "{}{}", self.stdout, self.stderr);
        for part in parts {
            assert!(self.stdout.contains(part), "{part:?} was not said:\n{}", self.stdout);
        }
    }

    /// Panics unless the run failed and said all of these.
    #[track_caller]
    pub(crate) fn ill(&self, parts: &[&str]) {
        assert_eq!(self.code, Some(1), "{}{}", self.stdout, self.stderr);
        for part in parts {
            assert!(self.stderr.contains(part), "{part:?} was not said:\n{}", self.stderr);
        }
    }
}

/// Runs a command to its end.
pub(crate) fn said(command: &mut Command) -> Said {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
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

/// The clip, as a film of its own: with a box behind it that players skip, of so many bytes.
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
