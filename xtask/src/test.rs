//! `cargo xtask test [PART]`: every test, in parts that differ in what they need installed or built.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result, ensure};
use clap::{Args, ValueEnum};
use serde::Deserialize;

use crate::{
    bench,
    build::{self, Built, Download, NATIVE, WORKSPACE},
    clients, conformance, fuzz, package, prerequisites, process,
};

/// Which tests to run; without a name all of them but `clients`, `package` and `play`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// One part only.
    part: Option<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// All that cargo runs from source: units, properties, examples in docs, the edge on memory,
    /// the player's pipeline, the rules of the repository. Needs Rust and a C compiler only.
    Rust,
    /// Boxes, packets and starts, compared with what ffmpeg reads in the same files.
    Ffmpeg,
    /// The binary `firstframe` as a process: publishing, serving, caching, killed and restarted.
    Runtime,
    /// The HTTP contract, on `firstframe serve` and on the Worker in workerd.
    Contract,
    /// The player and the page, in Chromium and in Firefox.
    Browser,
    /// http-cache-tests, through `firstframe serve`.
    Conformance,
    /// How large the downloads are: the player, and the wasm of `crates/mp4` alone.
    Size,
    /// Every fuzz target, for 20 seconds each.
    Fuzz,
    /// Downloaders, players, browsers and clients of S3, each as it is; writes docs/clients.md. By its
    /// name only: it needs many packages.
    Clients,
    /// The package for npm, in a fresh app of Vite, webpack, esbuild and React, and on a page without any,
    /// each in Chromium. By its name only: it installs these programs from the registry of npm.
    Package,
    /// Every film of the corpus, of the cases and of the generated set, in Chromium and Firefox beside
    /// the browser's own element; writes docs/plays.md. By its name only: it takes half an hour. A run
    /// that was ended goes on where it was.
    Play,
}

/// Packages whose tests start the binary.
const DEPLOYED: [&str; 2] = ["local-runtime", "tests"];

/// The test target of the edge that needs the built page.
const WITH_PAGE: &str = "watch";

/// Test targets that also start workerd.
const IN_WORKERD: [&str; 2] = ["contract", "wasm_copies"];

/// The word in the path of each test that starts ffmpeg or ffprobe.
const FFMPEG: &str = "ffmpeg";

