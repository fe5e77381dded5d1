//! Deployments that promises are tested against: the local runtime, workerd, any URL.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use api::data_folder::RunningServer;
use publisher::data_folder;
use serde::Deserialize;
use tempfile::TempDir;

use crate::{
    http::{Origin, Request},
    process::{Process, firstframe, workspace},
    s3::Store,
};

/// The bucket of the local runtime.
pub const LOCAL_BUCKET: &str = "firstframe";
/// Any region does for a store of one machine.
pub const LOCAL_REGION: &str = "us-east-1";
/// Admin key of the Worker in workerd: a secret of this test run only.
const WORKERD_KEY: &str = "a-key-for-workerd-on-this-machine-only";

/// A running Firstframe.
#[derive(Debug)]
pub struct Deployment {
    /// For messages.
    pub name: &'static str,
    /// Where it serves.
    pub origin: Origin,
    /// What opens its admin routes.
    pub admin_key: String,
    objects: Objects,
    /// The folder of `firstframe serve`, where there is one.
    pub data: Option<PathBuf>,
    running: Option<(Process, Option<TempDir>)>,
}

#[derive(Debug)]
enum Objects {
    S3(Store),
    /// workerd's bucket is reached through the program that runs it.
    Control(Origin),
}

impl Deployment {
    /// `firstframe serve` on free ports with a data folder of its own.
    pub fn local_runtime() -> Result<Self> {
        let data = tempfile::tempdir()?;
        let path = data.path().to_owned();
        let mut deployment = Self::serve(path, &[])?;
        if let Some((_, folder)) = &mut deployment.running {
            *folder = Some(data);
        }
        Ok(deployment)
    }

    /// `firstframe serve` on a given data folder.
    pub fn serve(data: PathBuf, more: &[&str]) -> Result<Self> {
        let folder = data.to_str().context("the data folder's name is not UTF-8")?;
        let mut arguments = vec!["serve", "--listen", "127.0.0.1:0", "--data", folder];
        arguments.extend(more);
        Self::adopt(Process::start(&firstframe()?, &arguments)?, data)
    }

    /// A `firstframe serve` that runs already, and its data folder.
    pub fn adopt(process: Process, data: PathBuf) -> Result<Self> {
        ensure!(
            process.first_line.starts_with("Firstframe serves http://"),
            "the first line of firstframe serve is {:?}",
            process.first_line
        );
        let runtime = data_folder::running_server(&data)?.context("no server runs there")?;
        let keys = data_folder::server_keys(&data)?.context("keys.toml is missing")?;
        let store = Store::new(
            &runtime.s3_endpoint,
            LOCAL_REGION,
            LOCAL_BUCKET,
            &keys.s3_access_key,
            &keys.s3_secret_key,
        )?;
        Ok(Self {
            name: "firstframe serve",
            origin: Origin::parse(&runtime.url)?,
            admin_key: keys.admin_key,
            objects: Objects::S3(store),
            data: Some(data),
            running: Some((process, None)),
        })
    }

    /// The Cloudflare build in workerd, with KV, R2 and D1 as miniflare has them, and with this for
    /// the setting `providers`.
    pub fn workerd(providers: &str) -> Result<Self> {
        Self::in_workerd(&[], providers)
    }

    /// The same without providers, behind a module of `tests/node`.
    pub fn workerd_behind(front: &str) -> Result<Self> {
        Self::in_workerd(&["--front", front], "[]")
    }

    fn in_workerd(more: &[&str], providers: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Started {
            url: String,
            control: String,
        }
        let script = workspace().join("tests/node/workerd.mjs");
        let script = script.to_str().context("the workspace's path is not UTF-8")?;
        let set = [("FIRSTFRAME_ADMIN_KEY", WORKERD_KEY), ("FIRSTFRAME_PROVIDERS", providers)];
        let process = Process::start_watching("node", &[&[script], more].concat(), &set)?;
        let started: Started = serde_json::from_str(&process.first_line)
            .with_context(|| format!("workerd.mjs said {:?}", process.first_line))?;
        Ok(Self {
            name: "workerd",
            origin: Origin::parse(&started.url)?,
            admin_key: WORKERD_KEY.to_owned(),
            objects: Objects::Control(Origin::parse(&started.control)?),
            data: None,
            running: Some((process, None)),
        })
    }

    /// A deployment that runs elsewhere: `BASE_URL`, with `ADMIN_KEY`, `S3_ENDPOINT`, `S3_REGION`,
    /// `S3_BUCKET`, `S3_ACCESS_KEY` and `S3_SECRET_KEY`. Its catalog is replaced.
    pub fn at_url(base_url: &str) -> Result<Self> {
        let variable =
            |name| std::env::var(name).with_context(|| format!("BASE_URL is set, {name} is not"));
        let store = Store::new(
            &variable("S3_ENDPOINT")?,
            &variable("S3_REGION")?,
            &variable("S3_BUCKET")?,
            &variable("S3_ACCESS_KEY")?,
            &variable("S3_SECRET_KEY")?,
        )?;
        Ok(Self {
            name: "BASE_URL",
            origin: Origin::parse(base_url)?,
            admin_key: variable("ADMIN_KEY")?,
            objects: Objects::S3(store),
            data: None,
            running: None,
        })
    }

    /// Puts an object where the edge reads it.
    pub fn put_object(&self, key: &str, bytes: &[u8]) -> Result<()> {
        match &self.objects {
            Objects::S3(store) => store.put(key, bytes),
            Objects::Control(control) => {
                let response = Request::put(format!("/r2/{key}"), bytes).send(control)?;
                ensure!(response.status == 201, "workerd.mjs answered {}", response.status);
                Ok(())
            }
        }
    }

    /// The store behind it, where it speaks S3.
    pub fn store(&self) -> Result<&Store> {
        match &self.objects {
            Objects::S3(store) => Ok(store),
            Objects::Control(_) => bail!("{} has no S3", self.name),
        }
    }

    /// What the data folder says about the running server.
    pub fn runtime(&self) -> Result<RunningServer> {
        let data = self.data.as_ref().context("it has no data folder")?;
        data_folder::running_server(data)?.context("no server runs with its data folder")
    }

    /// The process, to be killed.
    pub fn process(&mut self) -> Result<&mut Process> {
        self.running.as_mut().map(|(process, _)| process).context("it runs elsewhere")
    }

    /// A request with the admin key.
    pub fn admin(&self, request: Request) -> Request {
        request.header("Authorization", format!("Bearer {}", self.admin_key))
    }
}

/// Forgets how much memory a process has used so far.
pub fn reset_memory_peak(pid: u32) -> Result<()> {
    // proc(5): 5 resets the peak resident set size to the current one.
    fs::write(format!("/proc/{pid}/clear_refs"), "5").context("cannot reset the memory peak")
}

/// The most memory, in bytes, that a process has had at once since then.
pub fn memory_peak(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB")).context("no VmHWM")?;
    Ok(kib.trim().parse::<u64>()? << 10)
}
