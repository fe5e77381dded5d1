//! `cargo xtask attack --minutes N`: every attack at once against a `firstframe serve` of its own, on
//! loopback, and an honest viewer beside them.
//!
//! It fails where the viewer waits over two seconds for a first frame, where the server takes 500 MiB
//! or more, logs more than ten lines a second, or loses what the viewer stored.
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

mod attackers;
mod viewer;

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use tests::{
    deployment::Deployment,
    fixture,
    process::{Process, firstframe},
    server::Server,
};

use attackers::Tally;

/// The server writes its log to the file that is the first argument.
const SERVE: &str = r#"log=$1; shift; exec "$@" 2>"$log""#;
const FRAME_TIME_MAX: Duration = Duration::from_secs(2);
const MEMORY_MAX: u64 = 500 << 20;
const LINES_MAX: usize = 10;

fn main() -> Result<()> {
    let minutes: f64 = std::env::args().nth(1).context("the minutes are missing")?.parse()?;
    ensure!((0.0..=60.0).contains(&minutes), "an attack takes at most 60 minutes");
    let time = Duration::from_secs_f64(minutes * 60.0);
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("log");
    let deployment = serve(folder.path(), &log)?;
    fixture::install(&deployment)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let tally = Arc::new(Tally::default());
    let address = deployment.origin.authority.parse()?;
    let (viewer, measured) = runtime.block_on(async {
        let end = Instant::now() + time;
        let attack = attackers::start(address, Arc::clone(&tally));
        let watched = tokio::spawn(viewer::watch(address, end));
        let measured = measure(&deployment, &log, end).await?;
        drop(attack);
        anyhow::Ok((watched.await??, measured))
    })?;
    runtime.shutdown_timeout(Duration::from_secs(5));
    println!("attacks: {tally:?}");
    println!(
        "viewer: {} starts, the slowest {:?}, {} refused; memory {} MiB, log lines a second {}",
        viewer.starts,
        viewer.slowest,
        viewer.refused,
        measured.memory >> 20,
        measured.lines
    );
    check(&deployment, &viewer, &measured)
}

fn serve(folder: &Path, log: &Path) -> Result<Deployment> {
    let data = folder.join("data");
    let binary = firstframe()?;
    let text = |path: &Path| path.to_str().map(str::to_owned).context("a path in UTF-8");
    let (log, binary, data_text) = (text(log)?, text(&binary)?, text(&data)?);
    let arguments = ["-c", SERVE, "sh", &log, &binary, "serve", "--data", &data_text];
    let addresses = ["--listen", "127.0.0.1:0", "--s3-listen", "127.0.0.1:0"];
    let process = Process::start("sh".as_ref(), &[&arguments[..], &addresses].concat())?;
    Deployment::of_server(Server::adopt(process, &data)?)
}

/// The largest figures of all seconds.
struct Measured {
    memory: u64,
    lines: usize,
}

async fn measure(deployment: &Deployment, log: &Path, end: Instant) -> Result<Measured> {
    let pid = deployment.server()?.runtime.pid;
    let mut measured = Measured { memory: 0, lines: 0 };
    let mut lines = line_count(log)?;
    while Instant::now() < end {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = line_count(log)?;
        measured.lines = measured.lines.max(now - lines);
        lines = now;
        measured.memory = measured.memory.max(resident(pid)?);
    }
    Ok(measured)
}

fn line_count(log: &Path) -> Result<usize> {
    Ok(fs::read_to_string(log)?.lines().count())
}

/// The resident set size of a process, in bytes.
fn resident(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB")).context("no VmRSS")?;
    Ok(kib.trim().parse::<u64>()? << 10)
}

fn check(deployment: &Deployment, viewer: &viewer::Watched, measured: &Measured) -> Result<()> {
    ensure!(viewer.starts > 0, "the viewer saw nothing");
    ensure!(viewer.slowest <= FRAME_TIME_MAX, "a first frame took {:?}", viewer.slowest);
    ensure!(viewer.refused == 0, "the viewer was refused {} times", viewer.refused);
    ensure!(measured.memory < MEMORY_MAX, "the server took {} bytes", measured.memory);
    // A second of this measure may have the end of one of the log's, and the beginning of the next.
    ensure!(measured.lines <= 2 * LINES_MAX, "{} lines in a second", measured.lines);
    viewer::is_remembered(deployment, &viewer.token)?;
    println!("all limits hold, and nothing is lost");
    Ok(())
}
