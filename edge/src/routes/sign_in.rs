//! `GET | POST | DELETE /api/v2/session`: whether a viewer of a private library has signed in; signing in by
//! its password, or by those of an account; signing out.

use api::{Envelope, SignIn, SignedIn};

use crate::{
    access::{self, Credentials},
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
    match method {
        Method::Post => {
            let SignIn { name, password } = super::parsed(upload).await?;
            let sent = Credentials { name: name.as_deref(), password: &password };
            let (cookie, name) = access::sign_in(platform, connection, is_tls, &sent).await?;
            Ok(reply(platform, true, name).await?.with("set-cookie", cookie))
        }
        Method::Delete => {
            let cookie = viewer_cookie::signed_out(is_tls);
            Ok(reply(platform, false, None).await?.with("set-cookie", cookie))
        }
        Method::Get | Method::Head | Method::Options | Method::Put | Method::Other => {
            match access::check_viewer(platform, headers).await {
                Ok(visitor) => reply(platform, true, visitor.account.map(|found| found.name)).await,
                Err(Error::SignInRequired) => reply(platform, false, None).await,
                Err(error) => Err(error),
            }
        }
    }
}

async fn reply<P: Platform>(
    platform: &P,
    signed_in: bool,
    name: Option<String>,
) -> Result<Reply<StreamOf<P>>, Error> {
    let needs_name = access::needs_name(platform).await?;
    Ok(super::json(200, &Envelope::data(SignedIn { signed_in, needs_name, name })))
}
