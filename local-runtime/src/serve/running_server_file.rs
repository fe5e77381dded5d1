//! `runtime.json` in the data folder: the addresses of the running server, its nonce and its certificate.

use std::{
    fs,
    io::{Write as _, stdout},
    path::{Path, PathBuf},
};

use anyhow::Result;
use api::data_folder::{RUNNING_SERVER_FILE, RunningServer};

use crate::storage::{private_file, random_name};

/// The file, which is removed when this is dropped.
pub(super) struct RunningServerFile {
    path: PathBuf,
    server: RunningServer,
}

impl RunningServerFile {
    /// A new nonce for this run: 64 hexadecimal digits.
    pub(super) fn nonce() -> Result<String> {
        Ok(random_name()? + &random_name()?)
    }

    /// Writes the file, and prints the server's URL on stdout.
    pub(super) fn announce(data: &Path, server: RunningServer) -> Result<Self> {
        let file = Self { path: data.join(RUNNING_SERVER_FILE), server };
        write(&file.path, &file.server)?;
        let mut out = stdout().lock();
        writeln!(out, "Firstframe serves {}", file.server.url)?;
        out.flush()?;
        Ok(file)
    }

    /// Writes the hash of a new certificate to the file.
    pub(super) fn set_certificate(&self, hash: String) {
        let server = RunningServer { certificate: Some(hash), ..self.server.clone() };
        if let Err(error) = write(&self.path, &server) {
            tracing::error!(
                error = format!("{error:#}"),
                path = %self.path.display(),
                "cannot write the file: `firstframe publish` will not know the new certificate"
            );
        }
    }
}

fn write(path: &Path, server: &RunningServer) -> Result<()> {
    let partial = path.with_extension("json.part");
    let mut file = private_file(&partial)?;
    // A killed server may have left a longer one.
    file.set_len(0)?;
    file.write_all(serde_json::to_string(server)?.as_bytes())?;
    fs::rename(&partial, path)?;
    Ok(())
}

impl Drop for RunningServerFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "cannot remove the file");
        }
    }
}
