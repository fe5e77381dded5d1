//! A server of the shared harness, and an S3 client for its object store.

use std::{fs, io::Read as _, path::Path, process::Command, time::Duration};

use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use tests::{process::firstframe_command, server::Server};
use ureq::{Agent, Body, http::Response};

/// How long a signed URL of a test is valid.
pub(crate) const SIGNATURE_VALID: Duration = Duration::from_mins(10);

/// A running server. It is killed when this is dropped.
pub(crate) struct ServerFixture {
    server: Server,
    pub(crate) url: String,
    pub(crate) bucket: Bucket,
    pub(crate) credentials: Credentials,
    pub(crate) agent: Agent,
}

impl ServerFixture {
    /// Serves the data folder `data`.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    /// Serves the data folder `data`, with more flags.
    pub(crate) fn start_with(data: &Path, flags: &[&str]) -> Self {
        let server = Server::start(data, &[&["--log", "off"], flags].concat()).unwrap();
        let url = server.runtime.url.clone();
        let endpoint = server.runtime.s3_endpoint.parse().unwrap();
        let bucket = Bucket::new(endpoint, UrlStyle::Path, "firstframe", "local").unwrap();
        let keys = &server.keys;
        let credentials = Credentials::new(&*keys.s3_access_key, &*keys.s3_secret_key);
        let config = Agent::config_builder().http_status_as_error(false).build();
        Self { server, url, bucket, credentials, agent: config.new_agent() }
    }

    /// Id of the server's process.
    pub(crate) fn id(&self) -> u32 {
        self.server.process.pid
    }

    /// Kills the server, as a power cut would.
    pub(crate) fn kill(mut self) {
        self.server.process.kill().unwrap();
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        self.server.process.terminate().unwrap();
    }

    /// Whether the server exits with status 0 within `timeout`.
    pub(crate) fn exits_cleanly(&mut self, timeout: Duration) -> bool {
        self.server.process.wait(timeout).is_ok_and(|status| status.success())
    }

    /// Puts an object.
    pub(crate) fn put(&self, key: &str, bytes: &[u8]) -> Response<Body> {
        let url = signed(&self.bucket.put_object(Some(&self.credentials), key));
        self.agent.put(url).header("content-type", "video/mp4").send(bytes).unwrap()
    }

    /// Gets an object.
    pub(crate) fn get(&self, key: &str, headers: &[(&str, &str)]) -> Response<Body> {
        let url = signed(&self.bucket.get_object(Some(&self.credentials), key));
        let request = headers
            .iter()
            .fold(self.agent.get(url), |request, (name, value)| request.header(*name, *value));
        request.call().unwrap()
    }
}

/// The signed URL of an S3 request.
pub(crate) fn signed<'a>(action: &impl S3Action<'a>) -> String {
    action.sign(SIGNATURE_VALID).to_string()
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

/// Pseudorandom bytes, which do not repeat and are the same for the same `seed`.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let mut reader = blake3::Hasher::new();
    reader.update(&seed.to_le_bytes());
    reader.finalize_xof().fill(&mut bytes);
    bytes
}

/// How many files are in `objects/`.
pub(crate) fn blobs(data: &Path) -> usize {
    fs::read_dir(data.join("objects")).unwrap().count()
}

/// The stderr of a server that does not start.
pub(crate) fn refusal(data: &Path, flags: &[&str]) -> String {
    let mut command: Command = firstframe_command().unwrap();
    command.args(["serve", "--log", "off", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    let output = command.args(flags).output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}
