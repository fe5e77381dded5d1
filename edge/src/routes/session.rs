//! `POST /api/v2/session/anonymous`: a token for a viewer without a name.

use api::{Envelope, Session};

use crate::{
    accounts,
    error::Error,
    http::{Headers, Reply},
    platform::{Platform, StreamOf},
};

/// Who comes with a token that is known keeps it.
pub(super) async fn begin<P: Platform>(
    platform: &P,
    headers: &Headers,
) -> Result<Reply<StreamOf<P>>, Error> {
    let known = accounts::client(platform, headers).await?;
    let token = headers.get("x-client-token").unwrap_or_default().to_owned();
    let (client, token) = match known {
        Some(client) => (client, token),
        None => accounts::new_client(platform).await?,
    };
    let client_id = format!("anon_{}", client.0);
    let session = Session { client_token: token.clone(), client_id };
    Ok(super::json(200, &Envelope::data(session)).with("x-client-token", token))
}
