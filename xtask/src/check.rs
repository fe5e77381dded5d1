//! `cargo xtask check`: formatting, lints on three targets, docs, licenses, advisories, types of the
//! scripts.

use std::process::Command;

use anyhow::Result;

use crate::{
    advisories,
    build::{NATIVE, WORKSPACE},
    licenses, prerequisites, process,
};

pub(crate) fn run() -> Result<()> {
    prerequisites::rust_targets()?;
    process::step("licenses and sources", licenses::check)?;
    process::step("advisories", advisories::check)?;
    process::step("formatting", || process::run(&mut process::cargo(["fmt", "--all", "--check"])))?;
    clippy("xtask", &["--package=xtask", "--all-targets", "--profile", NATIVE])?;
    clippy("this machine", &[&["--all-targets"], &WORKSPACE[..]].concat())?;
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
        "the player that plays from headers",
        &[
            "--package=wasm-player",
            "--features=by-headers",
            "--target=wasm32-unknown-unknown",
            "--release",
        ],
    )?;
    clippy("wasm32-wasip2", &["--package=edge", "--target=wasm32-wasip2", "--release"])?;
    docs()?;
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

/// Builds the docs of all packages, in which a broken link is an error.
fn docs() -> Result<()> {
    for packages in [&WORKSPACE[..], &["--package=xtask", "--profile", NATIVE]] {
        process::step("docs", || {
            let mut doc = process::cargo(["doc", "--quiet", "--no-deps"]);
            process::run(doc.args(packages).env("RUSTDOCFLAGS", "--deny warnings"))
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
