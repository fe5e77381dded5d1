//! `cargo xtask up`: from a fresh clone to a URL that plays.

use std::{
    fs,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::{build, process, workspace};

/// How long the server may take to be ready: a first start compiles the component.
const READY_SECONDS_MAX: u64 = 60;

/// What to serve, from where, and on which port.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A folder of films; without it, a demo of our own making.
    #[arg(long, value_name = "DIR")]
    library: Option<PathBuf>,
    /// Where the stores live.
    #[arg(long, value_name = "DIR", default_value = "target/up")]
    data: PathBuf,
    /// The port to listen on, on this machine only.
    #[arg(long, value_name = "N", default_value_t = 8700)]
    port: u16,
    /// Set by `up` itself, on the process that publishes while this one serves.
    #[arg(long, hide = true)]
    publish_only: bool,
}

/// Builds, then becomes the server, so that signals reach it; a child publishes meanwhile.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let firstframe = workspace::target_dir().join(build::NATIVE).join("firstframe");
    if arguments.publish_only {
        return publish(&firstframe, arguments);
    }
    build::all()?;
    let data = &arguments.data;
    fs::create_dir_all(data).with_context(|| format!("cannot make {}", data.display()))?;
    // What an earlier server left behind would look like a server that is ready.
    let _absent = fs::remove_file(data.join("runtime.json"));
    let mut publisher = Command::new(std::env::current_exe()?);
    publisher.args(["up", "--publish-only", "--port", &arguments.port.to_string()]);
    publisher.arg("--data").arg(data);
    if let Some(library) = &arguments.library {
        publisher.arg("--library").arg(library);
    }
    publisher.stdin(Stdio::null()).spawn().context("cannot start the publisher")?;
    let error = Command::new(firstframe)
        .args(["serve", "--listen", &format!("127.0.0.1:{}", arguments.port)])
        .arg("--data")
        .arg(data)
        .exec();
    Err(error).context("cannot become the server")
}

fn publish(firstframe: &Path, arguments: &Arguments) -> Result<()> {
    let library = match &arguments.library {
        Some(library) => library.clone(),
        None => demo(firstframe)?,
    };
    ready(&arguments.data)?;
    process::run(
        Command::new(firstframe).arg("publish").arg(library).arg("--data").arg(&arguments.data),
    )?;
    println!("\nFirstframe plays at http://127.0.0.1:{}/ (Ctrl-C ends it)", arguments.port);
    Ok(())
}

/// A small clip of our own making, and a long film with its `moov` at the end made of it.
fn demo(firstframe: &Path) -> Result<PathBuf> {
    let library = workspace::target_dir().join("demo-library");
    process::run(Command::new(firstframe).arg("demo").arg(&library))?;
    Ok(library)
}

fn ready(data: &Path) -> Result<()> {
    let state = data.join("runtime.json");
    for _ in 0..READY_SECONDS_MAX * 10 {
        if state.exists() {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(100));
    }
    bail!("the server was not ready within {READY_SECONDS_MAX} s; its own words above say why")
}
