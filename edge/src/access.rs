//! Who may watch and who may administer: the settings `viewers` and `admin_key`, the cookie of viewers who
//! have signed in, and their attempts to do so.

use api::limits::is_id;

use crate::{
    accounts::{self, StoredAccount},
    error::Error,
    http::{Connection, Headers},
    platform::{Clock, Database, Platform, Row, Settings},
    rules::{
        client_address::counted_address, header_values, origins::Origins, password::StoredPassword,
        signature::Keys, viewer_cookie,
    },
    sql::{integer, integer_at, text},
};

/// Attempts to sign in, by address, by account, and of all addresses together.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS sign_ins (\
     address TEXT PRIMARY KEY, attempts INTEGER NOT NULL, since_ms INTEGER NOT NULL) WITHOUT ROWID";
/// Attempts of one address within [`LOCK_MS`]; then it is locked until that time is over.
const ATTEMPT_COUNT_MAX: i64 = 10;
/// The same of one account, from any address: more, so that one address alone locks no viewer out.
const ACCOUNT_ATTEMPT_COUNT_MAX: i64 = 20;
/// How long attempts of an address or an account count.
const LOCK_MS: u64 = 15 * 60 * 1000;
/// The row of all addresses together.
const EVERYBODY: &str = "*";
/// Attempts of all addresses within [`EVERYBODY_MS`]: each takes processor time, and rows of its address
/// and its account, so that the table has at most 3,600 rows.
const EVERYBODY_COUNT_MAX: i64 = 120;
const EVERYBODY_MS: u64 = 60 * 1000;

/// Whom the deployer lets watch.
enum Library {
    /// Everybody.
    Open,
    /// Those who know a password: the setting `viewers_password`, and the keys that sign cookies.
    Password(String, Keys),
    /// Those who have an account; the keys that sign cookies.
    Accounts(Keys),
}

/// Somebody who may watch.
#[derive(Default)]
pub(crate) struct Visitor {
    /// Whether the library is private.
    pub is_private: bool,
    /// The account by which the viewer has signed in.
    pub account: Option<StoredAccount>,
}

/// What somebody who signs in sends.
pub(crate) struct Credentials<'a> {
    pub name: Option<&'a str>,
    pub password: &'a str,
}

/// The origins whose pages may read responses.
pub(crate) async fn cors_origins<P: Platform>(platform: &P) -> Result<Origins, Error> {
    let setting = platform.settings().get("cors_origins").await?;
    Ok(Origins::parse(&setting.unwrap_or_default()))
}

/// The origins whose pages may frame the player.
pub(crate) async fn embed_origins<P: Platform>(platform: &P) -> Result<Origins, Error> {
    let setting = platform.settings().get("embed_origins").await?;
    Ok(Origins::parse(&setting.unwrap_or_default()))
}

/// Whether viewers must sign in. A value that nobody knows closes the library.
pub(crate) async fn is_private<P: Platform>(platform: &P) -> Result<bool, Error> {
    match platform.settings().get("viewers").await?.as_deref() {
        None | Some("open") => Ok(false),
        Some("password" | "accounts") => Ok(true),
        Some(_) => {
            Err(Error::Misconfigured("the setting viewers is not `open`, `password` or `accounts`"))
        }
    }
}

async fn library<P: Platform>(platform: &P) -> Result<Library, Error> {
    if !is_private(platform).await? {
        return Ok(Library::Open);
    }
    let settings = platform.settings();
    let keys = settings.get("media_keys").await?.ok_or(Error::Misconfigured(
        "the setting viewers closes the library, but media_keys, which signs cookies, is not set",
    ))?;
    let keys = Keys::parse(&keys).map_err(Error::Misconfigured)?;
    if needs_name(platform).await? {
        return Ok(Library::Accounts(keys));
    }
    let password = settings.get("viewers_password").await?.ok_or(Error::Misconfigured(
        "the setting viewers is `password`, but viewers_password is not set",
    ))?;
    Ok(Library::Password(password, keys))
}

