//! The verb `firstframe prewarm`.

use std::num::NonZeroUsize;
use std::process::ExitCode;

use anyhow::Result;
use publisher::{Prewarm, TitleSelection};

use super::deployment::DeploymentArgs;
use super::exit_code;

/// Episodes that are made ready at once: for each the edge holds a film's `moov` in memory.
const CONCURRENCY_MAX: u16 = 16;

const HELP: &str = "\
    For each film the edge stores a start index, and, if the film lies with a provider, its \
    first and last blocks. Data that is already stored is not fetched again.\n\n\
    Exit status 0: every episode is ready. 1: a setting, the deployment or a title's name has a \
    fault, and nothing was done. 3: some episodes are not ready; the output names them.";

/// What to make ready, and where.
#[derive(clap::Args)]
#[command(after_help = HELP)]
#[group(id = "which", required = true, multiple = false, args = ["titles", "latest"])]
pub(crate) struct Args {
    /// Titles, by id or by name
    #[arg(value_name = "TITLE")]
    titles: Vec<String>,
    /// The N titles that were published last
    #[arg(long, value_name = "N")]
    latest: Option<NonZeroUsize>,
    /// Episodes at once
    #[arg(long, value_name = "N", default_value_t = 2,
        value_parser = clap::value_parser!(u16).range(1..=i64::from(CONCURRENCY_MAX)))]
    concurrency: u16,
    /// Show what is missing, and fetch nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    deployment: DeploymentArgs,
}

/// Makes titles ready.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let titles = match args.latest {
        Some(count) => TitleSelection::Latest(count.get()),
        None => TitleSelection::Named(args.titles),
    };
    let prewarm = Prewarm { titles, concurrency: args.concurrency, dry_run: args.dry_run };
    publisher::prewarm(&args.deployment.api()?, &prewarm).map(exit_code)
}
