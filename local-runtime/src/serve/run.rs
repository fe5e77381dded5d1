//! From settings to a server, and to its end.

use std::{
    fs,
    io::{ErrorKind, IsTerminal as _, Write as _, stdout},
    mem,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use api::data_folder::{RUNNING_SERVER_FILE, RunningServer};
use tokio::{
    net::TcpListener,
    runtime,
    signal::unix::{Signal, SignalKind, signal},
};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Layer as _, filter::Targets, fmt, layer::SubscriberExt as _};

use super::{
    answer::Answering,
    cache::{Cache, Emptying},
    connections,
};
use crate::{
    config::{Config, Flags},
    engine::{self, Limits},
    host::{Outbound, Shared},
    storage::{Database, Folder, open_keys, s3},
};

/// The component that the build put into this binary; empty when there was none.
const EMBEDDED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/component.wasm"));
/// Threads that wait for the disk at once; more reads than that queue.
const DISK_THREADS: usize = 32;
/// Connections of the object store: publish and this machine's tools, nobody else.
const S3_CONNECTIONS_MAX: usize = 64;

/// Serves until a signal ends it.
pub(crate) fn run(flags: &Flags) -> Result<ExitCode> {
    let config = Config::load(flags, |name| std::env::var(name).ok())?;
    log(config.log)?;
    let runtime = runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(DISK_THREADS)
        .build()?;
    let served = runtime.block_on(serve(&config));
    // The process ends here, with whatever still runs: nothing half-written counts, and tearing
    // instances down one by one would report each of them as failed.
    mem::forget(runtime);
    served.map(|()| ExitCode::SUCCESS)
}

/// Logs to stderr. The crates below us log requests with their signatures, so they are not heard.
fn log(level: LevelFilter) -> Result<()> {
    let ours = Targets::new()
        .with_target("firstframe", level)
        .with_target("guest", level)
        .with_default(level.min(LevelFilter::WARN))
        .with_target("s3s", LevelFilter::OFF);
    let color = std::io::stderr().is_terminal();
    let layer = fmt::layer().with_writer(std::io::stderr).with_ansi(color).with_filter(ours);
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer))?;
    Ok(())
}

async fn serve(config: &Config) -> Result<()> {
    let missing = config.missing_for_apart();
    if !missing.is_empty() {
        tracing::warn!(
            "startup_store is apart, and {} not set: startup blocks are kept here only",
            missing.join(", ")
        );
    }
    let data = &config.data;
    fs::create_dir_all(data)
        .with_context(|| format!("data: the folder {} cannot be made", data.display()))?;
    let in_data = || format!("data: the folder {} cannot be used", data.display());
    let folder = Folder::open(data, config.objects_bytes_max).with_context(in_data)?;
    let folder = Arc::new(folder);
    let keys = open_keys(data)?;
    let s3 = s3::service(Arc::clone(&folder), &keys.s3_access_key, &keys.s3_secret_key);
    let listener = bind("listen", config.listen).await?;
    let s3_listener = bind("s3_listen", config.s3_listen).await?;
    let signals = Signals::new()?;
    let shared = Arc::new(Shared {
        folder: Arc::clone(&folder),
        database: Arc::new(Database::new(data.join("database.sqlite"))),
        keys,
        s3: s3.clone(),
        outbound: Outbound::new(config.allowed_outbound_hosts.clone()),
        settings: config.edge.clone(),
        memory_bytes_max: config.memory_bytes_max,
    });
    let limits = Limits {
        requests_max: config.requests_max,
        request_timeout: config.request_timeout,
        memory_bytes_max: config.memory_bytes_max,
    };
    let component = component(config)?;
    let cache = data.clone();
    let made =
        tokio::task::spawn_blocking(move || engine::handler(&component, &cache, shared, limits));
    let kept = Cache::new(config.cache_bytes_max, folder);
    let answering = Answering::new(made.await??, kept.clone(), config.requests_max);
    let (open, stall) = (config.connections_max, config.stall_timeout);
    let web = connections::Server::start(listener, answering, open, stall)?;
    let store = connections::Server::start(
        s3_listener,
        Emptying::new(s3, kept),
        S3_CONNECTIONS_MAX,
        stall,
    )?;
    let state = State::announce(data, web.address, store.address)?;
    signals.end().await;
    tracing::info!("finishing what is running");
    let finish = async { tokio::join!(web.finish(), store.finish()) };
    if tokio::time::timeout(config.shutdown, finish).await.is_err() {
        tracing::warn!("answers that took too long were cut off");
    }
    drop(state);
    Ok(())
}

fn component(config: &Config) -> Result<Vec<u8>> {
    match &config.component {
        None => Ok(EMBEDDED.to_vec()),
        Some(path) => {
            fs::read(path).with_context(|| format!("component: {} cannot be read", path.display()))
        }
    }
}

async fn bind(setting: &str, address: SocketAddr) -> Result<TcpListener> {
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == ErrorKind::AddrInUse => bail!(
            "{setting}: port {} is in use on {}; end what uses it, or choose another with --{}",
            address.port(),
            address.ip(),
            setting.replace('_', "-")
        ),
        Err(error) => Err(error).with_context(|| format!("{setting}: cannot listen on {address}")),
    }
}

/// The two signals that end a server.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { interrupt, terminate: signal(SignalKind::terminate())? })
    }

    async fn end(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        // Whoever asks again does not want to wait.
        tokio::spawn(async move {
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
            }
            std::process::exit(1);
        });
    }
}

/// `runtime.json`: that a server is here, and where; gone when it is.
struct State(PathBuf);

impl State {
    fn announce(data: &Path, web: SocketAddr, store: SocketAddr) -> Result<Self> {
        let server = RunningServer {
            pid: std::process::id(),
            s3_endpoint: format!("http://{store}"),
            url: format!("http://{web}/"),
        };
        let path = data.join(RUNNING_SERVER_FILE);
        let unfinished = data.join("runtime.json.part");
        fs::write(&unfinished, serde_json::to_string(&server)?)?;
        fs::rename(&unfinished, &path)?;
        let mut out = stdout().lock();
        writeln!(out, "Firstframe serves http://{web}/")?;
        out.flush()?;
        Ok(Self(path))
    }
}

impl Drop for State {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::warn!(%error, "runtime.json stays behind");
        }
    }
}
