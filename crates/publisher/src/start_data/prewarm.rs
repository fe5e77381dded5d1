//! `firstframe prewarm`: has the edge fetch and store what films need to start, before anybody plays
//! them.

use std::sync::Mutex;

use anyhow::Result;
use api::{EpisodeReadiness, FilmReadiness, StartIndexState};
use ureq::http::Method;

use crate::deployment::admin_api::AdminApi;
use crate::deployment::current_catalog;
use crate::deployment::target::ApiAccess;
use crate::deployment::title_selection::{self, TitleSelection};
use crate::output::console::Console;
use crate::output::format::Bytes;
use crate::parallel::in_parallel;

/// What [`prewarm`] does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prewarm {
    /// Titles whose episodes are made ready.
    pub titles: TitleSelection,
    /// Episodes at once: for each of them the edge holds a film's `moov` in memory.
    pub concurrency: u16,
    /// Only report what is missing.
    pub dry_run: bool,
}

/// What a run did.
#[derive(Default)]
struct Totals {
    episodes: usize,
    requests: u64,
    fetched_bytes: u64,
    missing_bytes: u64,
    failed: usize,
}

/// Makes titles ready to start, and reports each episode on standard output. The answer is whether
/// all episodes are ready.
///
/// # Errors
/// The deployment does not answer, or a title is not in its catalog. Then nothing was done.
pub fn prewarm(access: &ApiAccess, prewarm: &Prewarm) -> Result<bool> {
    let console = Console::new();
    let admin = AdminApi::new(access, &console)?;
    let shown = current_catalog::read(&admin, admin.first_root()?)?.shown();
    let titles = prewarm.titles.of(&shown)?;
    let episodes = title_selection::playable_episodes(&titles);
    let method = if prewarm.dry_run { Method::GET } else { Method::POST };
    let (count, totals) = (episodes.len(), Mutex::new(Totals::default()));
    in_parallel(episodes, prewarm.concurrency.into(), |id| {
        let readiness = admin.readiness(&method, &id);
        if let Ok(mut totals) = totals.lock() {
            console.line(totals.add(&id, count, readiness));
        }
        Ok(())
    })?;
    let totals = totals.into_inner().unwrap_or_default();
    console.line(totals.text(prewarm.dry_run));
    Ok(totals.failed == 0)
}

impl Totals {
    /// Adds an episode; the line that reports it.
    fn add(&mut self, id: &str, count: usize, readiness: Result<EpisodeReadiness>) -> String {
        self.episodes += 1;
        let episode = format!("[{}/{count}] {id}", self.episodes);
        let films = match readiness {
            Ok(readiness) => readiness.films,
            Err(error) => {
                self.failed += 1;
                return format!("{episode}: {error:#}");
            }
        };
        let films: Vec<_> = films.iter().map(|film| self.add_film(film)).collect();
        format!("{episode}: {}", films.join("; "))
    }

    fn add_film(&mut self, film: &FilmReadiness) -> String {
        self.requests += u64::from(film.requests);
        self.fetched_bytes += film.size_bytes;
        self.missing_bytes += film.missing_bytes;
        let mut facts = Vec::new();
        if film.requests > 0 {
            facts.push(format!("{} in {} requests", Bytes(film.size_bytes), film.requests));
        }
        if film.missing_bytes > 0 {
            facts.push(format!("{} are missing", Bytes(film.missing_bytes)));
        }
        facts.push(match &film.start_index {
            StartIndexState::Stored => "starts at once".to_owned(),
            StartIndexState::Missing => "start index is not made yet".to_owned(),
            StartIndexState::Refused(why) => {
                format!("has no start index, players read its `moov`: {why}")
            }
        });
        facts.join(", ")
    }

    fn text(&self, is_dry_run: bool) -> String {
        let failed = match self.failed {
            0 => String::new(),
            failed => format!("; {failed} failed"),
        };
        if is_dry_run {
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
