//! `cargo xtask fuzz`: runs the fuzz targets of `crates/mp4/fuzz` under libFuzzer, two at a time.
//!
//! The stable compiler instruments them by the passes that `cargo fuzz` uses. `cargo fuzz` also adds
//! an address sanitizer, which needs nightly and finds nothing where `unsafe` is denied.

use std::{fs, path::Path, process::Command, thread};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::{build::NATIVE, process, workspace};

/// Which targets run, and for how long.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Seconds for each target; 600 is a long run.
    #[arg(long, default_value_t = SHORT_SECONDS)]
    seconds: u32,
    /// Most inputs for each target; -1 for no limit.
    #[arg(long, default_value_t = -1, allow_negative_numbers = true)]
    runs: i64,
    /// Seed of the random numbers; 0 for a new one each time.
    #[arg(long, default_value_t = 0)]
    seed: u32,
    /// One target only.
    target: Option<String>,
}

impl Arguments {
    /// What `cargo xtask test` runs: a fixed seed, so that each run searches alike.
    pub(crate) fn short() -> Self {
        Self { seconds: SHORT_SECONDS, runs: -1, seed: 1, target: None }
    }
}

const SHORT_SECONDS: u32 = 20;

/// Targets that run at once.
const PARALLEL: usize = 2;

const PACKAGE: &str = "crates/mp4/fuzz";

const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Cdebug-assertions -Coverflow-checks --cfg fuzzing";

/// Bytes in an input, as many as a small film has: larger inputs only slow the search down.
const INPUT_BYTES_MAX: u32 = 64 << 10;

/// Memory of a fuzzing process, of which libFuzzer itself and its inputs take about 100 MB.
const MEMORY_MB_MAX: u32 = 1024;

/// Seconds that one input may take: the largest start index needs some in an instrumented build.
const INPUT_SECONDS_MAX: u32 = 20;

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let binaries = workspace::target_dir().join("fuzz");
    let host = host()?;
    process::step("building the fuzz targets", || build(&binaries, &host))?;
    let built = binaries.join(&host).join("release");
    process::step("writing seeds", || {
        let mut cargo = process::cargo(["run", "--quiet", "--profile", NATIVE]);
        cargo.args(["--package", "mp4", "--example", "seeds", "--"]);
        process::run(cargo.arg(Path::new(PACKAGE).join("seeds")))
    })?;
    let mut targets = targets()?;
    targets.retain(|target| arguments.target.as_ref().is_none_or(|only| only == target));
    for targets in targets.chunks(PARALLEL) {
        let what = format!("fuzzing {} for {} s", targets.join(" and "), arguments.seconds);
        process::step(&what, || fuzz_together(&built, targets, arguments))?;
    }
    Ok(())
}

/// Runs targets beside each other: each takes one processor.
fn fuzz_together(built: &Path, targets: &[String], arguments: &Arguments) -> Result<()> {
    thread::scope(|scope| {
        let mut running = Vec::new();
        for target in targets {
            running.push(scope.spawn(move || fuzz(&built.join(target), target, arguments)));
        }
        running.into_iter().try_for_each(|one| one.join().unwrap_or_else(|_| bail!("it panicked")))
    })
}

/// The target triple of this machine. With it on the command line, cargo does not instrument build
/// scripts.
fn host() -> Result<String> {
    let version = process::output(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc -vV prints no host")?.to_owned())
}

fn build(binaries: &Path, host: &str) -> Result<()> {
    let manifest = Path::new(PACKAGE).join("Cargo.toml");
    let mut cargo = process::cargo(["build", "--quiet", "--release", "--target", host]);
    cargo.arg("--manifest-path").arg(manifest).arg("--target-dir").arg(binaries);
    process::run(cargo.env("RUSTFLAGS", COVERAGE))
}

/// The fuzz targets, as their manifest lists them.
fn targets() -> Result<Vec<String>> {
    let manifest: toml::Table =
        fs::read_to_string(Path::new(PACKAGE).join("Cargo.toml"))?.parse()?;
    let bins = manifest.get("bin").and_then(toml::Value::as_array);
    let names = bins.into_iter().flatten().filter_map(|bin| bin.get("name")?.as_str());
    Ok(names.map(str::to_owned).collect())
}

fn fuzz(binary: &Path, target: &str, arguments: &Arguments) -> Result<()> {
    let package = Path::new(PACKAGE);
    let (corpus, seeds) = (package.join("corpus").join(target), package.join("seeds").join(target));
    let artifacts = package.join("artifacts").join(target);
    for folder in [&corpus, &seeds, &artifacts] {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let mut fuzzer = Command::new(binary);
    fuzzer
        .arg(format!("-max_total_time={}", arguments.seconds))
        .arg(format!("-runs={}", arguments.runs))
        .arg(format!("-seed={}", arguments.seed))
        .arg(format!("-max_len={INPUT_BYTES_MAX}"))
        .arg(format!("-rss_limit_mb={MEMORY_MB_MAX}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg(format!("-timeout={INPUT_SECONDS_MAX}"))
        .args(["-verbosity=0", "-print_final_stats=1"])
        .arg(corpus)
        .arg(seeds);
    process::run(&mut fuzzer)
}
