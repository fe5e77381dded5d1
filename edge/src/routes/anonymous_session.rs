//! `POST /api/v2/session/anonymous`: a token for a viewer without a name.

use api::{Envelope, Session};

use crate::{
    error::Error,
    http::{Headers, Reply},
    platform::{Platform, StreamOf},
    viewers,
};

/// A client with a known token keeps that token.
pub(super) async fn begin<P: Platform>(
    platform: &P,
    headers: &Headers,
) -> Result<Reply<StreamOf<P>>, Error> {
    let known = viewers::viewer(platform, headers).await?;
    let token = headers.get("x-client-token").unwrap_or_default().to_owned();
    let (viewer, token) = match known {
        Some(viewer) => (viewer, token),
        None => viewers::new_viewer(platform).await?,
    };
    let client_id = format!("anon_{}", viewer.0);
    let session = Session { client_token: token.clone(), client_id };
    Ok(super::json(200, &Envelope::data(session)).with("x-client-token", token))
}
