//! Who may watch and who may administer: the settings `viewers` and `admin_key`, the cookie of viewers who
//! have signed in, and their attempts to do so.

use crate::{
    error::Error,
    http::{Connection, Headers},
    platform::{Clock, Database, Platform, Row, Settings},
    rules::{
        client_address::counted_address, cors::CorsOrigins, header_values,
        password::StoredPassword, signature::Keys, viewer_cookie,
    },
    sql::{integer, integer_at, text},
};

/// Attempts to sign in, by address, and of all addresses together.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS sign_ins (\
     address TEXT PRIMARY KEY, attempts INTEGER NOT NULL, since_ms INTEGER NOT NULL) WITHOUT ROWID";
/// Attempts of one address within [`LOCK_MS`]; then it is locked until that time is over.
const ATTEMPT_COUNT_MAX: i64 = 10;
/// How long attempts of an address count.
const LOCK_MS: u64 = 15 * 60 * 1000;
/// The row of all addresses together.
const EVERYBODY: &str = "*";
/// Attempts of all addresses within [`EVERYBODY_MS`]: each takes processor time, and a row of its address,
/// so that the table has at most 1,800 rows.
const EVERYBODY_COUNT_MAX: i64 = 120;
const EVERYBODY_MS: u64 = 60 * 1000;

/// A library whose viewers know a password.
struct PrivateLibrary {
    /// The setting `viewers_password`.
    password: String,
    /// The keys that sign cookies.
    keys: Keys,
}

/// The origins whose pages may read responses.
pub(crate) async fn cors_origins<P: Platform>(platform: &P) -> Result<CorsOrigins, Error> {
    let setting = platform.settings().get("cors_origins").await?;
    Ok(CorsOrigins::parse(&setting.unwrap_or_default()))
}

/// Whether viewers must sign in. A value that nobody knows closes the library.
pub(crate) async fn is_private<P: Platform>(platform: &P) -> Result<bool, Error> {
    match platform.settings().get("viewers").await?.as_deref() {
        None | Some("open") => Ok(false),
        Some("password") => Ok(true),
        Some(_) => Err(Error::Misconfigured("the setting viewers is not `open` or `password`")),
    }
}

/// The private library; none where everybody may watch.
async fn private_library<P: Platform>(platform: &P) -> Result<Option<PrivateLibrary>, Error> {
    if !is_private(platform).await? {
        return Ok(None);
    }
    let settings = platform.settings();
    let password = settings.get("viewers_password").await?.ok_or(Error::Misconfigured(
        "the setting viewers is `password`, but viewers_password is not set",
    ))?;
    let keys = settings.get("media_keys").await?.ok_or(Error::Misconfigured(
        "the setting viewers is `password`, but media_keys, which signs cookies, is not set",
    ))?;
    let keys = Keys::parse(&keys).map_err(Error::Misconfigured)?;
    Ok(Some(PrivateLibrary { password, keys }))
}

/// Lets in who may watch: everybody, or those who have signed in, and the deployer. Returns whether the
/// library is private.
pub(crate) async fn check_viewer<P: Platform>(
    platform: &P,
    headers: &Headers,
) -> Result<bool, Error> {
    let Some(PrivateLibrary { password, keys }) = private_library(platform).await? else {
        return Ok(false);
    };
    let now_ms = platform.clock().now_ms();
    if viewer_cookie::is_signed_in(&keys, &password, headers, now_ms)
        || admin_key_name(platform, headers).await?.is_some()
    {
        return Ok(true);
    }
    Err(Error::SignInRequired)
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

/// `Set-Cookie` for a viewer who knows the password.
pub(crate) async fn sign_in<P: Platform>(
    platform: &P,
    connection: &Connection,
    is_tls: bool,
    sent: &str,
) -> Result<String, Error> {
    let library = private_library(platform).await?;
    let PrivateLibrary { password, keys } =
        library.ok_or(Error::NotFound("sign-in: everybody may watch"))?;
    let stored = StoredPassword::parse(&password).map_err(Error::Misconfigured)?;
    let address = counted_address(&connection.client_address);
    count_attempt(platform, &address).await?;
    if !stored.is(sent) {
        return Err(Error::WrongPassword);
    }
    let forget = "DELETE FROM sign_ins WHERE address = ?1";
    platform.database().query(forget, &[text(&address)]).await?;
    Ok(viewer_cookie::signed_in(&keys, &password, platform.clock().now_ms(), is_tls))
}

/// Counts an attempt before the password is compared, so that attempts at once are counted too.
async fn count_attempt<P: Platform>(platform: &P, address: &str) -> Result<(), Error> {
    let now_ms = platform.clock().now_ms();
    let database = platform.database();
    database.query(TABLE, &[]).await?;
    let over = [integer(now_ms.saturating_sub(LOCK_MS))];
    database.query("DELETE FROM sign_ins WHERE since_ms <= ?1", &over).await?;
    // An address that is locked takes nothing from the others.
    let known = "SELECT attempts, since_ms FROM sign_ins WHERE address = ?1";
    let known = database.query(known, &[text(address)]).await?;
    if let Some(row) = known.first() {
        check_row(row, ATTEMPT_COUNT_MAX - 1, LOCK_MS, now_ms)?;
    }
    count(platform, EVERYBODY, EVERYBODY_COUNT_MAX, EVERYBODY_MS, now_ms).await?;
    count(platform, address, ATTEMPT_COUNT_MAX, LOCK_MS, now_ms).await
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
