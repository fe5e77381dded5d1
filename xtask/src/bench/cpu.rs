//! Processor time of headers and starts in workerd.

use std::process::Command;

use anyhow::Result;

use super::{Figure, clip, figures, small_clip};
use crate::{build, build::NATIVE, run, tools};

pub(super) fn run() -> Result<Vec<Figure>> {
    tools::programs(&[("ffmpeg", "ffmpeg")])?;
    tools::node_packages()?;
    build::all()?;
    build::worker()?;
    run::run(run::cargo(["build", "--example", "cpu"]).args(build::ALL))?;
    let mut example = Command::new(run::target_dir().join(NATIVE).join("examples/cpu"));
    figures(example.arg(clip()?).arg(small_clip()?))
}
