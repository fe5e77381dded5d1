//! `cargo xtask bench cpu`: processor time of headers and starts in workerd.

use std::process::Command;

use anyhow::Result;

use super::{Figure, clip, figures, small_clip};
use crate::{build, build::NATIVE, prerequisites, process, workspace};

pub(super) fn run() -> Result<Vec<Figure>> {
    prerequisites::programs(&[("ffmpeg", "ffmpeg")])?;
    prerequisites::node_packages()?;
    build::all()?;
    build::worker()?;
    process::run(process::cargo(["build", "--example", "cpu"]).args(build::WORKSPACE))?;
    let mut example = Command::new(workspace::target_dir().join(NATIVE).join("examples/cpu"));
    figures(example.arg(clip()?).arg(small_clip()?))
}
