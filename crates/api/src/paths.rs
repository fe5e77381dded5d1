//! Where each route lives.

/// `GET`: is this deployment alive?
pub const HEALTH: &str = "/health";
/// `GET`: the page's first view.
pub const HOME: &str = "/api/v2/home";
/// `GET` + `{catalogId}` [+ `/episodes`]: one title.
pub const CATALOG: &str = "/api/v2/catalog/";
/// `GET` + `{episodeId}`: what to play.
pub const STREAM: &str = "/api/v2/stream/";
/// `POST`: makes ready what is watched next.
pub const WINDOW: &str = "/api/v2/stream/window";
/// `GET | HEAD` + `{sourceId}`: bytes of one film.
pub const MEDIA: &str = "/api/v2/media/";
/// `GET | HEAD` + `{sourceId}`: what stands in front of a film's bytes from some time on.
pub const HEADERS: &str = "/api/v2/headers/";
/// `GET | HEAD` + `{sourceId}`: the same, and then the first of these bytes.
pub const START: &str = "/api/v2/start/";
/// `GET | HEAD` + `{imageId}`: a poster.
pub const IMAGE: &str = "/api/v2/image/";
/// `GET | HEAD` + name with a hash in it: the page's scripts, styles and wasm.
pub const ASSETS: &str = "/assets/";
/// `POST`: a token for a viewer without a name.
pub const SESSION: &str = "/api/v2/session/anonymous";
/// `GET | POST`, and `DELETE` + `/{catalogId}`: what a viewer watched.
pub const HISTORY: &str = "/api/v2/history";
/// `GET`: what a viewer goes on with.
pub const CONTINUE_WATCHING: &str = "/api/v2/continue-watching";
/// `GET | POST`, and `DELETE` + `/{catalogId}`: what a viewer wants to come back to.
pub const WATCHLIST: &str = "/api/v2/watchlist";
/// `GET | PUT`: the mutable pointer to the current catalogue.
pub const ADMIN_ROOT: &str = "/api/v2/admin/root";
/// `HEAD | GET | PUT` + hash: one immutable catalogue pack.
pub const ADMIN_PACKS: &str = "/api/v2/admin/packs/";
/// `POST`: takes up a film that lies with a provider, and keeps how it begins and ends.
pub const ADMIN_SOURCES: &str = "/api/v2/admin/sources";
/// `POST`: takes up a picture that lies with a provider, and keeps it.
pub const ADMIN_PICTURES: &str = "/api/v2/admin/pictures";
/// `GET | POST` + `{episodeId}`: tells how ready films are to start, or makes them so.
pub const ADMIN_PREWARM: &str = "/api/v2/admin/prewarm/";
/// `DELETE` [+ `/{catalogId}`]: forgets how films begin and end.
pub const ADMIN_STARTUP: &str = "/api/v2/admin/startup";

/// Key of a film in the object store.
pub fn media_key(source_id: &str) -> String {
    format!("media/{source_id}")
}

/// Key in the object store of what is stored of a film for its starts: its root, or a pack by its
/// hash.
pub fn index_key(source_id: &str, name: &str) -> String {
    format!("index/{source_id}/{name}")
}

/// Name of the first of it. The form of all has a number: what is of another is not found.
pub const INDEX_ROOT: &str = "root.1";

/// Key of a picture in the object store.
pub fn image_key(image_id: &str) -> String {
    format!("image/{image_id}")
}
