//! The wire between the edge, the player, the command line and the tests: paths, JSON types, error
//! codes and limits. There is no logic in it and no I/O.
//!
//! JSON members are written in camel case, and a member without a value is left out:
//!
//! ```
//! use api::{Envelope, TitleCard};
//!
//! let card = TitleCard {
//!     id: "big-buck-bunny".into(),
//!     title: "Big Buck Bunny".into(),
//!     cover_image: "/api/v2/image/5d41402abc4b2a76b9719d911017c592".into(),
//!     status_label: Some("Film".into()),
//!     episode_label: None,
//!     provider: "firstframe".into(),
//! };
//! let json = serde_json::to_value(Envelope::data(card))?;
//! assert_eq!(json["data"]["statusLabel"], "Film");
//! assert!(json["data"].get("episodeLabel").is_none());
//! # Ok::<(), serde_json::Error>(())
//! ```

mod admin;
pub mod data_folder;
mod envelope;
mod error;
mod health;
pub mod limits;
pub mod paths;
pub mod query;
mod stream;
mod titles;
mod viewer;

pub use admin::{
    CatalogRoot, EpisodeReadiness, FilmReadiness, IngestedFile, IngestedFilm, IngestedFilms,
    IngestedName, ProviderFile, PurgeResult, RootUpdate, StartIndexState,
};
pub use envelope::Envelope;
pub use error::{ErrorBody, ErrorCode};
pub use health::{Readiness, StoreReadiness};
pub use stream::{
    Candidate, PrefetchRequest, PrefetchResponse, SelectionReason, Stream, StreamStart,
};
pub use titles::{
    Episode, EpisodeList, Health, Home, MissingKind, StartupStore, TitleCard, TitleDetail,
};
pub use viewer::{
    Deleted, History, HistoryEntry, NewWatchlistEntry, PlaybackPosition, Session, SignIn, SignedIn,
    Watchlist, WatchlistEntry,
};

/// Private header field of responses: the key of the object in the body. A host's own object store
/// sets it, the guest copies it to a response whose body it forwards unchanged, and the host removes
/// it.
pub const OBJECT_FIELD: &str = "firstframe-object";

/// Header fields of a response that pages of another origin may read where `cors_origins` lists them:
/// the value of `Access-Control-Expose-Headers`.
pub const CORS_EXPOSE_HEADERS: &str =
    "Content-Range, Content-Length, ETag, Accept-Ranges, X-Client-Token";
