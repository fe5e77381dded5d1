//! The verb `firstframe purge`.

use std::process::ExitCode;

use anyhow::Result;
use publisher::{PurgeSelection, TitleSelection};

use super::deployment::DeploymentArgs;
use super::exit_code;

const HELP: &str = "\
    Films and the catalog stay. The edge fetches and builds the removed data again when \
    somebody plays the title, or at `firstframe prewarm`. With --all, the start indexes that \
    `publish` stored for films of the deployment's own store stay.\n\n\
    Exit status 0: every title is purged. 1: a setting, the deployment or a title's name has a \
    fault, and nothing was done. 3: some titles are not purged; the output names them.";

/// What to remove, and where.
#[derive(clap::Args)]
#[command(after_help = HELP)]
#[group(id = "which", required = true, multiple = false, args = ["titles", "all"])]
pub(crate) struct Args {
    /// Titles, by id or by name
    #[arg(value_name = "TITLE")]
    titles: Vec<String>,
    /// Every title
    #[arg(long)]
    all: bool,
    /// Show what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    deployment: DeploymentArgs,
}

/// Purges titles.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let selection = if args.all {
        PurgeSelection::All
    } else {
        PurgeSelection::Titles(TitleSelection::Named(args.titles))
    };
    publisher::purge(&args.deployment.api()?, &selection, args.dry_run).map(exit_code)
}
