//! The verb `firstframe hash-password`: the hash of a password of a private library, for the setting
//! `viewers_password`.

use std::{
    io::{Write as _, stdout},
    process::ExitCode,
};

use anyhow::Result;

use super::password::{HashArgs, read_and_hash};

/// How the password is hashed.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    hash: HashArgs,
}

/// Reads the password, and prints its hash.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let hash = read_and_hash("Password of the library", &args.hash)?;
    writeln!(stdout(), "{hash}")?;
    Ok(ExitCode::SUCCESS)
}
