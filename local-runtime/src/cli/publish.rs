//! The verb `firstframe publish`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use publisher::{CATALOG_TOML_HELP, Library, SymbolicLinks};

use super::deployment::{DeploymentArgs, ObjectStoreArgs};

const HELP: &str = "\
    Titles come from DIR/catalog.toml if it exists (--help shows its keys), else from file \
    names: each subfolder is a title with its files as episodes; files of DIR itself whose \
    names differ only in an episode number (Show S01E02, Show - 02) are one title; every other \
    file is a film. An image beside a film (of the same name, or poster, cover, folder) is its \
    poster; otherwise publish takes a frame of the film if ffmpeg is installed.\n\n\
    publish lists files that cannot play with the reason, publishes the others, and exits with \
    status 0. Exit status 1: the folder, catalog.toml, a setting or the deployment has a fault. \
    Films uploaded until then stay, and the next run continues from there.";

/// What to publish, and where to.
#[derive(clap::Args)]
#[command(after_help = HELP, after_long_help = format!("{HELP}\n{CATALOG_TOML_HELP}"))]
pub(crate) struct Args {
    /// The folder of films
    dir: PathBuf,
    #[command(flatten)]
    deployment: DeploymentArgs,
    #[command(flatten)]
    object_store: ObjectStoreArgs,
    /// Show what would be published, and change nothing; needs no server
    #[arg(long)]
    dry_run: bool,
    /// Make the catalog exactly this folder: titles that were published from other folders are
    /// removed
    #[arg(long)]
    replace: bool,
    /// Follow symbolic links that lead out of DIR: whoever may write to DIR can then publish any
    /// film and picture that you can read
    #[arg(long)]
    follow_symlinks: bool,
}

/// Publishes the folder.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let links = if args.follow_symlinks { SymbolicLinks::Anywhere } else { SymbolicLinks::Inside };
    let library = Library::read(&args.dir, links)?;
    if args.dry_run {
        publisher::dry_run(&library);
    } else {
        let deployment = args.deployment.with_object_store(args.object_store)?;
        publisher::publish(&library, &deployment, args.replace)?;
    }
    Ok(ExitCode::SUCCESS)
}
