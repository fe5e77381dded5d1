//! `cargo xtask check`: formatting, lints on three targets, licences, types.

use std::process::Command;

use anyhow::Result;

use crate::{
    build::{ALL, NATIVE},
    deny, run, tools,
};

pub(crate) fn run() -> Result<()> {
    tools::rust_targets()?;
    run::step("licences and sources", deny::check)?;
    run::step("formatting", || run::run(&mut run::cargo(["fmt", "--all", "--check"])))?;
    clippy("xtask", &["--package=xtask", "--all-targets", "--profile", NATIVE])?;
    clippy("this machine", &[&["--all-targets"], &ALL[..]].concat())?;
    clippy(
        "wasm32-unknown-unknown",
        &[
            "--package=edge",
            "--package=wasm-player",
            "--target=wasm32-unknown-unknown",
            "--release",
        ],
    )?;
    clippy(
        "the player by headers",
        &[
            "--package=wasm-player",
            "--features=by-headers",
            "--target=wasm32-unknown-unknown",
            "--release",
        ],
    )?;
    clippy("wasm32-wasip2", &["--package=edge", "--target=wasm32-wasip2", "--release"])?;
    tools::node_packages()?;
    for project in ["wasm-player/web", "edge/page"] {
        run::step(&format!("types of {project}"), || {
            run::run(Command::new("tests/node/node_modules/.bin/tsc").args(["--project", project]))
        })?;
    }
    Ok(())
}

fn clippy(target: &str, arguments: &[&str]) -> Result<()> {
    run::step(&format!("clippy for {target}"), || {
        let mut clippy = run::cargo(["clippy", "--quiet"]);
        run::run(clippy.args(arguments).args(["--", "--deny", "warnings"]))
    })
}
