//! The run of `publish`: read the folder, open the films, bring them in, make the titles current.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use catalog::{Episode, Source, Title};

use super::draft::{CATALOG, Draft, DraftEpisode, Library, Place};
use super::index;
use super::library;
use super::poster::{self, Picture};
use super::probe::{self, Film};
use super::store::Store;
use super::upload::{Brought, Uploads};
use super::written;
use crate::cli::admin::Admin;
use crate::cli::catalogue::{self, Current};
use crate::cli::report::{Bytes, Console, Summary};
use crate::cli::settings::{Deployment, Target};

const HELP: &str = "\
Titles come from DIR/catalog.toml where there is one (--help shows its keys), else from names: a
folder is a title with its files as episodes; files of DIR itself that are called alike (Show
S01E02, Show - 02) are one title; every other file is a film. A picture beside a film (of its name,
or poster, cover, folder) is its poster; else one of its frames, where ffmpeg is installed.

Files that cannot play are listed with the reason, and the others are published: exit status 0.
Exit status 1: the folder, the catalog.toml, the settings or the deployment are not in order; what
was brought in so far stays, and the next run goes on from there.";

/// What to publish, and where to.
#[derive(clap::Args)]
#[command(after_help = HELP, after_long_help = format!("{HELP}\n{}", written::HELP))]
pub(crate) struct Args {
    /// The folder of films
    dir: PathBuf,
    #[command(flatten)]
    target: Target,
    /// Say what would be done, and do nothing; needs no server
    #[arg(long)]
    dry_run: bool,
    /// Make the catalogue exactly this folder: titles published earlier from elsewhere go
    #[arg(long)]
    replace: bool,
}

/// Publishes the folder.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let console = Console::new();
    let root = args.dir.canonicalize().with_context(|| format!("{}", args.dir.display()))?;
    if !root.is_dir() {
        bail!("{} is not a folder", args.dir.display());
    }
    let library = library::read(&root)?;
    if args.dry_run {
        rehearse(&console, &root, library);
        return Ok(ExitCode::SUCCESS);
    }
    let deployment = args.target.deployment()?;
    Run::connect(&console, &root, &deployment)?.publish(library, args.replace)?;
    Ok(ExitCode::SUCCESS)
}

/// Everything but writing.
fn rehearse(console: &Console, root: &Path, library: Library) {
    let mut summary = begin(console, &library);
    for draft in library.drafts {
        let films = draft.episodes.iter().filter_map(|e| opened(console, root, e, &mut summary));
        let episodes = films.count();
        if episodes == 0 {
            continue;
        }
        let poster = match &draft.cover {
            Some(Place::Here(file)) => match poster::read(root, file) {
                Ok(_) => file.display().to_string(),
                Err(error) => format!("none: {} {error:#}", file.display()),
            },
            Some(place @ Place::Elsewhere(_)) => place.to_string(),
            None => "a frame of it, where ffmpeg is installed".to_owned(),
        };
        console.line(format_args!("  title `{}` ({}), poster: {poster}", draft.title, draft.id));
        summary.titles += 1;
        summary.episodes += episodes;
    }
    console.line(&summary);
}

fn begin(console: &Console, library: &Library) -> Summary {
    if library.unnamed > 0 {
        let count = library.unnamed;
        console.line(format_args!("{count} films in the folder are not named by {CATALOG}"));
    }
    for refusal in &library.refused {
        console.line(format_args!("{}: {}", refusal.file, refusal.reason));
    }
    Summary { refused: library.refused.clone(), ..Summary::default() }
}

/// Opens a film and says whether it plays; none where it does not.
fn opened(
    console: &Console,
    root: &Path,
    episode: &DraftEpisode,
    summary: &mut Summary,
) -> Option<Film> {
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
            summary.refuse(&name, reason);
            None
        }
    }
}

/// A connection to the deployment, and what it has.
struct Run<'a> {
    console: &'a Console,
    root: &'a Path,
    url: &'a str,
    admin: Admin<'a>,
    current: Current,
    store: Store<'a>,
    incoming: Option<&'a Path>,
    can_draw: bool,
}

impl<'a> Run<'a> {
    fn connect(console: &'a Console, root: &'a Path, deployment: &'a Deployment) -> Result<Self> {
        let admin = Admin::new(&deployment.url, &deployment.admin_key, console)?;
        let current = catalogue::read(&admin, admin.first_root()?)?;
        let can_draw = poster::can_draw();
        if !can_draw {
            console.line("ffmpeg is not installed: films without a picture beside them get none");
        }
        Ok(Self {
            console,
            root,
            url: &deployment.url,
            admin,
            current,
            store: Store::new(&deployment.s3, console)?,
            incoming: deployment.incoming.as_deref().filter(|incoming| incoming.is_dir()),
            can_draw,
        })
    }

