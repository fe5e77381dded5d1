//! A path, parsed once into a `Route`.

use std::borrow::Cow;

use api::{limits::is_id, paths};
use percent_encoding::percent_decode_str;

use crate::{error::Error, http::Method};

/// Every URL that the edge answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// Is this deployment alive?
    Health,
    /// The page's first view.
    Home,
    /// One title.
    Title(String),
    /// The episodes of one title.
    Episodes(String),
    /// What to play for an episode.
    Stream(String),
    /// The same, and how it starts.
    StreamStart(String),
    /// What is watched next.
    PrefetchWindow,
    /// Bytes of a film.
    Media(String),
    /// What stands in front of a film's bytes.
    Headers(String),
    /// The same with the first of them.
    Start(String),
    /// A picture.
    Image(String),
    /// A script, style or wasm of the page.
    Asset(String),
    /// The page itself, whatever it shows.
    Page,
    /// A token for a viewer without a name.
    AnonymousSession,
    /// What a viewer watched.
    History,
    /// What a viewer watched of one title.
    HistoryOf(String),
    /// What a viewer goes on with.
    ContinueWatching,
    /// What a viewer wants to come back to.
    Watchlist,
    /// One title that a viewer wants to come back to.
    WatchlistOf(String),
    /// Which catalog is current.
    AdminRoot,
    /// One pack of a catalog, by its hash.
    AdminPack(String),
    /// Ingest of films of providers.
    AdminSources,
    /// Ingest of pictures of providers.
    AdminPictures,
    /// How ready an episode is to start.
    AdminPrewarm(String),
    /// Startup blocks of every film.
    AdminStartup,
    /// Startup blocks of one title.
    AdminStartupOf(String),
}

impl Route {
    /// Reads the path of a URL, percent-encoded as it came.
    pub fn parse(path: &str) -> Result<Self, Error> {
        let path = decode(path)?;
        let under = |prefix: &str| path.strip_prefix(prefix).filter(|rest| !rest.is_empty());
        match path.as_ref() {
            "/" => return Ok(Self::Page),
            paths::HEALTH => return Ok(Self::Health),
            paths::HOME => return Ok(Self::Home),
            paths::PREFETCH_WINDOW => return Ok(Self::PrefetchWindow),
            paths::SESSION => return Ok(Self::AnonymousSession),
            paths::HISTORY => return Ok(Self::History),
            paths::CONTINUE_WATCHING => return Ok(Self::ContinueWatching),
            paths::WATCHLIST => return Ok(Self::Watchlist),
            paths::ADMIN_ROOT => return Ok(Self::AdminRoot),
            paths::ADMIN_SOURCES => return Ok(Self::AdminSources),
            paths::ADMIN_PICTURES => return Ok(Self::AdminPictures),
            paths::ADMIN_STARTUP => return Ok(Self::AdminStartup),
            _ => {}
        }
        if let Some(rest) = under(paths::CATALOG) {
            return match rest.strip_suffix("/episodes") {
                Some(id) => id_of(id).map(Self::Episodes),
                None => id_of(rest).map(Self::Title),
            };
        }
        if let Some(id) = under(paths::STREAM) {
            return match id.strip_suffix("/start") {
                Some(id) => id_of(id).map(Self::StreamStart),
                None => id_of(id).map(Self::Stream),
            };
        }
        if let Some(id) = below(&path, paths::HISTORY) {
            return id_of(id).map(Self::HistoryOf);
        }
        if let Some(id) = below(&path, paths::WATCHLIST) {
            return id_of(id).map(Self::WatchlistOf);
        }
        if let Some(id) = under(paths::MEDIA) {
            return id_of(id).map(Self::Media);
        }
        if let Some(id) = under(paths::HEADERS) {
            return id_of(id).map(Self::Headers);
        }
        if let Some(id) = under(paths::START) {
            return id_of(id).map(Self::Start);
        }
        if let Some(id) = under(paths::IMAGE) {
            return id_of(id).map(Self::Image);
        }
        if let Some(hash) = under(paths::ADMIN_PACKS) {
            let known = catalog::is_hash(hash).then(|| Self::AdminPack(hash.to_owned()));
            return known.ok_or(Error::InvalidIdentifier);
        }
        if let Some(id) = under(paths::ADMIN_PREWARM) {
            return id_of(id).map(Self::AdminPrewarm);
        }
        if let Some(id) = below(&path, paths::ADMIN_STARTUP) {
            return id_of(id).map(Self::AdminStartupOf);
        }
        if let Some(name) = under(paths::ASSETS) {
            return Ok(Self::Asset(name.to_owned()));
        }
        let page = under("/title/").or_else(|| under("/watch/")).is_some_and(is_id);
        if page { Ok(Self::Page) } else { Err(Error::NotFound("page")) }
    }

    /// What can be done there, `OPTIONS` aside.
    pub const fn methods(&self) -> &'static [Method] {
        match self {
            Self::AnonymousSession
            | Self::PrefetchWindow
            | Self::AdminSources
            | Self::AdminPictures => &[Method::Post],
            Self::AdminPrewarm(_) => &[Method::Get, Method::Post],
            Self::History | Self::Watchlist => &[Method::Get, Method::Head, Method::Post],
            Self::HistoryOf(_)
            | Self::WatchlistOf(_)
            | Self::AdminStartup
            | Self::AdminStartupOf(_) => &[Method::Delete],
            Self::AdminRoot | Self::AdminPack(_) => &[Method::Get, Method::Head, Method::Put],
            Self::Health
            | Self::Home
            | Self::Title(_)
            | Self::Episodes(_)
            | Self::Stream(_)
            | Self::StreamStart(_)
            | Self::Media(_)
            | Self::Headers(_)
            | Self::Start(_)
            | Self::Image(_)
            | Self::Asset(_)
            | Self::ContinueWatching
            | Self::Page => &[Method::Get, Method::Head],
        }
    }

    /// Whether a page of any origin may read it.
    pub const fn is_public(&self) -> bool {
        !matches!(self, Self::Page) && !self.is_admin()
    }

    /// Whether it is for the deployer.
    pub const fn is_admin(&self) -> bool {
        matches!(
            self,
            Self::AdminRoot
                | Self::AdminPack(_)
                | Self::AdminSources
                | Self::AdminPictures
                | Self::AdminPrewarm(_)
                | Self::AdminStartup
                | Self::AdminStartupOf(_)
        )
    }
}

/// What follows a path that is a route of its own.
fn below<'a>(path: &'a str, parent: &str) -> Option<&'a str> {
    path.strip_prefix(parent)?.strip_prefix('/').filter(|rest| !rest.is_empty())
}

fn decode(path: &str) -> Result<Cow<'_, str>, Error> {
    percent_decode_str(path).decode_utf8().map_err(|_| Error::InvalidIdentifier)
}

fn id_of(text: &str) -> Result<String, Error> {
    if is_id(text) { Ok(text.to_owned()) } else { Err(Error::InvalidIdentifier) }
}
