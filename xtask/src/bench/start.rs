//! `cargo xtask bench start`: time from the click to the first frame in Chromium, for films of several
//! lengths, beside other players.

use std::{path::PathBuf, process::Command};

use anyhow::Result;
use clap::Args;

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
    /// Write a chart of the time to the first frame over the length of the film to this SVG file.
    #[arg(long)]
    plot: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Vec<Figure>> {
    prerequisites::programs(&[
        ("ffmpeg", "ffmpeg"),
        ("node", "nodejs"),
        ("npm", "npm"),
        ("chromium", "chromium"),
    ])?;
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
    if let Some(plot) = &arguments.plot {
        bench.arg("--plot").arg(plot);
    }
    figures(&mut bench)
}
