//! `cargo xtask bench start`: time from the click, or from opening a link, to the first frame in Chromium, for
//! films of several lengths, beside other players; and paints of the library's first view.

use std::{path::PathBuf, process::Command};

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::{Figure, clip, figures};
use crate::{build, build::NATIVE, prerequisites, process, workspace};

/// The simulated link, and which measurements run.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Round trip time of the link.
    #[arg(long, default_value_t = 60)]
    rtt_ms: u32,
    /// Rate of the link in each direction.
    #[arg(long, default_value_t = 20)]
    mbit: u32,
    /// Runs of each subject in each case; the result is their median.
    #[arg(long, default_value_t = 5)]
    runs: u32,
    /// These cases only.
    #[arg(long)]
    case: Vec<String>,
    /// These subjects only.
    #[arg(long)]
    subject: Vec<String>,
    /// HTTP/1.1 straight to the origin, or HTTP/2 with TLS by nginx in front of it.
    #[arg(long, value_enum, default_value_t = Protocol::Http1)]
    protocol: Protocol,
    /// Write a chart of the time to the first frame over the length of the film, clicked and by link,
    /// to this SVG file.
    #[arg(long)]
    plot: Option<PathBuf>,
}

/// What the browser speaks with the origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Protocol {
    Http1,
    H2,
}

pub(super) fn run(arguments: &Arguments) -> Result<Vec<Figure>> {
    prerequisites::programs(&[
        ("ffmpeg", "ffmpeg"),
        ("node", "nodejs"),
        ("npm", "npm"),
        ("chromium", "chromium"),
    ])?;
    if arguments.protocol == Protocol::H2 {
        prerequisites::programs(&[("nginx", "nginx"), ("openssl", "openssl")])?;
    }
    let folder = workspace::root().join("bench/start");
    prerequisites::npm_packages(&folder)?;
    let built = build::all()?;
    let mut film = process::cargo(["build", "--quiet", "--profile", NATIVE, "--package", "mp4"]);
    process::run(film.args(["--example", "synth"]))?;
    let film = workspace::target_dir().join(NATIVE).join("examples/synth");
    let mut bench = Command::new("node");
    bench.arg(folder.join("bench.mjs")).arg(workspace::target_dir().join("bench/start"));
    bench.arg(clip()?).arg(film).arg(&built.firstframe);
    for (name, value) in
        [("rtt-ms", arguments.rtt_ms), ("mbit", arguments.mbit), ("runs", arguments.runs)]
    {
        bench.arg(format!("--{name}={value}"));
    }
    bench.args(arguments.case.iter().map(|name| format!("--case={name}")));
    bench.args(arguments.subject.iter().map(|name| format!("--subject={name}")));
    if arguments.protocol == Protocol::H2 {
        bench.arg("--protocol=h2");
    }
    if let Some(plot) = &arguments.plot {
        bench.arg("--plot").arg(plot);
    }
    figures(&mut bench)
}
