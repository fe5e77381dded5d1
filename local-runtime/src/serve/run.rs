//! Starts a server from its settings, and runs it until a signal ends it.

use std::{
    env, fs,
    io::ErrorKind,
    mem,
    net::SocketAddr,
    process::{Command, ExitCode, Stdio},
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use api::data_folder::{RunningServer, ServerKeys};
use s3s::service::S3Service;
use tokio::{net::TcpListener, runtime};

use super::{
    access_log::AccessLog,
    cache::{Cache, InvalidatingService},
    certificate::Certificate,
    connection_threads::ConnectionThreads,
    connections::Connections,
    data_folder,
    edge_service::{Edge, EdgeService},
    http_server::{self, HttpServer},
    logging, open_file_limit,
    running_server_file::RunningServerFile,
    served_connection::Serving,
    server_proof::ProvingService,
    shutdown_signals::ShutdownSignals,
    tls_handshake::Tls,
    unused_media,
};
use crate::{
    config::{COMPILE_ONLY, Config, Flags, private_origins},
    engine::{self, Handler, Limits},
    host::{HostServices, Outbound},
    storage::{DataFolder, GUEST_DATABASE, GuestDatabase, open_keys, s3},
};

/// The component that the build put into this binary; empty when the build had none.
const EMBEDDED_COMPONENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/component.wasm"));
/// Threads that may block on the disk. Further reads wait for one of them.
const BLOCKING_THREADS_MAX: usize = 32;
/// Connections to the object store: its clients are `publish` and tools on this machine.
const S3_CONNECTIONS_MAX: usize = 64;

/// Serves until a signal ends the server.
pub(crate) fn run(flags: &Flags) -> Result<ExitCode> {
    let config = Config::load(flags, |name| env::var(name).ok())?;
    if flags.compile_only {
        let compiled = engine::compile(&component_bytes(&config)?, &config.data, limits(&config));
        return compiled.map(|()| ExitCode::SUCCESS);
    }
    logging::init(config.log)?;
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let runtime = runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .build()?;
    let served = runtime.block_on(serve(&config, flags.rebuild));
    // The process ends without dropping the runtime: a partly written file is removed at the next
    // start, and every instance that is dropped in mid-request would be logged as failed.
    mem::forget(runtime);
    served.map(|()| ExitCode::SUCCESS)
}

async fn serve(config: &Config, rebuild: bool) -> Result<()> {
    let certificate = config.tls.as_ref().map(Certificate::load).transpose()?;
    let folder = data_folder::open(config, rebuild)?;
    let keys = open_keys(&config.data)?;
    let s3 = s3::service(Arc::clone(&folder), &keys.s3_access_key, &keys.s3_secret_key);
    let listener = bind("listen", config.listen)?;
    let s3_listener = bind("s3_listen", config.s3_listen)?;
    let signals = ShutdownSignals::new()?;
    let services = host_services(config, Arc::clone(&folder), keys, s3.clone());
    let database = Arc::clone(&services.database);
    let handler = load_component(config, services).await?;
    let cache = Cache::new(config.cache_bytes_max, Arc::clone(&folder));
    let nonce = RunningServerFile::nonce()?;
    let access_log = AccessLog::start(config.access_log);
    let edge = Arc::new(Edge::new(handler, cache.clone(), access_log.clone(), config));
    let proven: Arc<str> = nonce.as_str().into();
    let service_of = move |connection| {
        ProvingService::new(EdgeService::new(Arc::clone(&edge), connection), Arc::clone(&proven))
    };
    let timeout = config.stall_timeout;
    let connections = Connections::new(open_file_limit::connections(config.connections_max));
    // Before the first request, whose line of the access log follows on stdout. Clients wait meanwhile.
    let server = running_server((&listener, &s3_listener), nonce, certificate.as_deref())?;
    let running = Arc::new(RunningServerFile::announce(&config.data, server)?);
    let tls = certificate.map(|certificate| follow(certificate, &running)).transpose()?;
    let (threads, edge) = (ConnectionThreads::start()?, Serving { service_of, tls });
    let web_server = HttpServer::start(listener, edge, connections, threads, timeout)?;
    let s3 = InvalidatingService::new(s3, cache);
    let s3 = Serving { service_of: move |_| s3.clone(), tls: None };
    let connections = Connections::new(S3_CONNECTIONS_MAX);
    let threads = ConnectionThreads::current();
    let s3_server = HttpServer::start(s3_listener, s3, connections, threads, timeout)?;
    tokio::spawn(data_folder::remove_expired_hourly(Arc::clone(&folder)));
    if let Some(grace) = config.unused_media_time {
        let (folder, data) = (Arc::clone(&folder), config.data.clone());
        tokio::spawn(unused_media::delete_regularly(folder, data, grace));
    }
    signals.wait().await;
    tracing::info!("shutting down: waiting for running responses");
    let finish = async { tokio::join!(web_server.finish(), s3_server.finish()) };
    if tokio::time::timeout(config.shutdown, finish).await.is_err() {
        tracing::warn!("responses that outlasted shutdown_seconds were cut off");
    }
    data_folder::checkpoint(folder, database).await;
    access_log.flush();
    drop(running);
    Ok(())
}

/// What `runtime.json` says of a server with these listeners: for the web, and for S3.
fn running_server(
    (web, s3): (&TcpListener, &TcpListener),
    nonce: String,
    certificate: Option<&Certificate>,
) -> Result<RunningServer> {
    let scheme = if certificate.is_some() { "https" } else { "http" };
    Ok(RunningServer {
        pid: std::process::id(),
        s3_endpoint: format!("http://{}", s3.local_addr()?),
        url: format!("{scheme}://{}/", web.local_addr()?),
        nonce,
        certificate: certificate.map(Certificate::hash),
    })
}

/// TLS by a certificate whose files are followed, for as long as the server runs.
fn follow(certificate: Arc<Certificate>, running: &Arc<RunningServerFile>) -> Result<Tls> {
    let running = Arc::downgrade(running);
    let tell = move |certificate: &Certificate| {
        if let Some(running) = running.upgrade() {
            running.set_certificate(certificate.hash());
        }
    };
    tokio::spawn(Arc::clone(&certificate).follow(tell));
    Tls::new(certificate)
}

fn host_services(
    config: &Config,
    folder: Arc<DataFolder>,
    keys: ServerKeys,
    s3: S3Service,
) -> Arc<HostServices> {
    Arc::new(HostServices {
        folder,
        database: Arc::new(GuestDatabase::new(config.data.join(GUEST_DATABASE))),
        keys,
        s3,
        outbound: Outbound::new(
            config.allowed_outbound_hosts.clone(),
            private_origins(config.edge.get("providers").map_or("", String::as_str)),
            &config.outbound_ca,
        ),
        settings: config.edge.clone(),
        memory_bytes_max: config.memory_bytes_max,
    })
}

async fn load_component(config: &Config, services: Arc<HostServices>) -> Result<Handler> {
    let (component, limits) = (component_bytes(config)?, limits(config));
    let cache_folder = config.data.clone();
    let load = move || engine::handler(&component, &cache_folder, services, limits, compile_apart);
    tokio::task::spawn_blocking(load).await?
}

fn component_bytes(config: &Config) -> Result<Vec<u8>> {
    match &config.component {
        None => Ok(EMBEDDED_COMPONENT.to_vec()),
        Some(path) => {
            fs::read(path).with_context(|| format!("component: cannot read {}", path.display()))
        }
    }
}

fn limits(config: &Config) -> Limits {
    Limits {
        requests_max: config.requests_max,
        request_timeout: config.request_timeout,
        memory_bytes_max: config.memory_bytes_max,
    }
}

/// Has another process of this program compile the component: the memory of the compiler
/// would stay with the server. Whether it did: if not, the server compiles it, and says what is wrong.
fn compile_apart() -> bool {
    let Ok(program) = env::current_exe() else { return false };
    let mut compiler = Command::new(program);
    compiler.args(env::args_os().skip(1)).arg(COMPILE_ONLY);
    compiler.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    compiler.status().is_ok_and(|status| status.success())
}

fn bind(setting: &str, address: SocketAddr) -> Result<TcpListener> {
    match http_server::listen(address) {
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
