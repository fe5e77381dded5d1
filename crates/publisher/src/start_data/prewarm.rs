//! `firstframe prewarm`: titles are made ready to start, before somebody watches them.

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use anyhow::Result;
use api::{Readiness, Ready, Starts};
use ureq::http::Method;

use super::admin::Admin;
use super::report::{Bytes, Console};
use super::settings::Place;
use super::{catalogue, titles};

/// Episodes that are made ready at once: each holds a film's `moov` in the edge's memory.
const CONCURRENCY_MAX: u16 = 16;
/// Exit status where some episodes are not ready; that of clap is 2.
const SOME_FAILED: u8 = 3;

const HELP: &str = "\
Of each film: what its starts are made of, and, where it lies with a provider, its beginning and its
end. What is there is not fetched again.

Exit status 0: all is ready. 1: the settings, the deployment or a title's name are not in order, and
nothing was done. 3: some episodes are not ready, and are named.";

/// What to make ready, and where.
#[derive(clap::Args)]
#[command(after_help = HELP)]
#[group(id = "which", required = true, multiple = false, args = ["titles", "latest"])]
pub(crate) struct Args {
    /// Titles, by id or by name
    #[arg(value_name = "TITLE")]
    titles: Vec<String>,
    /// The titles that came last
    #[arg(long, value_name = "N")]
    latest: Option<NonZeroUsize>,
    /// Episodes at once
    #[arg(long, value_name = "N", default_value_t = 2,
        value_parser = clap::value_parser!(u16).range(1..=i64::from(CONCURRENCY_MAX)))]
    concurrency: u16,
    /// Say what is missing, and fetch nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    place: Place,
}

/// What a run did.
#[derive(Default)]
struct Sum {
    episodes: usize,
    requests: u64,
    fetched_bytes: u64,
    missing_bytes: u64,
    failed: usize,
}

/// Makes titles ready.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let console = Console::new();
    let (url, key) = args.place.api()?;
    let admin = Admin::new(&url, &key, &console)?;
    let current = catalogue::read(&admin, admin.first_root()?)?;
    let titles = match args.latest {
        Some(count) => titles::latest(&current.titles, count.get()),
        None => titles::named(&current.titles, &args.titles)?,
    };
    let episodes = titles::episodes(&titles);
    let method = if args.dry_run { Method::GET } else { Method::POST };
    let (count, sum) = (episodes.len(), Mutex::new(Sum::default()));
    let waiting = Mutex::new(episodes.into_iter());
    let work = || {
        while let Some(id) = waiting.lock().ok().and_then(|mut waiting| waiting.next()) {
            let readiness = admin.readiness(&method, &id);
            let Ok(mut sum) = sum.lock() else { return };
            console.line(sum.add(&id, count, readiness));
        }
    };
    thread::scope(|scope| {
        for _ in 0..args.concurrency {
            scope.spawn(work);
        }
    });
    let sum = sum.into_inner().unwrap_or_default();
    console.line(sum.text(args.dry_run));
    Ok(if sum.failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(SOME_FAILED) })
}

impl Sum {
    /// Adds an episode, and says what came of it.
    fn add(&mut self, id: &str, count: usize, readiness: Result<Readiness>) -> String {
        self.episodes += 1;
        let place = format!("[{}/{count}] {id}", self.episodes);
        let films = match readiness {
            Ok(readiness) => readiness.films,
            Err(error) => {
                self.failed += 1;
                return format!("{place}: {error:#}");
            }
        };
        let said: Vec<_> = films.iter().map(|film| self.film(film)).collect();
        format!("{place}: {}", said.join("; "))
    }

    fn film(&mut self, film: &Ready) -> String {
        self.requests += u64::from(film.requests);
        self.fetched_bytes += film.size_bytes;
        self.missing_bytes += film.missing_bytes;
        let mut said = Vec::new();
        if film.requests > 0 {
            said.push(format!("{} in {} requests", Bytes(film.size_bytes), film.requests));
        }
        if film.missing_bytes > 0 {
            said.push(format!("{} are missing", Bytes(film.missing_bytes)));
        }
        said.push(match &film.starts {
            Starts::Stored => "starts at once".to_owned(),
            Starts::Missing => "its starts are not made yet".to_owned(),
            Starts::Refused(why) => format!("starts as its `moov` is read: {why}"),
        });
        said.join(", ")
    }

    fn text(&self, is_dry: bool) -> String {
        let failed = match self.failed {
            0 => String::new(),
            failed => format!("; {failed} failed"),
        };
        if is_dry {
            let missing = Bytes(self.missing_bytes);
            return format!(
                "Would prewarm {} episodes: {missing} are missing{failed}.",
                self.episodes
            );
        }
        let Self { episodes, requests, .. } = self;
        let fetched = Bytes(self.fetched_bytes);
        format!("Prewarmed {episodes} episodes: {fetched} in {requests} requests{failed}.")
    }
}
