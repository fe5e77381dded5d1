//! `cargo xtask check`: formatting, lints on three targets, licences, types.

use std::process::Command;

use anyhow::Result;

use crate::{
    build::{ALL, NATIVE},
    licenses, prerequisites, process,
};

pub(crate) fn run() -> Result<()> {
    prerequisites::rust_targets()?;
    process::step("licences and sources", licenses::check)?;
    process::step("formatting", || process::run(&mut process::cargo(["fmt", "--all", "--check"])))?;
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
    prerequisites::node_packages()?;
    for project in ["wasm-player/web", "edge/page"] {
        process::step(&format!("types of {project}"), || {
            process::run(
                Command::new("tests/node/node_modules/.bin/tsc").args(["--project", project]),
            )
        })?;
    }
    Ok(())
}

fn clippy(target: &str, arguments: &[&str]) -> Result<()> {
    process::step(&format!("clippy for {target}"), || {
        let mut clippy = process::cargo(["clippy", "--quiet"]);
        process::run(clippy.args(arguments).args(["--", "--deny", "warnings"]))
    })
}
