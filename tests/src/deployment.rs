//! Deployments that tests run against: the local runtime, workerd, or any URL.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use tempfile::TempDir;

use crate::{
    http::{Origin, Request},
    process::{Process, workspace},
    s3::Store,
    server::Server,
    upstream::Upstream,
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
    /// What messages call it.
    pub name: &'static str,
    /// Where it serves.
    pub origin: Origin,
    /// Opens its admin routes.
    pub admin_key: String,
    objects: Objects,
    host: Host,
    /// Removed after the host has ended.
    _folder: Option<TempDir>,
}

/// What runs a deployment.
#[derive(Debug)]
enum Host {
    LocalRuntime(Box<Server>),
    Workerd(Process),
    /// Somebody else: `BASE_URL`.
    Other,
}

/// How tests write to the object store of a deployment.
#[derive(Debug)]
enum Objects {
    S3(Store),
    /// workerd's bucket is reached through `tests/node/workerd.mjs`.
    Control(Origin),
}

impl Deployment {
    /// `firstframe serve` on free ports with a data folder of its own.
    pub fn local_runtime() -> Result<Self> {
        Self::local_runtime_with(&[])
    }

    /// The same with more flags.
    pub fn local_runtime_with(flags: &[&str]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let deployment = Self::serve(&folder.path().join("data"), flags)?;
        Ok(Self { _folder: Some(folder), ..deployment })
    }

    /// `firstframe serve` on a given data folder.
    pub fn serve(data: &Path, flags: &[&str]) -> Result<Self> {
        Self::of_server(Server::start(data, flags)?)
    }

    /// `firstframe serve` on the folder `data` within `folder`, with `upstream` as its provider.
    pub fn serve_with_upstream(folder: &Path, upstream: &Upstream, flags: &[&str]) -> Result<Self> {
        let providers = folder.join("providers.json");
        fs::write(&providers, upstream.providers())?;
        let providers = providers.to_str().context("the folder's name is not UTF-8")?;
        let setting = ["--providers", providers, "--allowed-outbound-hosts", &upstream.origin];
        Self::serve(&folder.join("data"), &[&setting, flags].concat())
    }

    /// A `firstframe serve` that runs already.
    pub fn of_server(server: Server) -> Result<Self> {
        let Server { keys, runtime, .. } = &server;
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
            admin_key: keys.admin_key.clone(),
            objects: Objects::S3(store),
            host: Host::LocalRuntime(Box::new(server)),
            _folder: None,
        })
    }

    /// The Cloudflare build in workerd, with KV, R2 and D1 as miniflare has them. `providers` is
    /// the setting of that name.
    pub fn workerd(providers: &str) -> Result<Self> {
        Self::in_workerd(&[], &[("FIRSTFRAME_PROVIDERS", providers)])
    }

    /// The same for viewers who have accounts.
    pub fn workerd_with_accounts() -> Result<Self> {
        Self::in_workerd(&[], &[("FIRSTFRAME_VIEWERS", "accounts")])
    }

    /// The same without providers, wrapped by a module of `tests/node`.
    pub fn workerd_wrapped_by(module: &str) -> Result<Self> {
        Self::in_workerd(&["--front", module], &[])
    }

    fn in_workerd(flags: &[&str], more_settings: &[(&str, &str)]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Ready {
            url: String,
            control: String,
        }
        let script = workspace().join("tests/node/workerd.mjs");
        let script = script.to_str().context("the workspace's path is not UTF-8")?;
        let settings = [&[("FIRSTFRAME_ADMIN_KEY", WORKERD_KEY)], more_settings].concat();
        let arguments = [&[script], flags].concat();
        let process = Process::start_unguarded("node", &arguments, &settings)?;
        let ready: Ready = serde_json::from_str(&process.first_line)
            .with_context(|| format!("the first line of workerd.mjs: {:?}", process.first_line))?;
        Ok(Self {
            name: "workerd",
            origin: Origin::parse(&ready.url)?,
            admin_key: WORKERD_KEY.to_owned(),
            objects: Objects::Control(Origin::parse(&ready.control)?),
            host: Host::Workerd(process),
            _folder: None,
        })
    }

    /// The deployment at `BASE_URL`, with `ADMIN_KEY`, `S3_ENDPOINT`, `S3_REGION`, `S3_BUCKET`,
    /// `S3_ACCESS_KEY` and `S3_SECRET_KEY`. Tests replace its catalog.
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
            host: Host::Other,
            _folder: None,
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

    /// Puts a file into the object store of the local runtime without sending its bytes: `write`
    /// makes it at the path that it gets, and the server moves it from there.
    pub fn put_file(&self, key: &str, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        let name = key.rsplit('/').next().unwrap_or(key);
        let incoming = self.data()?.join("incoming");
        fs::create_dir_all(&incoming)?;
        write(&incoming.join(name))?;
        self.store()?.move_from_incoming(name, key)
    }

    /// The object store, where it speaks S3.
    pub fn store(&self) -> Result<&Store> {
        match &self.objects {
            Objects::S3(store) => Ok(store),
            Objects::Control(_) => bail!("{} has no S3", self.name),
        }
    }

    /// The server, where this is `firstframe serve`.
    pub fn server(&self) -> Result<&Server> {
        match &self.host {
            Host::LocalRuntime(server) => Ok(server),
            Host::Workerd(_) | Host::Other => bail!("{} is not firstframe serve", self.name),
        }
    }

    /// The data folder of `firstframe serve`.
    pub fn data(&self) -> Result<&PathBuf> {
        self.server().map(|server| &server.data)
    }

    /// The process that runs the deployment.
    pub fn process(&mut self) -> Result<&mut Process> {
        match &mut self.host {
            Host::LocalRuntime(server) => Ok(&mut server.process),
            Host::Workerd(process) => Ok(process),
            Host::Other => bail!("{} is no process of this test", self.name),
        }
    }

    /// Adds the admin key to a request.
    pub fn admin(&self, request: Request) -> Request {
        request.header("Authorization", format!("Bearer {}", self.admin_key))
    }
}

/// Resets the memory peak of a process.
pub fn reset_memory_peak(pid: u32) -> Result<()> {
    // proc(5): 5 resets the peak resident set size to the current one.
    fs::write(format!("/proc/{pid}/clear_refs"), "5").context("cannot reset the memory peak")
}

/// The peak resident set size of a process since the last reset, in bytes.
pub fn memory_peak(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB")).context("no VmHWM")?;
    Ok(kib.trim().parse::<u64>()? << 10)
}
