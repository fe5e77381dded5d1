//! `POST | DELETE /api/v2/session`: a viewer of a private library signs in by its password, or signs out.

use api::{Envelope, SignIn, SignedIn};

use crate::{
    access,
    error::Error,
    http::{Connection, Headers, Method, Reply},
    platform::{Platform, StreamOf, Upload},
    rules::viewer_cookie,
};

pub(super) async fn handle<P: Platform, U: Upload>(
    platform: &P,
    method: Method,
    headers: &Headers,
    connection: &Connection,
    upload: U,
) -> Result<Reply<StreamOf<P>>, Error> {
    // A client that lies about its proxy only loses its own cookie.
    let is_tls = connection.is_tls || headers.get("x-forwarded-proto") == Some("https");
    let (signed_in, cookie) = if method == Method::Delete {
        (false, viewer_cookie::signed_out(is_tls))
    } else {
        let SignIn { password } = super::parsed(upload).await?;
        (true, access::sign_in(platform, connection, is_tls, &password).await?)
    };
    let reply = super::json(200, &Envelope::data(SignedIn { signed_in }));
    Ok(reply.with("set-cookie", cookie))
}