    fn publish(self, library: Library, replace: bool) -> Result<()> {
        let mut summary = begin(self.console, &library);
        let uploads = Uploads {
            store: &self.store,
            incoming: self.incoming,
            begun: self.store.begun()?,
            console: self.console,
        };
        let now_ms = now_ms();
        let mut titles = Vec::new();
        for draft in library.drafts {
            titles.extend(self.title(&uploads, draft, now_ms, &mut summary)?);
        }
        summary.titles = titles.len();
        summary.episodes = titles.iter().map(|title| title.episodes.len()).sum();
        let count = if titles.is_empty() {
            // Nothing to publish is no reason to take away what is there.
            self.current.titles.len()
        } else {
            catalogue::publish(&self.admin, self.console, self.current, &titles, replace)?
        };
        summary.catalogue_titles = Some(count);
        self.console.line(&summary);
        self.console.line(format_args!("Open {}/", self.url));
        Ok(())
    }

    /// Brings the films and pictures of a title in; none where it has no film that plays.
    fn title(
        &self,
        uploads: &Uploads<'_>,
        draft: Draft,
        now_ms: u64,
        summary: &mut Summary,
    ) -> Result<Option<Title>> {
        let mut episodes = Vec::new();
        let mut first = None;
        for episode in &draft.episodes {
            let Some(film) = opened(self.console, self.root, episode, summary) else { continue };
            let name = episode.file.display().to_string();
            let size = Bytes(film.stamp.size_bytes);
            let brought = uploads.film(&film, summary).with_context(|| name.clone())?;
            match brought {
                Brought::There => self.console.line("  is there already"),
                Brought::Linked => self.console.line(format_args!("  linked, {size}")),
                Brought::Sent => self.console.line(format_args!("  sent, {size}")),
                Brought::Changed => {
                    let reason = "was changed while it was published; publish again when it is \
                                  complete";
                    self.console.line(format_args!("  {reason}"));
                    summary.refuse(&name, reason);
                    continue;
                }
            }
            self.console.line(index::store(&self.store, &film).with_context(|| name.clone())?);
            episodes.push(stored(episode, &film));
            first.get_or_insert(film);
        }
        let Some(first) = first else { return Ok(None) };
        let cover = self.cover(&draft, &first)?;
        let banner = match &draft.banner {
            Some(banner) => self.given(banner)?,
            None => None,
        };
        Ok(Some(Title {
            id: draft.id,
            title: draft.title,
            synopsis: draft.synopsis,
            genres: draft.genres,
            metadata: draft.metadata,
            cover,
            banner,
            added_at_ms: now_ms,
            episodes,
        }))
    }

    /// The image id of a title's poster.
    fn cover(&self, draft: &Draft, film: &Film) -> Result<Option<String>> {
        if let Some(cover) = &draft.cover
            && let Some(id) = self.given(cover)?
        {
            return Ok(Some(id));
        }
        // A frame that was drawn of the same film need not be drawn again.
        if let Some(before) = self.current.titles.get(&draft.id)
            && let Some(cover) = &before.cover
            && before
                .episodes
                .first()
                .is_some_and(|e| e.sources.iter().any(|source| source.id == film.source_id))
            && self.store.size(&api::paths::image_key(cover))?.is_some()
        {
            return Ok(Some(cover.clone()));
        }
        if !self.can_draw || film.height.is_none() {
            return Ok(None);
        }
        match poster::draw(film) {
            Ok(picture) => self.stored_picture(&picture).map(Some),
            Err(error) => {
                self.console.line(format_args!("  no poster: {error:#}"));
                Ok(None)
            }
        }
    }

    /// The image id of a picture; none, and a line, where it is none.
    fn given(&self, place: &Place) -> Result<Option<String>> {
        let error = match place {
            Place::Here(file) => match poster::read(self.root, file) {
                Ok(picture) => return self.stored_picture(&picture).map(Some),
                Err(error) => error,
            },
            Place::Elsewhere(asked) => match self.admin.take_up_picture(asked) {
                Ok(taken) => return Ok(Some(taken.id)),
                Err(error) => error,
            },
        };
        self.console.line(format_args!("  picture {place}: {error:#}"));
        Ok(None)
    }

    fn stored_picture(&self, picture: &Picture) -> Result<String> {
        let key = api::paths::image_key(&picture.id);
        if self.store.size(&key)? != Some(picture.bytes.len() as u64) {
            self.store.put(&key, &picture.bytes)?;
        }
        Ok(picture.id.clone())
    }
}

fn stored(episode: &DraftEpisode, film: &Film) -> Episode {
    Episode {
        number: episode.number,
        title: episode.title.clone(),
        label: film.height.map(|height| format!("{height}p")),
        released_at: episode.released_at.clone(),
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

#[expect(clippy::disallowed_methods, reason = "the command line is where this run's time comes in")]
fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
