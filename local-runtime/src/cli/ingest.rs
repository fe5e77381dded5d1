//! The verb `firstframe ingest`.

use std::process::ExitCode;

use anyhow::Result;

use super::deployment::DeploymentArgs;
use super::exit_code;

const HELP: &str = "\
    The edge reads the beginning and the end of each file, and stores what playback needs to start; \
    the film stays with its provider. `publish` does the same for a film of catalog.toml whose `file` \
    is { provider = \"PROVIDER\", file = \"FILE\" }, and makes it an episode.\n\n\
    --list has the films that were ingested, by this command, by `publish` or by the admin API; those \
    of versions before this one are not in it until they are ingested again. It does not ask the \
    provider.\n\n\
    Exit status 0: every file is ingested. 1: a setting or the deployment has a fault, and nothing was \
    done. 3: some files are not ingested; the output names them.";

/// What to ingest, and where.
#[derive(clap::Args)]
#[command(after_help = HELP)]
#[group(id = "which", required = true, multiple = false, args = ["files", "list"])]
pub(crate) struct Args {
    /// Id of the provider in the deployment's setting `providers`
    provider: String,
    /// Files, by their names at the provider
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    /// Show which films of the provider are ingested
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    deployment: DeploymentArgs,
}

/// Ingests files, or lists those that are ingested.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let access = args.deployment.api()?;
    if args.list {
        return publisher::list_ingested(&access, &args.provider).map(|()| ExitCode::SUCCESS);
    }
    publisher::ingest(&access, &args.provider, &args.files).map(exit_code)
}
