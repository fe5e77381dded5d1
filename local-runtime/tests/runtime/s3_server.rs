//! `firstframe serve` of these tests, and the S3 client that they send requests with.

use std::{fs, io::Read as _, path::Path, time::Duration};

use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use tests::{
    deployment::{LOCAL_BUCKET, LOCAL_REGION, memory_peak},
    process::firstframe_command,
};
use ureq::{Agent, Body, http::Response};

/// How long a signed URL of a test is valid.
pub(crate) const SIGNATURE_VALID: Duration = Duration::from_mins(10);
/// A server that cannot start prints the reason even without a log.
const NO_LOG: [&str; 2] = ["--log", "off"];

/// A server, and what its S3 service needs from a client.
pub(crate) struct S3Server {
    inner: tests::server::Server,
    /// With a slash at the end.
    pub(crate) url: String,
    pub(crate) bucket: Bucket,
    pub(crate) credentials: Credentials,
    pub(crate) agent: Agent,
}

impl S3Server {
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    pub(crate) fn start_with(data: &Path, flags: &[&str]) -> Self {
        let inner = tests::server::Server::start(data, &[&NO_LOG, flags].concat()).unwrap();
        let endpoint = inner.runtime.s3_endpoint.parse().unwrap();
        let bucket = Bucket::new(endpoint, UrlStyle::Path, LOCAL_BUCKET, LOCAL_REGION).unwrap();
        let credentials = Credentials::new(&*inner.keys.s3_access_key, &*inner.keys.s3_secret_key);
        let config = Agent::config_builder().http_status_as_error(false).build();
        let url = inner.runtime.url.clone();
        Self { inner, url, bucket, credentials, agent: config.new_agent() }
    }

    /// Kills the server at once, as a power cut would.
    pub(crate) fn kill(mut self) {
        self.inner.process.kill().unwrap();
    }

    /// The peak of its memory, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        memory_peak(self.inner.process.pid).unwrap()
    }

    /// Sends a signal, such as `-KILL`, and returns at once.
    pub(crate) fn signal(&self, signal: &str) {
        self.inner.process.signal(signal).unwrap();
    }

    /// Whether the server ends by itself, with success, in this time.
    pub(crate) fn exits_cleanly(&mut self, timeout: Duration) -> bool {
        self.inner.process.wait(timeout).is_ok_and(|status| status.success())
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

/// The signed URL of an action.
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

/// How many files there are under `objects/`.
pub(crate) fn object_file_count(data: &Path) -> usize {
    fs::read_dir(data.join("objects")).unwrap().count()
}

/// The standard error of a server that does not start.
pub(crate) fn start_error(data: &Path, flags: &[&str]) -> String {
    let mut command = firstframe_command().unwrap();
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    let output = command.args(NO_LOG).args(flags).output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}
