//! Accounts of viewers: the table, and every statement on it.

use api::Account;

use crate::{
    error::Error,
    platform::{Clock, Platform, Row, Value},
    sql::{self, integer, text, text_at, unsigned_at},
};

/// `viewer_token` is the token of the viewer whose history and watchlist the account has. Without the
/// account's cookie it opens nothing.
const TABLES: [&str; 1] = ["CREATE TABLE IF NOT EXISTS accounts (\
     name TEXT PRIMARY KEY, password_hash TEXT NOT NULL, viewer_token TEXT NOT NULL, \
     created_at_ms INTEGER NOT NULL) WITHOUT ROWID"];
/// Accounts of a deployment, all of which are in one answer.
const ACCOUNT_COUNT_MAX: u64 = 1_000;

/// An account, to those who let its viewer in.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct StoredAccount {
    pub name: String,
    pub password_hash: String,
    pub viewer_token: String,
}

/// The account of this name.
pub(crate) async fn find<P: Platform>(
    platform: &P,
    name: &str,
) -> Result<Option<StoredAccount>, Error> {
    let sql = "SELECT name, password_hash, viewer_token FROM accounts WHERE name = ?1";
    let rows = query(platform, sql, &[text(name)]).await?;
    Ok(rows.first().and_then(stored_account))
}

/// The account of this name, or else any other: a password is compared with it too, so that the time of
/// an answer does not say which names there are.
pub(crate) async fn find_or_any<P: Platform>(
    platform: &P,
    name: &str,
) -> Result<Option<StoredAccount>, Error> {
    let found = find(platform, name).await?;
    if found.is_some() {
        return Ok(found);
    }
    let sql = "SELECT name, password_hash, viewer_token FROM accounts LIMIT 1";
    let rows = query(platform, sql, &[]).await?;
    Ok(rows.first().and_then(stored_account))
}

/// All accounts, by name.
pub(crate) async fn list<P: Platform>(platform: &P) -> Result<Vec<Account>, Error> {
    let sql = "SELECT name, created_at_ms FROM accounts ORDER BY name LIMIT ?1";
    let rows = query(platform, sql, &[integer(ACCOUNT_COUNT_MAX)]).await?;
    Ok(rows.iter().filter_map(account).collect())
}

/// Adds an account, unless its name is taken or there are too many.
pub(crate) async fn add<P: Platform>(
    platform: &P,
    account: &StoredAccount,
) -> Result<Account, Error> {
    let created_at_ms = platform.clock().now_ms();
    let sql = "INSERT INTO accounts (name, password_hash, viewer_token, created_at_ms) \
         SELECT ?1, ?2, ?3, ?4 WHERE (SELECT count(*) FROM accounts) < ?5 \
         ON CONFLICT (name) DO NOTHING RETURNING name";
    let values = [
        text(&account.name),
        text(&account.password_hash),
        text(&account.viewer_token),
        integer(created_at_ms),
        integer(ACCOUNT_COUNT_MAX),
    ];
    if !query(platform, sql, &values).await?.is_empty() {
        return Ok(Account { name: account.name.clone(), created_at_ms });
    }
    let is_taken = find(platform, &account.name).await?.is_some();
    Err(Error::AccountRefused(if is_taken {
        "there is an account of this name already: choose another name, or change its password"
    } else {
        "a deployment has at most 1,000 accounts: remove one that nobody uses"
    }))
}

/// Changes the password of an account.
pub(crate) async fn set_password<P: Platform>(
    platform: &P,
    name: &str,
    password_hash: &str,
) -> Result<Account, Error> {
    let sql = "UPDATE accounts SET password_hash = ?2 WHERE name = ?1 \
         RETURNING name, created_at_ms";
    let rows = query(platform, sql, &[text(name), text(password_hash)]).await?;
    rows.first().and_then(account).ok_or(Error::NotFound("account"))
}

/// Removes an account.
pub(crate) async fn remove<P: Platform>(platform: &P, name: &str) -> Result<(), Error> {
    query(platform, "DELETE FROM accounts WHERE name = ?1", &[text(name)]).await.map(drop)
}

fn query<'a, P: Platform>(
    platform: &'a P,
    statement: &'a str,
    values: &'a [Value],
) -> impl Future<Output = Result<Vec<Row>, Error>> + 'a {
    sql::query(platform, &TABLES, &platform.instance().has_accounts, statement, values)
}

fn account(row: &Row) -> Option<Account> {
    Some(Account { name: text_at(row, 0)?, created_at_ms: unsigned_at(row, 1)? })
}

fn stored_account(row: &Row) -> Option<StoredAccount> {
    Some(StoredAccount {
        name: text_at(row, 0)?,
        password_hash: text_at(row, 1)?,
        viewer_token: text_at(row, 2)?,
    })
}