impl Part {
    /// Programs that its tests start, each with the Debian package that has it.
    fn programs(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Ffmpeg | Self::Runtime => &[("ffmpeg", "ffmpeg")],
            Self::Play => {
                &[("ffmpeg", "ffmpeg"), ("chromium", "chromium"), ("firefox-esr", "firefox-esr")]
            }
            Self::Package => &[("ffmpeg", "ffmpeg"), ("chromium", "chromium")],
            Self::Browser => &[
                ("ffmpeg", "ffmpeg"),
                ("chromium", "chromium"),
                ("firefox-esr", "firefox-esr"),
                ("nginx", "nginx"),
            ],
            Self::Clients => clients::PROGRAMS,
            Self::Rust | Self::Contract | Self::Conformance | Self::Size | Self::Fuzz => &[],
        }
    }

    fn needs_node(self) -> bool {
        matches!(
            self,
            Self::Contract
                | Self::Browser
                | Self::Conformance
                | Self::Clients
                | Self::Package
                | Self::Play
        )
    }

    fn run(self, built: &mut Option<Built>) -> Result<()> {
        match self {
            Self::Rust => process::step("tests that cargo runs from source", from_source),
            Self::Ffmpeg => process::step("tests against ffmpeg", against_ffmpeg),
            Self::Runtime => runtime(build_once(built)?),
            Self::Contract => contract(build_once(built)?),
            Self::Browser => node_tests(build_once(built)?, "browser", "tests in browsers"),
            Self::Conformance => {
                let built = build_once(built)?;
                process::step("http-cache-tests", || conformance::run(built))
            }
            Self::Size => size(build_once(built)?),
            Self::Fuzz => fuzz::run(&fuzz::Arguments::short()),
            Self::Clients => clients::run(build_once(built)?),
            Self::Package => {
                let built = build_once(built)?;
                node_tests(built, "package", "tests of the package in fresh apps")
            }
            Self::Play => play(build_once(built)?),
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let every = || {
        let parts = Part::value_variants().iter().copied();
        parts.filter(|part| ![Part::Clients, Part::Package, Part::Play].contains(part))
    };
    let parts = arguments.part.map_or_else(|| every().collect(), |part| vec![part]);
    let programs: Vec<_> = parts.iter().flat_map(|part| part.programs()).copied().collect();
    prerequisites::programs(&programs)?;
    if parts.iter().any(|part| part.needs_node()) {
        prerequisites::node_packages()?;
    }
    let mut built = None;
    parts.iter().try_for_each(|part| part.run(&mut built))
}

fn build_once(built: &mut Option<Built>) -> Result<&Built> {
    match built {
        Some(built) => Ok(built),
        none => Ok(none.insert(build::all()?)),
    }
}

/// Tests of all packages that need no binary. `xtask` is a selection of its own: with it, cargo
/// would build many dependencies with other features.
fn from_source() -> Result<()> {
    let mut tidy = process::cargo(["test", "--quiet", "--profile", NATIVE, "--package", "xtask"]);
    process::run(&mut tidy)?;
    process::run(source_packages().args(["--", "--skip", FFMPEG]))
}

fn against_ffmpeg() -> Result<()> {
    process::run(source_packages().args(["--tests", "--", FFMPEG]))
}

fn source_packages() -> Command {
    let mut cargo = process::cargo(["test", "--quiet", "--profile", NATIVE, "--workspace"]);
    for package in ["xtask"].iter().chain(&DEPLOYED) {
        cargo.args(["--exclude", package]);
    }
    cargo
}

fn runtime(built: &Built) -> Result<()> {
    let mut targets = deployed_targets()?;
    for name in IN_WORKERD {
        let at = targets.iter().position(|target| target == name);
        targets.remove(at.with_context(|| format!("xtask: there is no test target {name}"))?);
    }
    targets.push(WITH_PAGE.to_owned());
    process::step("tests of the binary", || deployed(built, &["--lib", "--bins"], &targets))
}

fn contract(built: &Built) -> Result<()> {
    process::step("building the Worker with wrangler, without uploading", build::worker)?;
    let targets = IN_WORKERD.map(str::to_owned);
    process::step("contract on both platforms", || deployed(built, &[], &targets))
}

/// Runs test targets of [`DEPLOYED`], in the selection that the binary is built with.
fn deployed(built: &Built, more: &[&str], targets: &[String]) -> Result<()> {
    let mut cargo = process::cargo(["test", "--quiet"]);
    cargo.args(WORKSPACE).args(more).env("FIRSTFRAME_BIN", &built.firstframe);
    process::run(cargo.args(targets.iter().flat_map(|target| ["--test", target.as_str()])))
}

/// Names of the test targets of [`DEPLOYED`], as cargo finds them.
fn deployed_targets() -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
        targets: Vec<Target>,
    }
    #[derive(Deserialize)]
    struct Target {
        name: String,
        kind: Vec<String>,
    }
    let mut cargo = process::cargo(["metadata", "--format-version=1", "--no-deps"]);
    let metadata: Metadata = serde_json::from_str(&process::output(&mut cargo)?)?;
    let packages = metadata.packages.into_iter();
    let deployed = packages.filter(|package| DEPLOYED.contains(&package.name.as_str()));
    let targets = deployed.flat_map(|package| package.targets);
    let tests = targets.filter(|target| target.kind.iter().any(|kind| kind == "test"));
    Ok(tests.map(|target| target.name).collect())
}

/// Runs a script of `tests/node`, with the player packed for npm.
fn node_tests(built: &Built, script: &str, what: &str) -> Result<()> {
    let tarball = process::step("packing the player", package::pack)?;
    let mut npm = Command::new("npm");
    npm.args(["run", "--silent", script]).current_dir(Path::new("tests/node"));
    npm.env("FIRSTFRAME_BIN", &built.firstframe).env("FIRSTFRAME_PACKAGE", tarball);
    process::step(what, || process::run(&mut npm))
}

fn play(built: &Built) -> Result<()> {
    let mut node = Command::new("node");
    node.arg("tests/node/play/run.mjs").env("FIRSTFRAME_BIN", &built.firstframe);
    process::step("the play table", || process::run(&mut node))
}

fn size(built: &Built) -> Result<()> {
    for Download { what, bytes, bytes_max } in &built.downloads {
        ensure!(
            bytes <= bytes_max,
            "the player's download, {what}, has {bytes} bytes, of at most {bytes_max}"
        );
    }
    process::step("size of the wasm of crates/mp4", bench::mp4::size)
}
