//! `firstframe purge`: what is kept of titles for their starts is forgotten, and read anew.

use std::process::ExitCode;

use anyhow::Result;

use super::admin::Admin;
use super::report::Console;
use super::settings::Place;
use super::{catalogue, titles};

/// Exit status where some titles could not be purged; that of clap is 2.
const SOME_FAILED: u8 = 3;

const HELP: &str = "\
Films and the catalogue stay. What was forgotten is read and made again when somebody watches, or by
`firstframe prewarm`. With --all, what `publish` has stored for starts of films of the own store stays.

Exit status 0: all is forgotten. 1: the settings, the deployment or a title's name are not in order,
and nothing was done. 3: some titles are not purged, and are named.";

/// What to forget, and where.
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
    /// Say what would be forgotten, and forget nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    place: Place,
}

/// Purges titles.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let console = Console::new();
    let (url, key) = args.place.api()?;
    let admin = Admin::new(&url, &key, &console)?;
    let current = catalogue::read(&admin, admin.first_root()?)?;
    if args.all {
        let count = current.titles.len();
        if args.dry_run {
            console.line(format_args!("Would purge all {count} titles."));
        } else {
            admin.purge(None)?;
            console.line(format_args!("Purged all {count} titles."));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let titles = titles::named(&current.titles, &args.titles)?;
    let (mut purged, mut films, mut failed) = (0, 0, 0);
    for (n, title) in (1..).zip(&titles) {
        let place = format!("[{n}/{}] {}", titles.len(), title.id);
        if args.dry_run {
            let episodes = titles::episodes(&[title]).len();
            console.line(format_args!("{place}: {episodes} episodes"));
            continue;
        }
        match admin.purge(Some(&title.id)) {
            Ok(done) => {
                let count = done.films.unwrap_or_default();
                (purged, films) = (purged + 1, films + count);
                console.line(format_args!("{place}: {count} films"));
            }
            Err(error) => {
                failed += 1;
                console.line(format_args!("{place}: {error:#}"));
            }
        }
    }
    if args.dry_run {
        console.line(format_args!("Would purge {} titles.", titles.len()));
        return Ok(ExitCode::SUCCESS);
    }
    console.line(format_args!("Purged {purged} titles with {films} films; {failed} failed."));
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(SOME_FAILED) })
}