/// Whether signing in takes the name of an account.
pub(crate) async fn needs_name<P: Platform>(platform: &P) -> Result<bool, Error> {
    Ok(platform.settings().get("viewers").await?.as_deref() == Some("accounts"))
}

/// Lets in who may watch: everybody, or those who have signed in, and the deployer.
pub(crate) async fn check_viewer<P: Platform>(
    platform: &P,
    headers: &Headers,
) -> Result<Visitor, Error> {
    let now_ms = platform.clock().now_ms();
    let (has_signed_in, account) = match library(platform).await? {
        Library::Open => return Ok(Visitor::default()),
        Library::Password(password, keys) => {
            (viewer_cookie::is_signed_in(&keys, &password, headers, now_ms), None)
        }
        Library::Accounts(keys) => {
            let account = signed_in_account(platform, &keys, headers).await?;
            (account.is_some(), account)
        }
    };
    if has_signed_in || admin_key_name(platform, headers).await?.is_some() {
        return Ok(Visitor { is_private: true, account });
    }
    Err(Error::SignInRequired)
}

/// The account of a cookie, if it exists and still has the password with which the viewer signed in.
async fn signed_in_account<P: Platform>(
    platform: &P,
    keys: &Keys,
    headers: &Headers,
) -> Result<Option<StoredAccount>, Error> {
    let now_ms = platform.clock().now_ms();
    // A cookie that we did not sign costs no query.
    let Some(signed) = viewer_cookie::account(keys, headers, now_ms) else { return Ok(None) };
    let account = accounts::find(platform, signed.name).await?;
    Ok(account.filter(|account| signed.has_password(&account.password_hash)))
}

/// The name of the admin key that a request carries. A deployment without a key lets nobody in.
pub(crate) async fn admin_key_name<P: Platform>(
    platform: &P,
    headers: &Headers,
) -> Result<Option<String>, Error> {
    let setting = platform.settings().get("admin_key").await?.unwrap_or_default();
    let name = header_values::admin_key_name(headers.get("authorization"), &setting);
    Ok(name.map(str::to_owned))
}

/// `Set-Cookie` for a viewer who knows the password, and the name of the account.
pub(crate) async fn sign_in<P: Platform>(
    platform: &P,
    connection: &Connection,
    is_tls: bool,
    sent: &Credentials<'_>,
) -> Result<(String, Option<String>), Error> {
    match library(platform).await? {
        Library::Open => Err(Error::NotFound("sign-in: everybody may watch")),
        Library::Password(password, keys) => {
            let stored = StoredPassword::parse(&password).map_err(|_why| {
                Error::Misconfigured(
                    "the setting viewers_password is not an Argon2id hash that the edge can \
                     compute: make one by `firstframe hash-password`",
                )
            })?;
            let counted = [counted_address(&connection.client_address)];
            count_attempt(platform, &counted).await?;
            if !stored.is(sent.password) {
                return Err(Error::WrongPassword);
            }
            forget_attempts(platform, &counted).await?;
            let now_ms = platform.clock().now_ms();
            Ok((viewer_cookie::signed_in(&keys, &password, now_ms, is_tls), None))
        }
        Library::Accounts(keys) => {
            let account = sign_in_by_name(platform, connection, sent).await?;
            let (name, hash) = (account.name, account.password_hash);
            let now_ms = platform.clock().now_ms();
            let cookie = viewer_cookie::account_signed_in(&keys, &name, &hash, now_ms, is_tls);
            Ok((cookie, Some(name)))
        }
    }
}

