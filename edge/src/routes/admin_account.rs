//! `GET | POST /api/v2/admin/accounts`, `PUT | DELETE /api/v2/admin/accounts/{name}`: accounts of viewers.

use api::{Accounts, Deleted, Envelope, NewAccount, NewPassword, limits::is_id};

use crate::{
    accounts::{self, StoredAccount},
    error::Error,
    http::{Method, Reply},
    platform::{Platform, StreamOf, Upload},
    rules::password::StoredPassword,
    viewers,
};

/// Lists the accounts, or adds one.
pub(super) async fn handle<P: Platform, U: Upload>(
    platform: &P,
    method: Method,
    upload: U,
    subject: &mut String,
) -> Result<Reply<StreamOf<P>>, Error> {
    if method == Method::Post {
        return add(platform, upload, subject).await;
    }
    let items = accounts::list(platform).await?;
    Ok(super::json(200, &Envelope::data(Accounts { items })))
}

async fn add<P: Platform, U: Upload>(
    platform: &P,
    upload: U,
    subject: &mut String,
) -> Result<Reply<StreamOf<P>>, Error> {
    let NewAccount { name, password_hash } = super::parsed(upload).await?;
    subject.clone_from(&name);
    if !is_id(&name) {
        return Err(Error::InvalidIdentifier);
    }
    check_hash(&password_hash)?;
    let viewer_token = viewers::new_lasting_viewer(platform).await?;
    let account = StoredAccount { name, password_hash, viewer_token };
    match accounts::add(platform, &account).await {
        Ok(added) => Ok(super::json(201, &Envelope::data(added))),
        Err(error) => {
            viewers::forget(platform, &account.viewer_token).await?;
            Err(error)
        }
    }
}

/// Changes the password, which ends the account's sessions.
pub(super) async fn set_password<P: Platform, U: Upload>(
    platform: &P,
    upload: U,
    name: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    let NewPassword { password_hash } = super::parsed(upload).await?;
    check_hash(&password_hash)?;
    let changed = accounts::set_password(platform, name, &password_hash).await?;
    Ok(super::json(200, &Envelope::data(changed)))
}

/// Removes an account with its history and watchlist, which ends its sessions.
pub(super) async fn remove<P: Platform>(
    platform: &P,
    name: &str,
) -> Result<Reply<StreamOf<P>>, Error> {
    // The account goes last, so that a removal that fails can be sent again.
    let account = accounts::find(platform, name).await?.ok_or(Error::NotFound("account"))?;
    viewers::forget(platform, &account.viewer_token).await?;
    accounts::remove(platform, name).await?;
    Ok(super::json(200, &Envelope::data(Deleted { deleted: true })))
}

fn check_hash(password_hash: &str) -> Result<(), Error> {
    let why = |why| Error::InvalidPayload(format!("`passwordHash` {why}"));
    StoredPassword::parse(password_hash).map(drop).map_err(why)
}
