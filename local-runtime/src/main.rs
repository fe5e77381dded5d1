//! The binary `firstframe`: serves the edge component on this machine, and is the command line of
//! `publisher`.

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
    /// Publish a folder of MP4 files into a deployment.
    Publish(cli::publish::Args),
    /// Fetch and store what titles need so that playback starts at once.
    Prewarm(cli::prewarm::Args),
    /// Remove startup blocks and start indexes; the edge makes them again when it needs them.
    Purge(cli::purge::Args),
    /// Back the data folder of a server on this machine up, also while it runs.
    Backup(cli::backup::BackupArgs),
    /// Restore a backup into an empty data folder.
    Restore(cli::backup::RestoreArgs),
    /// Read the password of a private library from stdin, and print its hash for `viewers_password`.
    HashPassword(cli::hash_password::Args),
    /// Write a folder of demo films, made from one built-in clip.
    Demo(cli::demo::Args),
}

fn main() -> ExitCode {
    let done = match Cli::parse().verb {
        Verb::Serve(flags) => serve::run(&flags),
        Verb::Publish(args) => cli::publish::run(args),
        Verb::Prewarm(args) => cli::prewarm::run(args),
        Verb::Purge(args) => cli::purge::run(args),
        Verb::Backup(args) => cli::backup::backup(args),
        Verb::Restore(args) => cli::backup::restore(args),
        Verb::HashPassword(args) => cli::hash_password::run(args),
        Verb::Demo(args) => cli::demo::run(args),
    };
    done.unwrap_or_else(|error| {
        // An error that cannot be written to stderr cannot be reported at all.
        let _unreported = writeln!(stderr(), "Error: {error:#}");
        ExitCode::FAILURE
    })
}
