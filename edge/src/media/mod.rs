//! The one place where stores and upstreams become media bytes: every film is read through here.
//!
//! Folders, each of which uses only those after it: this one (requests for films), `start_index`,
//! `cache`, `upstream`, `film`.

mod cache;
mod film;
pub(crate) mod ingest;
pub(crate) mod leading_bytes;
mod own;
pub(crate) mod picture;
pub(crate) mod prefetch;
mod purge;
mod remove;
pub(crate) mod start_index;
mod upstream;
mod upstream_film;

use api::paths::media_key;

pub(crate) use cache::durable;
pub(crate) use film::{Film, FilmHead, FilmResponse, MediaBody, MediaPart, is_not_modified};
pub(crate) use purge::{purge_all, purge_film, purge_picture};
pub(crate) use remove::{remove_film, remove_picture};
pub(crate) use upstream_film::read_rest;

use crate::{
    error::Error,
    http::Headers,
    platform::{Platform, StreamOf},
};

impl Film<'_> {
    /// Answers a conditional `HEAD`.
    pub(crate) async fn head<P: Platform>(
        self,
        platform: &P,
        headers: &Headers,
    ) -> Result<FilmHead, Error> {
        match self {
            Self::Own(id) => own::head(platform.objects(), &media_key(id), headers).await,
            Self::Upstream(id) => upstream_film::head(platform, id, headers).await,
        }
    }

    /// Answers a conditional `GET`, with a range or without.
    pub(crate) async fn get<P: Platform>(
        self,
        platform: &P,
        headers: &Headers,
    ) -> Result<FilmResponse<StreamOf<P>>, Error> {
        match self {
            Self::Own(id) => own::get(platform.objects(), &media_key(id), headers).await,
            Self::Upstream(id) => upstream_film::get(platform, id, headers).await,
        }
    }
}
