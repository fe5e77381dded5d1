//! `cargo xtask up`: builds, serves and publishes, from a fresh clone to a page that plays.

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

/// How long a server may take to start: its first start compiles the component.
const READY_SECONDS_MAX: u64 = 60;

/// Which films to publish, and how to serve them.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A folder of films. Without it, two films of a demo are published.
    #[arg(long, value_name = "DIR")]
    library: Option<PathBuf>,
    /// The data folder of the server.
    #[arg(long, value_name = "DIR", default_value = "target/up")]
    data: PathBuf,
    /// The port to listen on, on this machine only.
    #[arg(long, value_name = "N", default_value_t = 8700)]
    port: u16,
    /// `up` starts itself again with this flag, to publish while the first process serves.
    #[arg(long, hide = true)]
    publish_only: bool,
}

/// Builds, starts a child that publishes, then becomes the server, so that signals reach it.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let firstframe = workspace::target_dir().join(build::NATIVE).join("firstframe");
    if arguments.publish_only {
        return publish(&firstframe, arguments);
    }
    build::all()?;
    let data = &arguments.data;
    fs::create_dir_all(data).with_context(|| format!("cannot make {}", data.display()))?;
    // The file of an earlier server would look like a server that is ready.
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
    Err(error).context("cannot start the server in place of this process")
}

fn publish(firstframe: &Path, arguments: &Arguments) -> Result<()> {
    let library = match &arguments.library {
        Some(library) => library.clone(),
        None => make_demo(firstframe)?,
    };
    wait_until_ready(&arguments.data)?;
    process::run(
        Command::new(firstframe).arg("publish").arg(library).arg("--data").arg(&arguments.data),
    )?;
    println!("\nFirstframe plays at http://127.0.0.1:{}/ (Ctrl-C ends it)", arguments.port);
    Ok(())
}

/// Makes the films of the demo: a short clip, and a long film, with `moov` at its end, that repeats
/// it.
fn make_demo(firstframe: &Path) -> Result<PathBuf> {
    let library = workspace::target_dir().join("demo-library");
    process::run(Command::new(firstframe).arg("demo").arg(&library))?;
    Ok(library)
}

fn wait_until_ready(data: &Path) -> Result<()> {
    let state = data.join("runtime.json");
    for _ in 0..READY_SECONDS_MAX * 10 {
        if state.exists() {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(100));
    }
    bail!("the server was not ready within {READY_SECONDS_MAX} s; its messages are above")
}
