//! `runtime.json` in the data folder: the addresses of the running server, and its nonce.

use std::{
    fs,
    io::{Write as _, stdout},
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::Result;
use api::data_folder::{RUNNING_SERVER_FILE, RunningServer};

use crate::storage::{private_file, random_name};

/// The file, which is removed when this is dropped.
pub(super) struct RunningServerFile(PathBuf);

impl RunningServerFile {
    /// A new nonce for this run: 64 hexadecimal digits.
    pub(super) fn nonce() -> Result<String> {
        Ok(random_name()? + &random_name()?)
    }

    /// Writes the file, and prints the server's URL on stdout.
    pub(super) fn announce(
        data: &Path,
        web: SocketAddr,
        s3: SocketAddr,
        nonce: String,
    ) -> Result<Self> {
        let server = RunningServer {
            pid: std::process::id(),
            s3_endpoint: format!("http://{s3}"),
            url: format!("http://{web}/"),
            nonce,
        };
        let path = data.join(RUNNING_SERVER_FILE);
        let partial = data.join("runtime.json.part");
        let mut file = private_file(&partial)?;
        // A killed server may have left a longer one.
        file.set_len(0)?;
        file.write_all(serde_json::to_string(&server)?.as_bytes())?;
        fs::rename(&partial, &path)?;
        let mut out = stdout().lock();
        writeln!(out, "Firstframe serves {}", server.url)?;
        out.flush()?;
        Ok(Self(path))
    }
}

impl Drop for RunningServerFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::warn!(%error, path = %self.0.display(), "cannot remove the file");
        }
    }
}
