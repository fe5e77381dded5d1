//! `cargo xtask up | test | check | build | package | bench | fuzz | kills | attack`: the commands of
//! this repository.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line prints")]

mod advisories;
mod asset_paths;
mod assets;
mod attack;
mod bench;
mod build;
mod bundle;
mod check;
mod clients;
mod conformance;
mod documents;
mod edits;
mod fuzz;
mod kills;
mod licenses;
mod minify;
mod order_functions;
mod package;
mod prerequisites;
mod process;
mod shrink_locals;
mod shrink_wasm;
mod test;
mod up;
mod wasm_texts;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Builds, runs and tests Firstframe; prints each step and how long it took.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build everything, serve it, publish a folder of films, and print the URL of the page.
    Up(up::Arguments),
    /// Run every test, or one part of them.
    Test(test::Arguments),
    /// Check formatting, lints on three targets, docs, licenses and types: what CI runs first.
    Check,
    /// Build the player, the page, the edge component and the binary; print their sizes.
    Build,
    /// Build the player, and pack it as a package for npm.
    Package,
    /// Measure, side by side with other software for the same task.
    Bench(bench::Arguments),
    /// Fuzz every parser for a given time.
    Fuzz(fuzz::Arguments),
    /// Kill backups and restores at many moments, by hand.
    Kills(kills::Arguments),
    /// Attack a server in every way at once, and watch a film beside it.
    Attack(attack::Arguments),
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    workspace::enter()?;
    match &arguments.command {
        Command::Up(arguments) => up::run(arguments),
        Command::Test(arguments) => test::run(arguments),
        Command::Check => check::run(),
        Command::Build => {
            build::all()?;
            process::step("size of the wasm of crates/mp4", bench::mp4::size)
        }
        Command::Package => package::run(),
        Command::Bench(arguments) => bench::run(arguments),
        Command::Fuzz(arguments) => fuzz::run(arguments),
        Command::Kills(arguments) => kills::run(arguments),
        Command::Attack(arguments) => attack::run(arguments),
    }
}
