//! Reads the two files of a server's data folder: `runtime.json` (where it serves) and `keys.toml`.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use api::data_folder::{KEYS_FILE, RUNNING_SERVER_FILE, RunningServer, ServerKeys};

/// Where the server of the data folder `data` serves; `None` where no server runs there.
///
/// # Errors
/// The file is there, and cannot be read or is not JSON of that form.
pub fn running_server(data: &Path) -> Result<Option<RunningServer>> {
    let path = data.join(RUNNING_SERVER_FILE);
    let Some(text) = read_if_there(&path)? else { return Ok(None) };
    let server = serde_json::from_str(&text).with_context(|| {
        format!("{} is not what `firstframe serve` writes: restart the server", path.display())
    })?;
    Ok(Some(server))
}

/// The name of a certificate in `runtime.json`, of its DER form.
pub fn certificate_hash(certificate: &[u8]) -> String {
    blake3::hash(certificate).to_hex().to_string()
}

/// The keys of the data folder `data`; `None` where it has none yet.
///
/// # Errors
/// The file is there, and cannot be read or lacks a key. The error's text shows no key.
pub fn server_keys(data: &Path) -> Result<Option<ServerKeys>> {
    let path = data.join(KEYS_FILE);
    let Some(text) = read_if_there(&path)? else { return Ok(None) };
    // The parser's own error would show the line that it does not understand, and so a key.
    let keys = toml::from_str(&text).ok().with_context(|| {
        format!(
            "{} does not hold admin_key, s3_access_key and s3_secret_key: repair it, or remove it \
             and `firstframe serve` makes new keys",
            path.display()
        )
    })?;
    Ok(Some(keys))
}

fn read_if_there(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}
