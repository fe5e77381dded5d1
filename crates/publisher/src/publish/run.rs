//! The run of `publish`: read the folder, open the films, upload them, make the titles current.

use std::path::Path;

use anyhow::{Context, Result};
use api::{IngestedFilm, ProviderFile};
use catalog::Title;

use super::published_film::PublishedFilm;
use super::start_index;
use super::summary::Summary;
use super::title_pictures::TitlePictures;
use super::upload::{UploadOutcome, Uploads};
use crate::deployment::admin_api::AdminApi;
use crate::deployment::current_catalog::{self, CurrentCatalog, Titles};
use crate::deployment::dropped_media::DroppedMedia;
use crate::deployment::next_catalog::{NewTitle, NewTitles, next_titles, sources};
use crate::deployment::object_store::ObjectStore;
use crate::deployment::target::Deployment;
use crate::film::frame;
use crate::film::probe::{self, ProbedFilm};
use crate::library::draft_title::{CATALOG_FILE, DraftEpisode, DraftTitle, FileLocation};
use crate::library::folder_library::Library;
use crate::library_folder::LibraryFolder;
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
    Run::connect(&console, &library.folder, deployment)?.publish(library, replace)
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
    folder: &LibraryFolder,
    file: &Path,
    summary: &mut Summary,
) -> Option<ProbedFilm> {
    let name = file.display().to_string();
    let path = folder.find(file).and_then(|path| path.context("does not exist"));
    match path.map_err(|error| format!("{error:#}")).and_then(|path| probe::probe(&path)) {
        Ok(probed) => {
            console.line(format_args!("{name}: plays: {}", probed.plays));
            Some(probed)
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
    folder: &'a LibraryFolder,
    url: &'a str,
    admin: AdminApi<'a>,
    current: CurrentCatalog,
    store: ObjectStore<'a>,
    incoming: Option<&'a Path>,
    has_ffmpeg: bool,
}

impl<'a> Run<'a> {
    fn connect(
        console: &'a Console,
        folder: &'a LibraryFolder,
        deployment: &'a Deployment,
    ) -> Result<Self> {
        let admin = AdminApi::new(&deployment.api, console)?;
        let current = current_catalog::read(&admin, admin.first_root()?)?;
        let has_ffmpeg = frame::has_ffmpeg();
        if !has_ffmpeg {
            console.line("ffmpeg is not installed: films without a picture beside them get none");
        }
        Ok(Self {
            console,
            folder,
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
            let title = self.title(&uploads, draft, now_ms, &mut summary)?;
            let has_given_id = draft.has_given_id;
            titles.extend(title.map(|title| NewTitle { title, has_given_id }));
        }
        summary.titles = titles.len();
        summary.episodes = titles.iter().map(|new| new.title.episodes.len()).sum();
        let (dropped, next) = if titles.is_empty() {
            // A run without titles leaves the catalog unchanged, even with --replace.
            (DroppedMedia::default(), self.current.titles)
        } else {
            let new = NewTitles { library: library.id(), titles, replace };
            let next = |current: &Titles| next_titles(current, &new);
            let (before, next) =
                current_catalog::publish(&self.admin, self.console, self.current, next)?;
            (DroppedMedia::between(&before.titles, &next), next)
        };
        let shown = next.values().filter(|title| title.moved_to.is_none());
        summary.catalog_titles = Some(shown.count());
        summary.print(self.console);
        if replace && !dropped.is_empty() {
            dropped.delete(&self.admin, self.console);
            self.console.line(format_args!("Deleted {dropped} that no title has any more."));
        } else if !dropped.is_empty() {
            self.console.line(format_args!(
                "No title has {dropped} any more: `firstframe remove --unused` deletes them."
            ));
        }
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
                episodes.push(film.episode(draft));
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
            ..Title::default()
        }))
    }

    /// Stores the pictures of a title: image ids of its cover and its banner.
    fn pictures(
        &self,
        draft: &DraftTitle,
        first: &PublishedFilm,
    ) -> Result<(Option<String>, Option<String>)> {
        let pictures = TitlePictures {
            console: self.console,
            folder: self.folder,
            admin: &self.admin,
            store: &self.store,
            has_ffmpeg: self.has_ffmpeg,
        };
        // The title may have been published under another id.
        let has_film = |title: &&Title| sources(title).next() == Some(first.source_id());
        let before = self.current.titles.get(&draft.id).filter(has_film);
        let before = before.or_else(|| self.current.titles.values().find(has_film));
        let cover = pictures.cover(draft, before, first)?;
        let banner = match &draft.banner {
            Some(banner) => pictures.given(banner)?,
            None => None,
        };
        Ok((cover, banner))
    }

    /// The film of an episode, stored or ingested; `None` where it cannot be published.
    fn film(
        &self,
        uploads: &Uploads<'_>,
        episode: &DraftEpisode,
        summary: &mut Summary,
    ) -> Result<Option<PublishedFilm>> {
        match &episode.file {
            FileLocation::File(file) => {
                Ok(self.own_film(uploads, file, summary)?.map(PublishedFilm::Own))
            }
            FileLocation::Provider(file) => {
                Ok(self.upstream_film(file, summary).map(PublishedFilm::Upstream))
            }
        }
    }

    /// Has the edge ingest a film. One that the provider does not send is skipped.
    fn upstream_film(&self, file: &ProviderFile, summary: &mut Summary) -> Option<IngestedFilm> {
        let name = FileLocation::Provider(file.clone());
        match self.admin.ingest_film(file) {
            Ok(ingested) => {
                let size = Bytes(ingested.size_bytes);
                self.console.line(format_args!("{name}: ingested, {size}"));
                Some(ingested)
            }
            Err(error) => {
                self.console.line(format_args!("{name}: {error:#}"));
                summary.skip(&name.to_string(), format_args!("{error:#}"));
                None
            }
        }
    }

    /// Opens and uploads a film.
    fn own_film(
        &self,
        uploads: &Uploads<'_>,
        path: &Path,
        summary: &mut Summary,
    ) -> Result<Option<ProbedFilm>> {
        let Some(film) = open_film(self.console, self.folder, path, summary) else {
            return Ok(None);
        };
        let name = path.display().to_string();
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

#[expect(clippy::disallowed_methods, reason = "the time of this run is read here and nowhere else")]
fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
