//! `POST /api/v2/session/anonymous`: a token for a viewer without a name.

use api::{Envelope, Session};

use crate::{
    error::Error,
    http::{Connection, Headers, Reply},
    platform::{Clock, Platform, StreamOf},
    rules::client_address::{counted_address, is_of_many},
    viewers,
};

/// Hexadecimal digits of a client id: 64 bits.
const ID_DIGITS: usize = 16;

/// A client with a known token keeps that token.
pub(super) async fn begin<P: Platform>(
    platform: &P,
    headers: &Headers,
    connection: &Connection,
) -> Result<Reply<StreamOf<P>>, Error> {
    let known = viewers::viewer(platform, headers).await?;
    let token = headers.get("x-client-token").unwrap_or_default().to_owned();
    let token = if known.is_some() {
        token
    } else {
        count_session(platform, connection)?;
        viewers::new_viewer(platform).await?.1
    };
    let client_id = client_id(&token);
    let session = Session { client_token: token.clone(), client_id };
    Ok(super::json(200, &Envelope::data(session)).with("x-client-token", token))
}

/// Counts a new session of an address, and refuses one beyond the limit.
fn count_session<P: Platform>(platform: &P, connection: &Connection) -> Result<(), Error> {
    let address = counted_address(&connection.client_address);
    if is_of_many(&address) {
        return Ok(());
    }
    let wait_ms = platform.instance().sessions.count(&address, platform.clock().now_ms());
    wait_ms.map_or(Ok(()), |ms| Err(Error::TooManySessions(ms)))
}

/// The id of a viewer: a hash of the token, so that nobody can count viewers by it. It is not the hash that
/// the database has.
fn client_id(token: &str) -> String {
    let hash = catalog::hash(format!("client id\n{token}").as_bytes());
    format!("anon_{}", hash.get(..ID_DIGITS).unwrap_or(&hash))
}
