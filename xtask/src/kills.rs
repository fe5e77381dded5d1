//! `cargo xtask kills`: kills `firstframe backup` and `firstframe restore` at many moments, which
//! takes minutes. `cargo xtask test` kills each a few times.

use anyhow::Result;
use clap::Args;

use crate::{
    build::{self, WORKSPACE},
    process,
};

/// How often each verb is killed.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Kills of each verb.
    #[arg(long, value_name = "N", default_value_t = 100)]
    count: u32,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let built = build::all()?;
    let title = format!("{} kills of backup and of restore", arguments.count);
    process::step(&title, || {
        let mut cargo = process::cargo(["test", "--quiet"]);
        cargo.args(WORKSPACE).args(["--test", "backup", "--", "killed", "--nocapture"]);
        cargo.env("FIRSTFRAME_BIN", &built.firstframe);
        process::run(cargo.env("FIRSTFRAME_KILLS", arguments.count.to_string()))
    })
}