/// The account whose name and password were sent. Attempts are counted for names that do not exist too.
async fn sign_in_by_name<P: Platform>(
    platform: &P,
    connection: &Connection,
    sent: &Credentials<'_>,
) -> Result<StoredAccount, Error> {
    let name = sent.name.ok_or_else(|| {
        Error::InvalidPayload("viewers of this library have accounts: send `name` too".to_owned())
    })?;
    // Keyboards of phones begin a name with a capital letter, and end it with a space.
    let name = name.trim().to_ascii_lowercase();
    let name = Some(name).filter(|name| is_id(name)).unwrap_or_default();
    let counted = [counted_address(&connection.client_address), format!("account {name}")];
    count_attempt(platform, &counted).await?;
    let account = accounts::find_or_any(platform, &name).await?.ok_or(Error::WrongPassword)?;
    let stored = StoredPassword::parse(&account.password_hash).map_err(|why| {
        Error::StorageUnavailable(format!("the password of the account {} {why}", account.name))
    })?;
    let knows_password = stored.is(sent.password);
    if !knows_password || account.name != name {
        return Err(Error::WrongPassword);
    }
    forget_attempts(platform, &counted).await?;
    Ok(account)
}

async fn forget_attempts<P: Platform>(platform: &P, counted: &[String]) -> Result<(), Error> {
    for who in counted {
        let forget = "DELETE FROM sign_ins WHERE address = ?1";
        platform.database().query(forget, &[text(who)]).await?;
    }
    Ok(())
}

/// Counts an attempt of an address, and of an account, before the password is compared, so that attempts
/// at once are counted too.
async fn count_attempt<P: Platform>(platform: &P, counted: &[String]) -> Result<(), Error> {
    let now_ms = platform.clock().now_ms();
    let database = platform.database();
    database.query(TABLE, &[]).await?;
    let over = [integer(now_ms.saturating_sub(LOCK_MS))];
    database.query("DELETE FROM sign_ins WHERE since_ms <= ?1", &over).await?;
    let maxima = [ATTEMPT_COUNT_MAX, ACCOUNT_ATTEMPT_COUNT_MAX];
    // Who is locked takes nothing from the others.
    for (who, count_max) in counted.iter().zip(maxima) {
        let known = "SELECT attempts, since_ms FROM sign_ins WHERE address = ?1";
        let known = database.query(known, &[text(who)]).await?;
        if let Some(row) = known.first() {
            check_row(row, count_max - 1, LOCK_MS, now_ms)?;
        }
    }
    count(platform, EVERYBODY, EVERYBODY_COUNT_MAX, EVERYBODY_MS, now_ms).await?;
    for (who, count_max) in counted.iter().zip(maxima) {
        count(platform, who, count_max, LOCK_MS, now_ms).await?;
    }
    Ok(())
}

/// Counts an attempt in a row that begins anew after `span_ms`. Refuses one beyond `count_max`.
async fn count<P: Platform>(
    platform: &P,
    address: &str,
    count_max: i64,
    span_ms: u64,
    now_ms: u64,
) -> Result<(), Error> {
    let sql = "INSERT INTO sign_ins (address, attempts, since_ms) VALUES (?1, 1, ?2) \
         ON CONFLICT (address) DO UPDATE SET \
         attempts = CASE WHEN since_ms <= ?3 THEN 1 ELSE attempts + 1 END, \
         since_ms = CASE WHEN since_ms <= ?3 THEN excluded.since_ms ELSE since_ms END \
         RETURNING attempts, since_ms";
    let values = [text(address), integer(now_ms), integer(now_ms.saturating_sub(span_ms))];
    let rows = platform.database().query(sql, &values).await?;
    let row = rows.first().ok_or_else(|| {
        Error::StorageUnavailable("the database returned no count of attempts".to_owned())
    })?;
    check_row(row, count_max, span_ms, now_ms)
}

/// Refuses where a row counts more attempts than `count_max`.
fn check_row(row: &Row, count_max: i64, span_ms: u64, now_ms: u64) -> Result<(), Error> {
    let attempts = integer_at(row, 0).unwrap_or(i64::MAX);
    if attempts <= count_max {
        return Ok(());
    }
    let since_ms = integer_at(row, 1).and_then(|ms| u64::try_from(ms).ok()).unwrap_or(now_ms);
    let over_ms = since_ms.saturating_add(span_ms);
    Err(Error::TooManyAttempts(over_ms.saturating_sub(now_ms).max(1)))
}
