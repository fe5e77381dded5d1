//! The verb `firstframe account`: accounts of viewers.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Subcommand, builder::ValueParser};

use super::deployment::DeploymentArgs;
use super::password::{HashArgs, read_and_hash};

const HELP: &str = "\
    A viewer signs in with the name and the password of an account where the setting `viewers` is \
    `accounts`. History and watchlist belong to the account, on every device.\n\n\
    The password is asked for on a terminal, and otherwise read from stdin, up to the end of its \
    first line. Only its hash is sent.";

/// What to do with accounts.
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Add an account
    Add(WithPassword),
    /// Show the names of all accounts
    List(DeploymentArgs),
    /// Change the password of an account, which signs its viewer out everywhere
    Password(WithPassword),
    /// Remove an account with its history and watchlist
    Remove {
        #[arg(value_parser = name_parser())]
        name: String,
        #[command(flatten)]
        deployment: DeploymentArgs,
    },
}

#[derive(clap::Args)]
struct WithPassword {
    /// Name of the account: a-z 0-9 . _ -
    #[arg(value_parser = name_parser())]
    name: String,
    #[command(flatten)]
    hash: HashArgs,
    #[command(flatten)]
    deployment: DeploymentArgs,
}

fn name_parser() -> ValueParser {
    ValueParser::new(|name: &str| {
        let is_name = api::limits::is_id(name);
        is_name
            .then(|| name.to_owned())
            .ok_or("a name has 1 to 128 of a-z 0-9 . _ - and begins with a letter or digit")
    })
}

/// Adds, changes, removes or lists accounts.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    match args.action {
        Action::Add(WithPassword { name, hash, deployment }) => {
            let access = deployment.api()?;
            let hash = read_and_hash(&format!("Password of {name}"), &hash)?;
            publisher::add_account(&access, &name, &hash)?;
        }
        Action::Password(WithPassword { name, hash, deployment }) => {
            let access = deployment.api()?;
            let hash = read_and_hash(&format!("New password of {name}"), &hash)?;
            publisher::set_account_password(&access, &name, &hash)?;
        }
        Action::Remove { name, deployment } => {
            publisher::remove_account(&deployment.api()?, &name)?;
        }
        Action::List(deployment) => publisher::list_accounts(&deployment.api()?)?,
    }
    Ok(ExitCode::SUCCESS)
}
