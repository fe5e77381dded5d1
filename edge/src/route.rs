//! Parses the path of a request into a `Route`.

use std::borrow::Cow;

use api::{limits::is_id, paths};
use percent_encoding::percent_decode_str;

use crate::{error::Error, http::Method};

/// Every URL that the edge answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// Is this deployment alive, and are its stores?
    Health,
    /// Is it alive?
    HealthLive,
    /// Does each store respond?
    HealthReady,
    /// The page's first view.
    Home,
    /// One title.
    Title(String),
    /// The episodes of one title.
    Episodes(String),
    /// What to play for an episode.
    Stream(String),
    /// The same, and the start of the film.
    StreamStart(String),
    /// The episodes that a viewer watches next.
    PrefetchWindow,
    /// Bytes of a film.
    Media(String),
    /// The boxes in front of a film's bytes.
    Headers(String),
    /// The same with the first of those bytes.
    Start(String),
    /// A picture.
    Image(String),
    /// A script, style or wasm of the page.
    Asset(String),
    /// The script with the player, whose name stays.
    Player,
    /// The page itself, whatever it shows.
    Page,
    /// The page of one episode.
    Watch(String),
    /// The player of one episode, for frames.
    Embed(String),
    /// What a site needs to embed an episode.
    OEmbed,
    /// A viewer of a private library signs in or out, or asks whether it has.
    SignIn,
    /// A token for a viewer without a name.
    AnonymousSession,
    /// A viewer's history.
    History,
    /// One title of a viewer's history.
    HistoryOf(String),
    /// Episodes that a viewer continues with.
    ContinueWatching,
    /// A viewer's watchlist.
    Watchlist,
    /// One title of a viewer's watchlist.
    WatchlistOf(String),
    /// The root of the current catalog.
    AdminRoot,
    /// One pack of a catalog, by its hash.
    AdminPack(String),
    /// Ingest of films of providers.
    AdminSources,
    /// Ingest of pictures of providers.
    AdminPictures,
    /// A film that no title has any more.
    AdminSourceOf(String),
    /// A picture that no title has any more.
    AdminPictureOf(String),
    /// Accounts of viewers.
    AdminAccounts,
    /// One account.
    AdminAccountOf(String),
    /// How ready an episode is to start.
    AdminPrewarm(String),
    /// Startup blocks of every film.
    AdminStartup,
    /// Startup blocks of one title.
    AdminStartupOf(String),
}

/// A family of paths with an id in them: `prefix`, `separator`, the id, `suffix`.
struct IdPath {
    prefix: &'static str,
    separator: &'static str,
    suffix: &'static str,
    route: fn(String) -> Route,
}

const fn id_path(prefix: &'static str, route: fn(String) -> Route) -> IdPath {
    IdPath { prefix, separator: "", suffix: "", route }
}

/// The first that matches counts: a path with a suffix stands before the one without.
const ID_PATHS: [IdPath; 15] = [
    IdPath { suffix: "/episodes", ..id_path(paths::CATALOG, Route::Episodes) },
    id_path(paths::CATALOG, Route::Title),
    IdPath { suffix: "/start", ..id_path(paths::STREAM, Route::StreamStart) },
    id_path(paths::STREAM, Route::Stream),
    IdPath { separator: "/", ..id_path(paths::HISTORY, Route::HistoryOf) },
    IdPath { separator: "/", ..id_path(paths::WATCHLIST, Route::WatchlistOf) },
    id_path(paths::MEDIA, Route::Media),
    id_path(paths::HEADERS, Route::Headers),
    id_path(paths::START, Route::Start),
    id_path(paths::IMAGE, Route::Image),
    id_path(paths::ADMIN_PREWARM, Route::AdminPrewarm),
    IdPath { separator: "/", ..id_path(paths::ADMIN_STARTUP, Route::AdminStartupOf) },
    IdPath { separator: "/", ..id_path(paths::ADMIN_SOURCES, Route::AdminSourceOf) },
    IdPath { separator: "/", ..id_path(paths::ADMIN_PICTURES, Route::AdminPictureOf) },
    IdPath { separator: "/", ..id_path(paths::ADMIN_ACCOUNTS, Route::AdminAccountOf) },
];

impl IdPath {
    /// The part of a path in which this one has its id; none where the path is another one.
    fn id_in<'a>(&self, path: &'a str) -> Option<&'a str> {
        let rest = path.strip_prefix(self.prefix)?.strip_prefix(self.separator)?;
        Some(rest).filter(|rest| !rest.is_empty())?.strip_suffix(self.suffix)
    }
}

impl Route {
    /// Parses the path of a URL, percent-encoded as it came.
    pub fn parse(path: &str) -> Result<Self, Error> {
        let path = decode(paths::without_name(path))?;
        if let Some(route) = Self::without_id(&path) {
            return Ok(route);
        }
        for known in &ID_PATHS {
            if let Some(id) = known.id_in(&path) {
                let id = Some(id).filter(|id| is_id(id)).ok_or(Error::InvalidIdentifier)?;
                return Ok((known.route)(id.to_owned()));
            }
        }
        let under = |prefix: &str| path.strip_prefix(prefix).filter(|rest| !rest.is_empty());
        if let Some(hash) = under(paths::ADMIN_PACKS) {
            let known = catalog::is_hash(hash).then(|| Self::AdminPack(hash.to_owned()));
            return known.ok_or(Error::InvalidIdentifier);
        }
        if let Some(name) = under(paths::ASSETS) {
            return Ok(Self::Asset(name.to_owned()));
        }
        if let Some(id) = under(paths::WATCH).filter(|id| is_id(id)) {
            return Ok(Self::Watch(id.to_owned()));
        }
        if let Some(id) = under(paths::EMBED).filter(|id| is_id(id)) {
            return Ok(Self::Embed(id.to_owned()));
        }
        if under("/title/").is_some_and(is_id) {
            Ok(Self::Page)
        } else {
            Err(Error::NotFound("page"))
        }
    }

