//! `firstframe serve` as a process of the test.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use api::data_folder::{RunningServer, ServerKeys};
use publisher::data_folder;

use crate::process::{Process, firstframe, workspace};

/// A free port of the loopback interface.
const ANY_PORT: &str = "127.0.0.1:0";

/// A running `firstframe serve`. It is killed when this is dropped.
#[derive(Debug)]
pub struct Server {
    /// The process of the server.
    pub process: Process,
    /// Its data folder.
    pub data: PathBuf,
    /// The keys of the data folder.
    pub keys: ServerKeys,
    /// Where it serves.
    pub runtime: RunningServer,
}

impl Server {
    /// Serves a data folder. Where `flags` name no address, the server gets free ports.
    ///
    /// A component that another test compiled is copied into the data folder: to compile it takes
    /// seconds. The server checks the copy by its hash.
    pub fn start(data: &Path, flags: &[&str]) -> Result<Self> {
        let folder = data.to_str().context("the data folder's name is not UTF-8")?;
        let mut arguments = vec!["serve", "--data", folder];
        for flag in ["--listen", "--s3-listen"] {
            if !flags.contains(&flag) {
                arguments.extend([flag, ANY_PORT]);
            }
        }
        arguments.extend(flags);
        if flags.contains(&"--component") {
            return Self::adopt(Process::start(&firstframe()?, &arguments)?, data);
        }
        copy_compiled_component(&compiled_component_folder(), data)?;
        let server = Self::adopt(Process::start(&firstframe()?, &arguments)?, data)?;
        keep_compiled_component(data)?;
        Ok(server)
    }

    /// A `firstframe serve` that runs already, and its data folder.
    pub fn adopt(process: Process, data: &Path) -> Result<Self> {
        let line = &process.first_line;
        line.strip_prefix("Firstframe serves http").with_context(|| {
            format!("firstframe serve did not start; its first line is {line:?}")
        })?;
        let runtime = data_folder::running_server(data)?.context("runtime.json is missing")?;
        let keys = data_folder::server_keys(data)?.context("keys.toml is missing")?;
        Ok(Self { process, data: data.to_owned(), keys, runtime })
    }

    /// Kills the server, as a power cut would, and serves the same folder at the same addresses.
    pub fn kill_and_restart(&mut self) -> Result<()> {
        let address = |url: &str| url.replacen("http://", "", 1).trim_end_matches('/').to_owned();
        let (http, s3) = (address(&self.runtime.url), address(&self.runtime.s3_endpoint));
        self.process.kill()?;
        *self = Self::start(&self.data, &["--listen", &http, "--s3-listen", &s3])?;
        Ok(())
    }
}

/// Where tests keep the compiled component of the last server that started.
fn compiled_component_folder() -> PathBuf {
    workspace().join("target/tests/compiled")
}

/// Keeps the compiled component of a data folder for the servers that start after this one, in place
/// of an earlier one.
fn keep_compiled_component(data: &Path) -> Result<()> {
    let folder = compiled_component_folder();
    copy_compiled_component(data, &folder)?;
    let is_there = |path: &PathBuf| path.file_name().is_some_and(|name| data.join(name).exists());
    for other in compiled_components(&folder)?.into_iter().filter(|path| !is_there(path)) {
        // Another test may have removed it.
        let _absent = fs::remove_file(other);
    }
    Ok(())
}

/// Copies the compiled component of one folder, if there is one, into another.
fn copy_compiled_component(from: &Path, to: &Path) -> Result<()> {
    let Some(path) = compiled_components(from)?.pop() else { return Ok(()) };
    let copy = to.join(path.file_name().context("a file without a name")?);
    if !copy.exists() {
        fs::create_dir_all(to)?;
        // Other tests start at the same moment: a file is there whole or not at all.
        let unfinished = tempfile::NamedTempFile::new_in(to)?;
        if fs::copy(&path, unfinished.path()).is_ok() {
            unfinished.persist(copy)?;
        }
    }
    Ok(())
}

fn compiled_components(folder: &Path) -> Result<Vec<PathBuf>> {
    let paths = fs::read_dir(folder).into_iter().flatten().map(|entry| Ok(entry?.path()));
    let mut paths = paths.collect::<Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "cwasm"));
    Ok(paths)
}
