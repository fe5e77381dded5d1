//! `firstframe account`: accounts of viewers, over the admin API. A password stays on this machine: its hash
//! is sent.

use anyhow::Result;
use api::{NewAccount, NewPassword};

use crate::deployment::admin_api::AdminApi;
use crate::deployment::target::ApiAccess;
use crate::output::console::Console;
use crate::output::format::count_of;

/// Adds an account, and reports on standard output.
///
/// # Errors
/// The deployment does not answer, has an account of this name already, or has too many.
pub fn add_account(access: &ApiAccess, name: &str, password_hash: &str) -> Result<()> {
    let console = Console::new();
    let admin = AdminApi::new(access, &console)?;
    admin.first_root()?;
    let (name, password_hash) = (name.to_owned(), password_hash.to_owned());
    let added = admin.add_account(&NewAccount { name, password_hash })?;
    console.line(format_args!("Added the account {}.", added.name));
    Ok(())
}

/// Changes the password of an account, which signs its viewer out everywhere.
///
/// # Errors
/// The deployment does not answer, or has no such account.
pub fn set_account_password(access: &ApiAccess, name: &str, password_hash: &str) -> Result<()> {
    let console = Console::new();
    let admin = AdminApi::new(access, &console)?;
    admin.first_root()?;
    admin.set_password(name, &NewPassword { password_hash: password_hash.to_owned() })?;
    console.line(format_args!("Changed the password of {name}, who is signed out everywhere."));
    Ok(())
}

/// Removes an account with its history and watchlist.
///
/// # Errors
/// The deployment does not answer, or has no such account.
pub fn remove_account(access: &ApiAccess, name: &str) -> Result<()> {
    let console = Console::new();
    let admin = AdminApi::new(access, &console)?;
    admin.first_root()?;
    admin.remove_account(name)?;
    console.line(format_args!("Removed the account {name}, its history and its watchlist."));
    Ok(())
}

/// Prints the names of all accounts.
///
/// # Errors
/// The deployment does not answer.
pub fn list_accounts(access: &ApiAccess) -> Result<()> {
    let console = Console::new();
    let admin = AdminApi::new(access, &console)?;
    admin.first_root()?;
    let accounts = admin.accounts()?;
    for account in &accounts {
        console.line(format_args!("{}", account.name));
    }
    console.line(format_args!("{}.", count_of(accounts.len(), "account")));
    Ok(())
}