    /// The route of a path that is one as it stands.
    fn without_id(path: &str) -> Option<Self> {
        Some(match path {
            "/" => Self::Page,
            paths::HEALTH => Self::Health,
            paths::HEALTH_LIVE => Self::HealthLive,
            paths::HEALTH_READY => Self::HealthReady,
            paths::HOME => Self::Home,
            paths::PLAYER => Self::Player,
            paths::PREFETCH_WINDOW => Self::PrefetchWindow,
            paths::SIGN_IN => Self::SignIn,
            paths::SESSION => Self::AnonymousSession,
            paths::OEMBED => Self::OEmbed,
            paths::HISTORY => Self::History,
            paths::CONTINUE_WATCHING => Self::ContinueWatching,
            paths::WATCHLIST => Self::Watchlist,
            paths::ADMIN_ROOT => Self::AdminRoot,
            paths::ADMIN_SOURCES => Self::AdminSources,
            paths::ADMIN_PICTURES => Self::AdminPictures,
            paths::ADMIN_ACCOUNTS => Self::AdminAccounts,
            paths::ADMIN_STARTUP => Self::AdminStartup,
            _ => return None,
        })
    }

    /// The methods of this route, `OPTIONS` aside.
    pub const fn methods(&self) -> &'static [Method] {
        match self {
            Self::AnonymousSession | Self::PrefetchWindow | Self::AdminPictures => &[Method::Post],
            Self::SignIn => &[Method::Get, Method::Post, Method::Delete],
            Self::AdminSources | Self::AdminAccounts | Self::AdminPrewarm(_) => {
                &[Method::Get, Method::Post]
            }
            Self::AdminAccountOf(_) => &[Method::Put, Method::Delete],
            Self::History | Self::Watchlist => &[Method::Get, Method::Head, Method::Post],
            Self::HistoryOf(_)
            | Self::WatchlistOf(_)
            | Self::AdminSourceOf(_)
            | Self::AdminPictureOf(_)
            | Self::AdminStartup
            | Self::AdminStartupOf(_) => &[Method::Delete],
            Self::AdminRoot | Self::AdminPack(_) => &[Method::Get, Method::Head, Method::Put],
            Self::Health
            | Self::HealthLive
            | Self::HealthReady
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
            | Self::Player
            | Self::ContinueWatching
            | Self::Page
            | Self::Watch(_)
            | Self::Embed(_)
            | Self::OEmbed => &[Method::Get, Method::Head],
        }
    }

    /// Whom it lets in.
    pub const fn guard(&self) -> Guard {
        match self {
            Self::Health
            | Self::HealthLive
            | Self::HealthReady
            | Self::Page
            | Self::Asset(_)
            | Self::Player
            | Self::SignIn => Guard::Open,
            Self::Media(_) | Self::Headers(_) | Self::Start(_) | Self::Image(_) => Guard::Signature,
            Self::Home
            | Self::Title(_)
            | Self::Episodes(_)
            | Self::Stream(_)
            | Self::StreamStart(_)
            | Self::PrefetchWindow
            | Self::Watch(_)
            | Self::Embed(_)
            | Self::OEmbed
            | Self::AnonymousSession
            | Self::History
            | Self::HistoryOf(_)
            | Self::ContinueWatching
            | Self::Watchlist
            | Self::WatchlistOf(_) => Guard::Viewer,
            Self::AdminRoot
            | Self::AdminPack(_)
            | Self::AdminSources
            | Self::AdminPictures
            | Self::AdminSourceOf(_)
            | Self::AdminPictureOf(_)
            | Self::AdminAccounts
            | Self::AdminAccountOf(_)
            | Self::AdminPrewarm(_)
            | Self::AdminStartup
            | Self::AdminStartupOf(_) => Guard::Admin,
        }
    }

    /// Whether pages of other origins may read it, where the deployer allows them to read anything.
    pub const fn is_shared(&self) -> bool {
        !self.is_page() && !self.is_admin()
    }

    /// Whether it is what a person opens.
    pub const fn is_page(&self) -> bool {
        matches!(self, Self::Page | Self::Watch(_) | Self::Embed(_))
    }

    /// Whether it is for the deployer.
    pub const fn is_admin(&self) -> bool {
        matches!(self.guard(), Guard::Admin)
    }
}

/// Whom a route lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Everybody: it says nothing of the library.
    Open,
    /// Who may watch.
    Viewer,
    /// Who has its URL, which was signed for a viewer; everybody, where URLs need no signature.
    Signature,
    /// The deployer.
    Admin,
}

fn decode(path: &str) -> Result<Cow<'_, str>, Error> {
    percent_decode_str(path).decode_utf8().map_err(|_| Error::InvalidIdentifier)
}
