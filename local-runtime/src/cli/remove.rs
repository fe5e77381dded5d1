//! The verb `firstframe remove`.

use std::process::ExitCode;

use anyhow::Result;

use super::deployment::{DeploymentArgs, ObjectStoreArgs};
use super::exit_code;

const HELP: &str = "\
    The titles leave the catalog, and then their films and pictures are deleted from every store, \
    unless another title has them: their URLs answer 404 from then on. Your own files stay, also \
    those that `publish` linked into the store, and so do files of providers.\n\n\
    A run that was interrupted may leave films that no title has: --unused deletes these when they \
    are a day old.\n\n\
    Exit status 0: all is removed. 1: a setting, the deployment or a name has a fault, and nothing \
    was done. 3: some films or pictures are not deleted; the output names them, and --unused tries \
    again.";

/// What to remove, and where.
#[derive(clap::Args)]
#[command(after_help = HELP)]
#[group(id = "which", required = true, multiple = false, args = ["names", "unused"])]
pub(crate) struct Args {
    /// Titles, by id or by name, and episodes, by id
    #[arg(value_name = "TITLE|EPISODE")]
    names: Vec<String>,
    /// Films, start indexes and pictures of the object store that no title has
    #[arg(long)]
    unused: bool,
    /// Show what would be removed and how many bytes that frees, and remove nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    deployment: DeploymentArgs,
    #[command(flatten)]
    object_store: ObjectStoreArgs,
}

/// Removes titles and episodes, or what no title has.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    if args.unused {
        let deployment = args.deployment.with_object_store(args.object_store)?;
        return publisher::remove_unused(&deployment, args.dry_run).map(exit_code);
    }
    publisher::remove(&args.deployment.api()?, &args.names, args.dry_run).map(exit_code)
}
