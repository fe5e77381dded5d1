//! The verbs `firstframe backup` and `firstframe restore`.

use std::{
    io::{Write as _, stderr, stdout},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Result;

use super::{deployment::data_folder, exit_code};
use crate::storage::backup::{self, BackedUp};

const HELP: &str = "\
    The server may run. The first backup of a folder has all films; the next one into the same \
    DIR adds what is new, and removes what is gone. On one file system a film takes no space twice: \
    it shares its blocks, or is a hard link. A hard link keeps a film when it is deleted, but not \
    when its file is overwritten; a disk that fails takes both. So have DIR on another disk.\n\n\
    DIR also has the keys of the server, which sign and open everything: it is readable by you \
    alone, and should stay so.\n\n\
    Exit status 0: everything is backed up. 1: nothing changed, the backup before stays. 3: the \
    file of an object is lost in the data folder; the rest is backed up.";

/// What to back up, and where to.
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct BackupArgs {
    /// The folder of the backup: empty, absent, or with an earlier backup
    dir: PathBuf,
    /// Data folder [default: the one that `serve` uses]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// What to restore, and where to.
#[derive(clap::Args)]
pub(crate) struct RestoreArgs {
    /// The folder of the backup
    dir: PathBuf,
    /// Data folder, which must be empty or absent [default: the one that `serve` uses]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Backs a data folder up.
pub(crate) fn backup(args: BackupArgs) -> Result<ExitCode> {
    let BackedUp { objects, bytes, shared, linked, copied, lost } =
        backup::create(&data_folder(args.data)?, &args.dir)?;
    let mut out = stdout().lock();
    writeln!(
        out,
        "Backed up {objects} objects ({} MB) into {}: {copied} copied, {linked} linked, {shared} \
         with shared blocks, the others were there",
        bytes.div_ceil(1_000_000),
        args.dir.display()
    )?;
    for blob in &lost {
        writeln!(stderr(), "{blob}: the data folder has no such file; its object is lost")?;
    }
    Ok(exit_code(lost.is_empty()))
}

/// Restores a data folder.
pub(crate) fn restore(args: RestoreArgs) -> Result<ExitCode> {
    let data = data_folder(args.data)?;
    let restored = backup::restore(&args.dir, &data)?;
    writeln!(
        stdout(),
        "Restored {} objects ({} MB), every byte verified. Serve them: firstframe serve --data {}",
        restored.objects,
        restored.bytes.div_ceil(1_000_000),
        data.display()
    )?;
    Ok(ExitCode::SUCCESS)
}
