//! The two files by which `firstframe serve` says, in its data folder, where it serves and which
//! keys open it.

use core::fmt;

use serde::{Deserialize, Serialize};

/// Name of the file that holds [`ServerKeys`], as TOML.
pub const KEYS_FILE: &str = "keys.toml";
/// Name of the file that holds [`RunningServer`], as JSON. It is there while the server runs.
pub const RUNNING_SERVER_FILE: &str = "runtime.json";

/// Name of the file that a running server has locked.
pub const LOCK_FILE: &str = "lock";

/// Where a running server serves. Its `Debug` form does not show the nonce.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningServer {
    /// Id of its process.
    pub pid: u32,
    /// Origin of its object store, which speaks S3.
    pub s3_endpoint: String,
    /// URL of its page, with a slash at the end.
    pub url: String,
    /// 64 hexadecimal digits that this run of the server has made. The server at `url` proves that
    /// it knows them before a client sends a key. Empty in a file that an older server wrote.
    #[serde(default)]
    pub nonce: String,
    /// The hash of the certificate that its page and API have, where they have TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
}

impl fmt::Debug for RunningServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, s3_endpoint, url, certificate, nonce: _ } = self;
        f.debug_struct("RunningServer")
            .field("pid", pid)
            .field("s3_endpoint", s3_endpoint)
            .field("url", url)
            .field("certificate", certificate)
            .finish_non_exhaustive()
    }
}

/// The secrets of one data folder. Their `Debug` form shows none of them.
#[derive(Clone, Serialize, Deserialize)]
pub struct ServerKeys {
    /// Opens the admin API.
    pub admin_key: String,
    /// Access key of the object store.
    pub s3_access_key: String,
    /// Secret key of the object store.
    pub s3_secret_key: String,
    /// Signs the URLs of films: `name:64 hexadecimal digits`, several separated by commas. Empty in
    /// a file that a server older than signed URLs wrote.
    #[serde(default)]
    pub media_keys: String,
}

impl fmt::Debug for ServerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerKeys")
    }
}
