//! Checks that the server of a data folder still runs, before a key of that folder is sent anywhere.

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use api::data_folder::{LOCK_FILE, RUNNING_SERVER_FILE, RunningServer};
use ureq::Agent;

use super::data_folder::running_server;
use super::pinned_tls;

/// How long a server on this machine may take to prove itself.
const PROOF_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes that are read of its proof: twice what it has.
const PROOF_BYTES_MAX: u64 = 128;

/// [`running_server`], which holds the lock of the folder and has proved that it wrote the file: a
/// server that was killed leaves the file, and any program may listen at its address.
///
/// # Errors
/// The file is there, and the server is not.
pub fn proven_server(data: &Path) -> Result<Option<RunningServer>> {
    let Some(server) = running_server(data)? else { return Ok(None) };
    let (lock, folder) = (data.join(LOCK_FILE), data);
    let data = data.display();
    let advice = format!("start it with `firstframe serve --data {data}`");
    if !is_locked(&lock).with_context(|| format!("reading {}", lock.display()))? {
        bail!(
            "the server of the data folder {data} does not run: it was killed, and left \
             {RUNNING_SERVER_FILE} behind; {advice}"
        );
    }
    if !proves(&server, folder)? {
        bail!(
            "the program at {} is not the server of the data folder {data}, or is an older one: no \
             key was sent to it; restart that server, or {advice}",
            server.url
        );
    }
    Ok(Some(server))
}

/// Whether a process has the lock at `path`.
fn is_locked(path: &Path) -> io::Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether the server that answers at the address is the one that wrote the file.
fn proves(server: &RunningServer, data: &Path) -> Result<bool> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(io::Error::from)?;
    let challenge = blake3::Hash::from_bytes(random).to_hex();
    let Some(expected) = proof(&server.nonce, &challenge) else { return Ok(false) };
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .timeout_global(Some(PROOF_TIMEOUT));
    let url = format!("{}{}{challenge}", without_slash(&server.url), api::paths::SERVER_PROOF);
    let agent = pinned_tls::agent(config.build(), data)?;
    let Ok(mut response) = agent.get(url).call() else { return Ok(false) };
    let limited = response.body_mut().with_config().limit(PROOF_BYTES_MAX);
    let answer = limited.read_to_string().unwrap_or_default();
    // Of two hashes, so that the time of the comparison says nothing.
    Ok(blake3::hash(answer.as_bytes()) == blake3::hash(expected.as_bytes()))
}

/// What the server with this nonce answers to a challenge; `None` where one of them is not 64
/// hexadecimal digits.
pub fn proof(nonce: &str, challenge: &str) -> Option<String> {
    let nonce = blake3::Hash::from_hex(nonce).ok()?;
    let challenge = blake3::Hash::from_hex(challenge).ok()?;
    Some(blake3::keyed_hash(nonce.as_bytes(), challenge.as_bytes()).to_hex().to_string())
}

/// A URL without the slash at its end.
pub(crate) fn without_slash(url: &str) -> &str {
    url.trim_end_matches('/')
}
