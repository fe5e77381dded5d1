//! The run of `publish`: read the folder, open the films, upload them, make the titles current.

use std::path::Path;

use anyhow::{Context, Result};
use catalog::{Episode, Source, Title};

use super::start_index;
use super::summary::Summary;
use super::title_pictures::TitlePictures;
use super::upload::{UploadOutcome, Uploads};
use crate::deployment::admin_api::AdminApi;
use crate::deployment::current_catalog::{self, CurrentCatalog};
use crate::deployment::object_store::ObjectStore;
use crate::deployment::target::Deployment;
use crate::film::picture;
use crate::film::probe::{self, ProbedFilm};
use crate::library::draft_title::{CATALOG_FILE, DraftEpisode, DraftTitle};
use crate::library::folder_library::Library;
use crate::output::console::Console;
use crate::output::format::Bytes;

/// Publishes `library` into `deployment`, and reports on standard output.
///
/// A film that cannot play is reported with its reason, and the others are published. Where a run
/// ends early, the next one resumes with the parts that it uploaded. With `replace` the catalog becomes exactly
/// this library; else titles that were published earlier stay.
///
/// # Errors
/// The deployment refuses a request, does not answer, or has no room.
pub fn publish(library: &Library, deployment: &Deployment, replace: bool) -> Result<()> {
    let console = Console::new();
    Run::connect(&console, &library.root, deployment)?.publish(library, replace)
}

/// Reports what reading the folder found, and begins the summary with it.
pub(crate) fn announce(console: &Console, library: &Library) -> Summary {
    if library.unnamed > 0 {
        let count = library.unnamed;
        console.line(format_args!("{count} films in the folder are not named by {CATALOG_FILE}"));
    }
    for skipped in &library.skipped {
        console.line(format_args!("{}: {}", skipped.file, skipped.reason));
    }
    Summary { skipped: library.skipped.clone(), ..Summary::default() }
}

/// Opens a film and reports whether it plays; `None` where it does not.
pub(crate) fn open_film(
    console: &Console,
    root: &Path,
    episode: &DraftEpisode,
    summary: &mut Summary,
) -> Option<ProbedFilm> {
    let name = episode.file.display().to_string();
    let path = root.join(&episode.file).canonicalize();
    let path = path.map_err(|error| format!("cannot be opened: {error}"));
    match path.and_then(|path| probe::probe(&path)) {
        Ok(film) => {
            console.line(format_args!("{name}: plays: {}", film.plays));
            Some(film)
        }
        Err(reason) => {
            console.line(format_args!("{name}: {reason}"));
            summary.skip(&name, reason);
            None
        }
    }
}

/// One run: the clients of the deployment, and its current catalog.
struct Run<'a> {
    console: &'a Console,
    root: &'a Path,
    url: &'a str,
    admin: AdminApi<'a>,
    current: CurrentCatalog,
    store: ObjectStore<'a>,
    incoming: Option<&'a Path>,
    has_ffmpeg: bool,
}

impl<'a> Run<'a> {
    fn connect(console: &'a Console, root: &'a Path, deployment: &'a Deployment) -> Result<Self> {
        let admin = AdminApi::new(&deployment.api, console)?;
        let current = current_catalog::read(&admin, admin.first_root()?)?;
        let has_ffmpeg = picture::has_ffmpeg();
        if !has_ffmpeg {
            console.line("ffmpeg is not installed: films without a picture beside them get none");
        }
        Ok(Self {
            console,
            root,
            url: &deployment.api.url,
            admin,
            current,
            store: ObjectStore::new(&deployment.object_store, console)?,
            incoming: deployment.incoming.as_deref().filter(|incoming| incoming.is_dir()),
            has_ffmpeg,
        })
    }

