//! Starts a server from its settings, and runs it until a signal ends it.

use std::{fs, io::ErrorKind, mem, net::SocketAddr, process::ExitCode, sync::Arc};

use anyhow::{Context, Result, bail};
use api::data_folder::ServerKeys;
use s3s::service::S3Service;
use tokio::{net::TcpListener, runtime};

use super::{
    cache::{Cache, InvalidatingService},
    edge_service::EdgeService,
    http_server::HttpServer,
    logging,
    running_server_file::RunningServerFile,
    shutdown_signals::ShutdownSignals,
};
use crate::{
    config::{Config, Flags},
    engine::{self, Handler, Limits},
    host::{HostServices, Outbound},
    storage::{DataFolder, GuestDatabase, open_keys, s3},
};

/// The component that the build put into this binary; empty when the build had none.
const EMBEDDED_COMPONENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/component.wasm"));
/// Threads that may block on the disk. Further reads wait for one of them.
const BLOCKING_THREADS_MAX: usize = 32;
/// Connections to the object store: its clients are `publish` and tools on this machine.
const S3_CONNECTIONS_MAX: usize = 64;

/// Serves until a signal ends the server.
pub(crate) fn run(flags: &Flags) -> Result<ExitCode> {
    let config = Config::load(flags, |name| std::env::var(name).ok())?;
    logging::init(config.log)?;
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let runtime = runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .build()?;
    let served = runtime.block_on(serve(&config));
    // The process ends without dropping the runtime: a partly written file is removed at the next
    // start, and every instance that is dropped in mid-request would be logged as failed.
    mem::forget(runtime);
    served.map(|()| ExitCode::SUCCESS)
}

async fn serve(config: &Config) -> Result<()> {
    let folder = open_data_folder(config)?;
    let keys = open_keys(&config.data)?;
    let s3 = s3::service(Arc::clone(&folder), &keys.s3_access_key, &keys.s3_secret_key);
    let listener = bind("listen", config.listen).await?;
    let s3_listener = bind("s3_listen", config.s3_listen).await?;
    let signals = ShutdownSignals::new()?;
    let services = host_services(config, Arc::clone(&folder), keys, s3.clone());
    let handler = load_component(config, services).await?;
    let cache = Cache::new(config.cache_bytes_max, folder);
    let edge = EdgeService::new(handler, cache.clone(), config);
    let s3 = InvalidatingService::new(s3, cache);
    let timeout = config.stall_timeout;
    let web_server = HttpServer::start(listener, edge, config.connections_max, timeout)?;
    let s3_server = HttpServer::start(s3_listener, s3, S3_CONNECTIONS_MAX, timeout)?;
    let (web, s3) = (web_server.address, s3_server.address);
    let running = RunningServerFile::announce(&config.data, web, s3)?;
    signals.wait().await;
    tracing::info!("shutting down: waiting for running responses");
    let finish = async { tokio::join!(web_server.finish(), s3_server.finish()) };
    if tokio::time::timeout(config.shutdown, finish).await.is_err() {
        tracing::warn!("responses that outlasted shutdown_seconds were cut off");
    }
    drop(running);
    Ok(())
}

fn open_data_folder(config: &Config) -> Result<Arc<DataFolder>> {
    let data = &config.data;
    fs::create_dir_all(data)
        .with_context(|| format!("data: cannot make the folder {}", data.display()))?;
    let folder = DataFolder::open(data, config.objects_bytes_max)
        .with_context(|| format!("data: cannot use the folder {}", data.display()))?;
    Ok(Arc::new(folder))
}

fn host_services(
    config: &Config,
    folder: Arc<DataFolder>,
    keys: ServerKeys,
    s3: S3Service,
) -> Arc<HostServices> {
    Arc::new(HostServices {
        folder,
        database: Arc::new(GuestDatabase::new(config.data.join("database.sqlite"))),
        keys,
        s3,
        outbound: Outbound::new(config.allowed_outbound_hosts.clone()),
        settings: config.edge.clone(),
        memory_bytes_max: config.memory_bytes_max,
    })
}

async fn load_component(config: &Config, services: Arc<HostServices>) -> Result<Handler> {
    let component = match &config.component {
        None => EMBEDDED_COMPONENT.to_vec(),
        Some(path) => {
            fs::read(path).with_context(|| format!("component: cannot read {}", path.display()))?
        }
    };
    let limits = Limits {
        requests_max: config.requests_max,
        request_timeout: config.request_timeout,
        memory_bytes_max: config.memory_bytes_max,
    };
    let cache_folder = config.data.clone();
    let load = move || engine::handler(&component, &cache_folder, services, limits);
    tokio::task::spawn_blocking(load).await?
}

async fn bind(setting: &str, address: SocketAddr) -> Result<TcpListener> {
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == ErrorKind::AddrInUse => bail!(
            "{setting}: port {} of {} is in use; end the program that uses it, or choose another \
             address by --{}",
            address.port(),
            address.ip(),
            setting.replace('_', "-")
        ),
        Err(error) => Err(error).with_context(|| format!("{setting}: cannot listen on {address}")),
    }
}
