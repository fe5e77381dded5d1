//! `cargo xtask test`: every test, on this machine, in workerd and in a browser.

use std::{path::Path, process::Command};

use anyhow::{Result, bail};
use clap::Args;

use crate::{
    bench,
    build::{self, ALL, Built, NATIVE, PLAYER_BYTES_MAX},
    conformance, fuzz, run, tools,
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
    tools::programs(&[
        ("ffmpeg", "ffmpeg"),
        ("chromium", "chromium"),
        ("firefox-esr", "firefox-esr"),
        ("nginx", "nginx"),
    ])?;
    tools::node_packages()?;
    let built = build::all()?;
    if built.player_bytes > PLAYER_BYTES_MAX {
        bail!(
            "the player's download is {} bytes; its limit is {PLAYER_BYTES_MAX}",
            built.player_bytes
        );
    }
    if wanted(Part::Rust) {
        run::step("weighing the mp4 part", bench::mp4::part)?;
        run::step("building the Worker by wrangler, which uploads nothing", build::worker)?;
        run::step("tests that cargo runs", || rust(&built))?;
    }
    if wanted(Part::Browser) {
        run::step("tests in the browser", || browser(&built))?;
    }
    if wanted(Part::Conformance) {
        run::step("http-cache-tests", || conformance::run(&built))?;
    }
    if wanted(Part::Fuzz) {
        fuzz::run(&fuzz::Arguments::short())?;
    }
    Ok(())
}

fn rust(built: &Built) -> Result<()> {
    run::run(&mut run::cargo(["test", "--quiet", "--profile", NATIVE, "--package", "xtask"]))?;
    let mut cargo = run::cargo(["test", "--quiet"]);
    run::run(cargo.args(ALL).env("FIRSTFRAME_BIN", &built.firstframe))
}

fn browser(built: &Built) -> Result<()> {
    let mut npm = Command::new("npm");
    npm.args(["run", "--silent", "browser"]).current_dir(Path::new("tests/node"));
    run::run(npm.env("FIRSTFRAME_BIN", &built.firstframe))
}
