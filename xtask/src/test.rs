//! `cargo xtask test`: every test, on this machine, in workerd and in a browser.

use std::{path::Path, process::Command};

use anyhow::{Result, bail};
use clap::Args;

use crate::{
    bench,
    build::{self, ALL, Built, NATIVE, PLAYER_BYTES_MAX},
    conformance, fuzz, prerequisites, process,
};

/// Which tests to run; all of them without a name.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// One part only.
    part: Option<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Units, properties, contract: everything that cargo runs.
    Rust,
    /// Chromium and Firefox.
    Browser,
    /// http-cache-tests, through `firstframe serve`.
    Conformance,
    /// Every fuzz target, for a short while.
    Fuzz,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let wanted = |part| arguments.part.is_none_or(|only| only == part);
    prerequisites::programs(&[
        ("ffmpeg", "ffmpeg"),
        ("chromium", "chromium"),
        ("firefox-esr", "firefox-esr"),
        ("nginx", "nginx"),
    ])?;
    prerequisites::node_packages()?;
    let built = build::all()?;
    if built.player_bytes > PLAYER_BYTES_MAX {
        bail!(
            "the player's download is {} bytes; its limit is {PLAYER_BYTES_MAX}",
            built.player_bytes
        );
    }
    if wanted(Part::Rust) {
        process::step("weighing the mp4 part", bench::mp4::part)?;
        process::step("building the Worker by wrangler, which uploads nothing", build::worker)?;
        process::step("tests that cargo runs", || rust(&built))?;
    }
    if wanted(Part::Browser) {
        process::step("tests in the browser", || browser(&built))?;
    }
    if wanted(Part::Conformance) {
        process::step("http-cache-tests", || conformance::run(&built))?;
    }
    if wanted(Part::Fuzz) {
        fuzz::run(&fuzz::Arguments::short())?;
    }
    Ok(())
}

fn rust(built: &Built) -> Result<()> {
    process::run(&mut process::cargo([
        "test",
        "--quiet",
        "--profile",
        NATIVE,
        "--package",
        "xtask",
    ]))?;
    let mut cargo = process::cargo(["test", "--quiet"]);
    process::run(cargo.args(ALL).env("FIRSTFRAME_BIN", &built.firstframe))
}

fn browser(built: &Built) -> Result<()> {
    let mut npm = Command::new("npm");
    npm.args(["run", "--silent", "browser"]).current_dir(Path::new("tests/node"));
    process::run(npm.env("FIRSTFRAME_BIN", &built.firstframe))
}
