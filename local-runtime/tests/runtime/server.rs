//! A server in a folder of its own, and the S3 client that tests speak to it with.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use ureq::{Agent, Body, http::Response};

/// How long a signed URL of a test is good.
pub(crate) const SIGNED: Duration = Duration::from_mins(10);

pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    pub(crate) bucket: Bucket,
    pub(crate) credentials: Credentials,
    pub(crate) agent: Agent,
}

pub(crate) fn command(data: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_firstframe"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data).args(flags);
    // What a server refuses it says in any case; what it logs is of no use here.
    command.env("FIRSTFRAME_LOG", "off");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Server {
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    pub(crate) fn start_with(data: &Path, flags: &[&str]) -> Self {
        compiled(Path::new(env!("CARGO_TARGET_TMPDIR")), data);
        let mut child = command(data, flags).stderr(Stdio::inherit()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("Firstframe serves ");
        let url = url.expect("the first line says where it serves; see above why not").to_owned();
        compiled(data, Path::new(env!("CARGO_TARGET_TMPDIR")));
        let state = fs::read_to_string(data.join("runtime.json")).unwrap();
        let state: serde_json::Value = serde_json::from_str(&state).unwrap();
        let keys: toml::Table =
            toml::from_str(&fs::read_to_string(data.join("keys.toml")).unwrap()).unwrap();
        let key = |name: &str| keys[name].as_str().unwrap().to_owned();
        let endpoint = state["s3_endpoint"].as_str().unwrap().parse().unwrap();
        let bucket = Bucket::new(endpoint, UrlStyle::Path, "firstframe", "local").unwrap();
        let credentials = Credentials::new(key("s3_access_key"), key("s3_secret_key"));
        let config = Agent::config_builder().http_status_as_error(false).build();
        Self { child, url, bucket, credentials, agent: config.new_agent() }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power cut would, for the process.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end.
    pub(crate) fn terminate(&self) {
        let id = self.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// Whether it ended well within `allowed`.
    pub(crate) fn exits_cleanly(&mut self, allowed: Duration) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < allowed {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.success();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    pub(crate) fn put(&self, key: &str, bytes: &[u8]) -> Response<Body> {
        let url = signed(&self.bucket.put_object(Some(&self.credentials), key));
        self.agent.put(url).header("content-type", "video/mp4").send(bytes).unwrap()
    }

    pub(crate) fn get(&self, key: &str, headers: &[(&str, &str)]) -> Response<Body> {
        let url = signed(&self.bucket.get_object(Some(&self.credentials), key));
        let request = headers
            .iter()
            .fold(self.agent.get(url), |request, (name, value)| request.header(*name, *value));
        request.call().unwrap()
    }
}

/// Brings compiled components along, so that not every test compiles its own.
fn compiled(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let is_compiled = path.extension().is_some_and(|extension| extension == "cwasm");
        if is_compiled && !to.join(name).exists() {
            // By way of a name that nobody looks for: tests run side by side.
            let thread = std::thread::current().id();
            let unfinished = to.join(format!("{name}.{}-{thread:?}", std::process::id()));
            fs::copy(&path, &unfinished).unwrap();
            fs::rename(&unfinished, to.join(name)).unwrap();
        }
    }
}

/// Where `action` is asked for, by whoever has the key.
pub(crate) fn signed<'a>(action: &impl S3Action<'a>) -> String {
    action.sign(SIGNED).to_string()
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}

pub(crate) fn status(response: &Response<Body>) -> u16 {
    response.status().as_u16()
}

pub(crate) fn header(response: &Response<Body>, name: &str) -> String {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned()
}

pub(crate) fn bytes(response: &mut Response<Body>) -> Vec<u8> {
    let mut bytes = Vec::new();
    response.body_mut().as_reader().read_to_end(&mut bytes).unwrap();
    bytes
}

/// Bytes that are different everywhere, and the same for the same `seed`.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let mut reader = blake3::Hasher::new();
    reader.update(&seed.to_le_bytes());
    reader.finalize_xof().fill(&mut bytes);
    bytes
}

/// Files under `objects/`.
pub(crate) fn blobs(data: &Path) -> usize {
    fs::read_dir(data.join("objects")).unwrap().count()
}

/// What a server that does not start says.
pub(crate) fn refusal(data: &Path, flags: &[&str]) -> String {
    let output = command(data, flags).output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}
