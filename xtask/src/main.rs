//! `cargo xtask up | test | check | build | bench | fuzz`: everything a contributor or a newcomer runs.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line speaks")]

mod assets;
mod bench;
mod build;
mod check;
mod conformance;
mod fuzz;
mod licenses;
mod minify;
mod module_graph;
mod prerequisites;
mod process;
mod shrink_wasm;
mod test;
mod up;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Builds, runs and tests Firstframe; says what it does and how long each step took.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Build everything, serve it, publish a folder of films, and print the URL that plays.
    Up(up::Arguments),
    /// Run every test: native, contract on both platforms, browser.
    Test(test::Arguments),
    /// Formatting, lints on three targets, licences and types: what CI runs first.
    Check,
    /// Build the player, the page, the edge component and the binary; print their sizes.
    Build,
    /// Measure, side by side with what else could do the job.
    Bench(bench::Arguments),
    /// Throw bytes at every parser until it breaks, or the time is over.
    Fuzz(fuzz::Arguments),
}

fn main() -> ExitCode {
    match obey(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn obey(arguments: &Arguments) -> Result<()> {
    workspace::enter()?;
    match &arguments.verb {
        Verb::Up(arguments) => up::run(arguments),
        Verb::Test(arguments) => test::run(arguments),
        Verb::Check => check::run(),
        Verb::Build => {
            build::all()?;
            process::step("weighing the mp4 part", bench::mp4::part)
        }
        Verb::Bench(arguments) => bench::run(arguments),
        Verb::Fuzz(arguments) => fuzz::run(arguments),
    }
}
