//! The binary `firstframe`: serves the edge component on this machine, and publishes into any
//! deployment of it.

mod cli;
mod config;
mod engine;
mod host;
mod serve;
mod storage;

use std::{
    io::{Write as _, stderr},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

/// Plays plain MP4 files, instantly.
#[derive(Parser)]
#[command(name = "firstframe", version)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Serve the page, the API and the films of one data folder.
    Serve(config::Flags),
    /// Bring a folder of MP4 files into a deployment.
    Publish(cli::publish::Args),
    /// Make titles ready to start: what their films need is fetched and stored.
    Prewarm(cli::prewarm::Args),
    /// Forget what is kept of titles for their starts, so that it is read anew.
    Purge(cli::purge::Args),
    /// Write a library of films to look at, made of one clip of our own.
    Demo(cli::demo::Args),
}

fn main() -> ExitCode {
    let done = match Cli::parse().verb {
        Verb::Serve(flags) => serve::run(&flags),
        Verb::Publish(args) => cli::publish::run(args),
        Verb::Prewarm(args) => cli::prewarm::run(args),
        Verb::Purge(args) => cli::purge::run(args),
        Verb::Demo(args) => cli::demo::run(args),
    };
    done.unwrap_or_else(|error| {
        // What cannot be said on stderr cannot be said.
        let _unsaid = writeln!(stderr(), "Error: {error:#}");
        ExitCode::FAILURE
    })
}
