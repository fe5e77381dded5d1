//! `GET /health`: is this deployment alive?

use api::{Envelope, Health};

use crate::{
    http::Reply,
    media::durable,
    platform::{Platform, StreamOf},
};

/// A deployment that answers is alive, even if its stores fail.
pub(super) async fn show<P: Platform>(platform: &P) -> Reply<StreamOf<P>> {
    let (service, version) = ("firstframe".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    let startup_store = durable::store(platform).await.ok().map(|(kind, _)| kind);
    super::json(200, &Envelope::data(Health { service, version, startup_store }))
}
