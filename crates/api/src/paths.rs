//! Paths of the routes, and keys of the object store.

/// `GET`: health of the deployment.
pub const HEALTH: &str = "/health";
/// `GET`: whether the deployment answers at all. Touches no store.
pub const HEALTH_LIVE: &str = "/health/live";
/// `GET`: whether each store responds, what is wrong with it, and since when.
pub const HEALTH_READY: &str = "/health/ready";
/// `GET`: the page's first view.
pub const HOME: &str = "/api/v2/home";
/// `GET` + `{catalogId}` [+ `/episodes`]: one title.
pub const CATALOG: &str = "/api/v2/catalog/";
/// `GET` + `{episodeId}`: the files that carry an episode.
pub const STREAM: &str = "/api/v2/stream/";
/// `POST`: prefetches the episodes that may play next.
pub const PREFETCH_WINDOW: &str = "/api/v2/stream/window";
/// `GET | HEAD` + `{sourceId}` [+ `/{name}`]: bytes of one film, with range requests. `?download` asks
/// for a download.
pub const MEDIA: &str = "/api/v2/media/";
/// `GET | HEAD` + `{sourceId}`: headers that make a film's bytes playable from some time on.
pub const HEADERS: &str = "/api/v2/headers/";
/// `GET | HEAD` + `{sourceId}`: these headers, and the film's bytes behind them.
pub const START: &str = "/api/v2/start/";
/// `GET | HEAD` + `{imageId}`: a picture of a title.
pub const IMAGE: &str = "/api/v2/image/";
/// `GET | HEAD` + name with a hash in it: scripts, styles and wasm of the page.
pub const ASSETS: &str = "/assets/";
/// `GET | HEAD`: the script with the player, for pages of any site.
pub const PLAYER: &str = "/player/firstframe.js";
/// `GET | HEAD` + `{episodeId}`: the page of one episode.
pub const WATCH: &str = "/watch/";
/// `GET | HEAD` + `{episodeId}`: the player alone, for frames of other sites.
pub const EMBED: &str = "/embed/";
/// `GET | HEAD` + `?url=`: what a site needs to embed an episode (<https://oembed.com>).
pub const OEMBED: &str = "/oembed";
/// `GET`: whether a viewer may watch; `POST`: a viewer of a private library signs in; `DELETE`: signs out.
pub const SIGN_IN: &str = "/api/v2/session";
/// `POST`: a token for a viewer without a name.
pub const SESSION: &str = "/api/v2/session/anonymous";
/// `GET | POST`, and `DELETE` + `/{catalogId}`: playback history of a viewer.
pub const HISTORY: &str = "/api/v2/history";
/// `GET`: the episodes that a viewer plays next.
pub const CONTINUE_WATCHING: &str = "/api/v2/continue-watching";
/// `GET | POST`, and `DELETE` + `/{catalogId}`: watchlist of a viewer.
pub const WATCHLIST: &str = "/api/v2/watchlist";
/// `GET | PUT`: the catalog root, which names the current catalog.
pub const ADMIN_ROOT: &str = "/api/v2/admin/root";
/// `HEAD | GET | PUT` + hash: one immutable pack of a catalog.
pub const ADMIN_PACKS: &str = "/api/v2/admin/packs/";
/// `POST`: ingests a film of a provider, and stores its startup blocks. `GET` + `?provider=`: which films of
/// a provider are ingested. `DELETE` + `/{sourceId}`: removes
/// a film from every store.
pub const ADMIN_SOURCES: &str = "/api/v2/admin/sources";
/// `POST`: ingests a picture of a provider, and stores it. `DELETE` + `/{imageId}`: removes a picture from
/// every store.
pub const ADMIN_PICTURES: &str = "/api/v2/admin/pictures";
/// `GET | POST` + `{episodeId}`: how ready an episode is to start; `POST` makes it ready.
pub const ADMIN_PREWARM: &str = "/api/v2/admin/prewarm/";
/// `GET | POST`, and `PUT | DELETE` + `/{name}`: accounts of viewers.
pub const ADMIN_ACCOUNTS: &str = "/api/v2/admin/accounts";
/// `DELETE` [+ `/{catalogId}`]: removes startup blocks and start indexes, of one title or of all.
pub const ADMIN_STARTUP: &str = "/api/v2/admin/startup";

/// `GET` + a challenge of 64 hexadecimal digits: proves that the server which answers is the one that
/// wrote `runtime.json`. Only `firstframe serve` has it.
pub const SERVER_PROOF: &str = "/api/v2/server-proof/";

/// The path without the name behind a film's id. The name says nothing: programs name files after it.
/// Headers and starts take it too, for their URLs are made of the film's.
pub fn without_name(path: &str) -> &str {
    let prefix = [MEDIA, HEADERS, START].into_iter().find(|prefix| path.starts_with(prefix));
    let end = prefix.and_then(|prefix| Some(prefix.len() + path.get(prefix.len()..)?.find('/')?));
    end.and_then(|end| path.get(..end)).unwrap_or(path)
}

/// Whether the query of a film's URL asks for a file to store, which its name is for.
pub fn is_download(query: &str) -> bool {
    query.split('&').any(|part| part.split('=').next() == Some("download"))
}

/// Key of a film in the object store.
pub fn media_key(source_id: &str) -> String {
    format!("media/{source_id}")
}

/// Key in the object store of one object of a film's start index: its root, or a pack by its hash.
pub fn index_key(source_id: &str, name: &str) -> String {
    format!("index/{source_id}/{name}")
}

/// Name of the root of a start index. It ends with the version of the format: a root of another
/// version is not found.
pub const INDEX_ROOT: &str = "root.1";

/// Key of a picture in the object store.
pub fn image_key(image_id: &str) -> String {
    format!("image/{image_id}")
}
