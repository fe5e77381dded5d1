//! `cargo xtask attack`: every attack at once against `firstframe serve`, on loopback.

use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::{build, build::NATIVE, process, workspace};

/// For how long.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Minutes, at most 60.
    #[arg(long, default_value_t = 30.0)]
    minutes: f64,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let built = build::all()?;
    process::run(process::cargo(["build", "--example", "attack"]).args(build::WORKSPACE))?;
    let example = workspace::target_dir().join(NATIVE).join("examples/attack");
    let mut attack = Command::new(example);
    attack.arg(arguments.minutes.to_string()).env("FIRSTFRAME_BIN", built.firstframe);
    process::step("every attack at once", || process::run(&mut attack))
}
