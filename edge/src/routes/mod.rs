//! One file per endpoint.

mod admin_account;
mod admin_pack;
mod admin_picture;
mod admin_prewarm;
mod admin_removal;
mod admin_root;
mod admin_source;
mod admin_startup;
mod anonymous_session;
mod asset;
mod continue_watching;
pub(crate) mod embed;
mod episode_head;
mod episode_page;
mod episodes;
mod headers;
mod health;
mod history;
mod home;
mod image;
pub(crate) mod media;
mod oembed;
pub(crate) mod page;
mod picture_urls;
mod player;
pub(crate) mod prefetch_window;
mod remove_title;
mod sign_in;
mod signed_urls;
mod start;
mod stream;
mod stream_start;
mod title;
mod watch;
mod watchlist;

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    error::Error,
    http::{Body, Headers, Method, Reply, Request, json_bytes},
    platform::{Platform, PortError, StreamOf, Upload},
    route::Route,
    rules::{conditions, header_values},
    viewers::TitleList,
};

/// The largest JSON body is some ids and numbers.
const JSON_BYTES_MAX: usize = 1024;
/// `Cache-Control` of a URL that has the hash of its content in it.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// `Cache-Control` of a response for one viewer, or for those who may watch.
pub(crate) const PRIVATE: &str = "private, no-cache";

/// Hands the request to its endpoint. The method is one of the route's, and the client was let in. Writes
/// to `subject` what an admin request is about, where its path does not say it.
pub(crate) async fn dispatch<P: Platform, U: Upload>(
    platform: &P,
    request: Request<U>,
    route: Route,
    subject: &mut String,
) -> Result<Reply<StreamOf<P>>, Error> {
    let Request { method, path, query, headers, connection, upload } = request;
    match route {
        Route::Health => health::show(platform).await,
        Route::HealthLive => Ok(health::live(platform).await),
        Route::HealthReady => Ok(health::ready(platform).await),
        Route::Home => home::show(platform, &headers).await,
        Route::Title(id) => title::show(platform, &headers, &id).await,
        Route::Episodes(id) => episodes::show(platform, &headers, &id).await,
        Route::Stream(id) => stream::show(platform, &headers, &id).await,
        // What each request would have to have room for is set aside for those that need it.
        Route::StreamStart(id) => Box::pin(stream_start::read(platform, method, &id, &query)).await,
        Route::Media(id) => {
            let reply = media::read(platform, method, &headers, &path, &id, &query).await?;
            Ok(media::named(reply, &path, &id, &query))
        }
        Route::Headers(id) => headers::read(platform, &headers, &id, &query).await,
        Route::Start(id) => start::read(platform, method, &headers, &id, &query).await,
        Route::Image(id) => image::read(platform, &headers, &id, &query).await,
        Route::Asset(name) => asset::read(&headers, &name),
        Route::Player => player::read(&headers),
        Route::Page => page::read(&headers),
        Route::Watch(id) => Box::pin(watch::show(platform, &headers, &connection, &id)).await,
        Route::Embed(id) => Box::pin(embed::show(platform, &headers, &connection, &id)).await,
        Route::OEmbed => Box::pin(oembed::show(platform, &headers, &connection, &query)).await,
        Route::SignIn => sign_in::handle(platform, method, &headers, &connection, upload).await,
        Route::AnonymousSession => anonymous_session::begin(platform, &headers, &connection).await,
        Route::History => history::handle(platform, method, &headers, upload).await,
        Route::HistoryOf(id) => {
            remove_title::remove(platform, &headers, TitleList::History, &id).await
        }
        Route::ContinueWatching => continue_watching::show(platform, &headers).await,
        Route::Watchlist => watchlist::handle(platform, method, &headers, upload).await,
        Route::WatchlistOf(id) => {
            remove_title::remove(platform, &headers, TitleList::Watchlist, &id).await
        }
        Route::PrefetchWindow => prefetch_window::open(platform, &headers, upload).await,
        Route::AdminPrewarm(id) => admin_prewarm::handle(platform, method, &id).await,
        Route::AdminRoot => admin_root::handle(platform, method, upload, subject).await,
        Route::AdminSources if method == Method::Post => {
            admin_source::ingest(platform, upload, subject).await
        }
        Route::AdminSources => admin_source::list(platform, &query).await,
        Route::AdminPictures => admin_picture::ingest(platform, upload, subject).await,
        Route::AdminSourceOf(id) => admin_removal::remove_film(platform, &id).await,
        Route::AdminPictureOf(id) => admin_removal::remove_picture(platform, &id).await,
        Route::AdminAccounts => admin_account::handle(platform, method, upload, subject).await,
        Route::AdminAccountOf(name) if method == Method::Put => {
            admin_account::set_password(platform, upload, &name).await
        }
        Route::AdminAccountOf(name) => admin_account::remove(platform, &name).await,
        Route::AdminStartup => admin_startup::purge_all(platform).await,
        Route::AdminStartupOf(id) => admin_startup::purge(platform, &id).await,
        Route::AdminPack(hash) => admin_pack::handle(platform, method, upload, &hash).await,
    }
}

/// Reads a small JSON body.
async fn parsed<T: DeserializeOwned, U: Upload>(upload: U) -> Result<T, Error> {
    let body = read_upload(upload, JSON_BYTES_MAX).await?;
    serde_json::from_slice(&body).map_err(|error| Error::InvalidPayload(error.to_string()))
}

/// An answer that is true now and may not be later.
fn json<S>(status: u16, value: &impl Serialize) -> Reply<S> {
    Reply::new(status, Body::Bytes(json_bytes(value)))
        .with("content-type", "application/json")
        .with("cache-control", "no-store")
}

/// A reply that is valid until the next catalog: cached, and revalidated by its entity tag.
fn json_until_changed<S>(headers: &Headers, value: &impl Serialize) -> Reply<S> {
    let bytes = json_bytes(value);
    let etag = header_values::entity_tag(&bytes);
    let reply = if conditions::matches_if_none_match(headers, &etag) {
        Reply::new(304, Body::Empty)
    } else {
        Reply::new(200, Body::Bytes(bytes)).with("content-type", "application/json")
    };
    reply.with("cache-control", "no-cache").with("etag", etag)
}

/// Reads a body of at most `bytes_max` bytes.
async fn read_upload<U: Upload>(upload: U, bytes_max: usize) -> Result<Vec<u8>, Error> {
    upload.read(bytes_max).await.map_err(|error| match error {
        PortError::TooLarge => Error::PayloadTooLarge(bytes_max),
        PortError::Unavailable(_) | PortError::Full(_) | PortError::Denied(_) => {
            Error::InvalidPayload("the body ended before its end".to_owned())
        }
    })
}
