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

/// Exit status for words that are no command, as clap has it.
const USAGE_FAULT: u8 = 2;

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
    /// Ingest films of a provider, or list those that are.
    Ingest(cli::ingest::Args),
    /// Fetch and store what titles need so that playback starts at once.
    Prewarm(cli::prewarm::Args),
    /// Remove startup blocks and start indexes; the edge makes them again when it needs them.
    Purge(cli::purge::Args),
    /// Back the data folder of a server on this machine up, also while it runs.
    Backup(cli::backup::BackupArgs),
    /// Restore a backup into an empty data folder.
    Restore(cli::backup::RestoreArgs),
    /// Take titles and episodes down, and delete their films.
    Remove(cli::remove::Args),
    /// Add, list and remove accounts of viewers, and change their passwords.
    Account(cli::account::Args),
    /// Read the password of a private library from stdin, and print its hash for `viewers_password`.
    HashPassword(cli::hash_password::Args),
    /// Write a folder of demo films, made from one built-in clip.
    Demo(cli::demo::Args),
}

fn main() -> ExitCode {
    let verb = match Cli::try_parse() {
        Ok(cli) => cli.verb,
        // Its text has the words of the command line in it, which may be names of files.
        Err(error) if error.use_stderr() => {
            error.render().to_string().lines().for_each(report);
            return ExitCode::from(USAGE_FAULT);
        }
        Err(help) => help.exit(),
    };
    run(verb).unwrap_or_else(|error| {
        report(&format!("Error: {error:#}"));
        ExitCode::FAILURE
    })
}

fn run(verb: Verb) -> anyhow::Result<ExitCode> {
    match verb {
        Verb::Serve(flags) => serve::run(&flags),
        Verb::Publish(args) => cli::publish::run(args),
        Verb::Ingest(args) => cli::ingest::run(args),
        Verb::Prewarm(args) => cli::prewarm::run(args),
        Verb::Purge(args) => cli::purge::run(args),
        Verb::Remove(args) => cli::remove::run(args),
        Verb::Backup(args) => cli::backup::backup(args),
        Verb::Restore(args) => cli::backup::restore(args),
        Verb::Account(args) => cli::account::run(args),
        Verb::HashPassword(args) => cli::hash_password::run(args),
        Verb::Demo(args) => cli::demo::run(args),
    }
}

/// Prints one line on stderr. A line that cannot be written there cannot be reported at all.
fn report(line: &str) {
    let _unreported = writeln!(stderr(), "{}", publisher::printable(line));
}