    fn publish(self, library: &Library, replace: bool) -> Result<()> {
        let mut summary = announce(self.console, library);
        let uploads = Uploads {
            store: &self.store,
            incoming: self.incoming,
            pending: self.store.pending_uploads()?,
            console: self.console,
        };
        let now_ms = now_ms();
        let mut titles = Vec::new();
        for draft in &library.titles {
            titles.extend(self.title(&uploads, draft, now_ms, &mut summary)?);
        }
        summary.titles = titles.len();
        summary.episodes = titles.iter().map(|title| title.episodes.len()).sum();
        let count = if titles.is_empty() {
            // A run without titles leaves the catalog unchanged, even with --replace.
            self.current.titles.len()
        } else {
            current_catalog::publish(&self.admin, self.console, self.current, &titles, replace)?
        };
        summary.catalog_titles = Some(count);
        self.console.line(&summary);
        self.console.line(format_args!("Open {}/", self.url));
        Ok(())
    }

    /// Stores the films and pictures of a title; `None` where it has no film that plays.
    fn title(
        &self,
        uploads: &Uploads<'_>,
        draft: &DraftTitle,
        now_ms: u64,
        summary: &mut Summary,
    ) -> Result<Option<Title>> {
        let mut episodes = Vec::new();
        let mut first = None;
        for draft in &draft.episodes {
            if let Some(film) = self.film(uploads, draft, summary)? {
                episodes.push(episode(draft, &film));
                first.get_or_insert(film);
            }
        }
        let Some(first) = first else { return Ok(None) };
        let (cover, banner) = self.pictures(draft, &first)?;
        Ok(Some(Title {
            id: draft.id.clone(),
            title: draft.title.clone(),
            synopsis: draft.synopsis.clone(),
            genres: draft.genres.clone(),
            metadata: draft.metadata.clone(),
            cover,
            banner,
            added_at_ms: now_ms,
            episodes,
        }))
    }

    /// Stores the pictures of a title: image ids of its cover and its banner.
    fn pictures(
        &self,
        draft: &DraftTitle,
        first: &ProbedFilm,
    ) -> Result<(Option<String>, Option<String>)> {
        let pictures = TitlePictures {
            console: self.console,
            root: self.root,
            admin: &self.admin,
            store: &self.store,
            has_ffmpeg: self.has_ffmpeg,
        };
        let cover = pictures.cover(draft, self.current.titles.get(&draft.id), first)?;
        let banner = match &draft.banner {
            Some(banner) => pictures.given(banner)?,
            None => None,
        };
        Ok((cover, banner))
    }

    /// Opens and uploads the film of an episode; `None` where it cannot be published.
    fn film(
        &self,
        uploads: &Uploads<'_>,
        episode: &DraftEpisode,
        summary: &mut Summary,
    ) -> Result<Option<ProbedFilm>> {
        let Some(film) = open_film(self.console, self.root, episode, summary) else {
            return Ok(None);
        };
        let name = episode.file.display().to_string();
        let size = Bytes(film.stamp.size_bytes);
        match uploads.film(&film, summary).with_context(|| name.clone())? {
            UploadOutcome::Present => self.console.line("  is there already"),
            UploadOutcome::Linked => self.console.line(format_args!("  linked, {size}")),
            UploadOutcome::Sent => self.console.line(format_args!("  sent, {size}")),
            UploadOutcome::Changed => {
                let reason =
                    "was changed while it was published; publish again when it is complete";
                self.console.line(format_args!("  {reason}"));
                summary.skip(&name, reason);
                return Ok(None);
            }
        }
        self.console.line(start_index::store(&self.store, &film).with_context(|| name)?);
        Ok(Some(film))
    }
}

fn episode(draft: &DraftEpisode, film: &ProbedFilm) -> Episode {
    Episode {
        number: draft.number,
        title: draft.title.clone(),
        label: film.height.map(|height| format!("{height}p")),
        released_at: draft.released_at.clone(),
        duration_ms: Some(film.duration_ms),
        sources: vec![Source {
            id: film.source_id.clone(),
            size_bytes: film.stamp.size_bytes,
            container: "mp4".to_owned(),
            height: film.height,
            codec: Some(film.codec.clone()),
            playable: true,
            reason: None,
            duration_ms: Some(film.duration_ms),
        }],
    }
}

#[expect(clippy::disallowed_methods, reason = "the time of this run is read here and nowhere else")]
fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
