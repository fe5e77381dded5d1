//! The two files by which `firstframe serve` says, in its data folder, where it serves and which
//! keys open it.

use core::fmt;

use serde::{Deserialize, Serialize};

/// Name of the file that holds [`ServerKeys`], as TOML.
pub const KEYS_FILE: &str = "keys.toml";
/// Name of the file that holds [`RunningServer`], as JSON. It is there while the server runs.
pub const RUNNING_SERVER_FILE: &str = "runtime.json";

/// Where a running server serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningServer {
    /// Id of its process.
    pub pid: u32,
    /// Origin of its object store, which speaks S3.
    pub s3_endpoint: String,
    /// URL of its page, with a slash at the end.
    pub url: String,
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
