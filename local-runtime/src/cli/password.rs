//! Passwords of the command line: read from a terminal or from stdin, so that no other user of this machine
//! sees them among the arguments of a process, and hashed (Argon2id, RFC 9106).

use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _, stderr, stdin};

use anyhow::{Result, anyhow, ensure};
use api::limits::PASSWORD_BYTES_MAX;
use argon2::{Argon2, Params, PasswordHasher as _};
use clap::value_parser;

/// The memory that OWASP recommends for Argon2id with two passes.
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over the memory.
const PASSES: u32 = 2;
/// Bytes of a salt (RFC 9106 §4).
const SALT_BYTES: usize = 16;

/// How much work each attempt to sign in is.
#[derive(clap::Args)]
pub(super) struct HashArgs {
    /// Memory of the hash in KiB. Less makes a guess cheaper; a Worker of the free plan, which has 10
    /// ms for a request, needs 2048 and a long password
    #[arg(long, value_name = "KIB", default_value_t = MEMORY_KIB)]
    #[arg(value_parser = value_parser!(u32).range(1024..=49_152))]
    memory_kib: u32,
}

/// Reads a password, and returns its hash. A terminal is asked for it by `prompt`.
pub(super) fn read_and_hash(prompt: &str, args: &HashArgs) -> Result<String> {
    if stdin().is_terminal() {
        write!(stderr(), "{prompt} (it shows while you type): ")?;
    }
    let mut line = String::new();
    stdin().lock().take(PASSWORD_BYTES_MAX as u64 + 3).read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    ensure!(!password.is_empty(), "the password is empty: type it, or send it to stdin");
    ensure!(
        password.len() <= PASSWORD_BYTES_MAX,
        "a password has at most {PASSWORD_BYTES_MAX} bytes"
    );
    hash(password, args.memory_kib)
}

fn hash(password: &str, memory_kib: u32) -> Result<String> {
    let mut salt = [0; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(|error| anyhow!("no random bytes: {error}"))?;
    let hash = Params::new(memory_kib, PASSES, 1, None)
        .map(Argon2::from)
        .map_err(|error| anyhow!("{error}"))?
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map_err(|error| anyhow!("the password cannot be hashed: {error}"))?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use argon2::PasswordVerifier as _;

    use super::*;

    #[test]
    fn hash_is_salted_and_verifies() {
        let hashes = [hash("open sesame", 1024).unwrap(), hash("open sesame", 1024).unwrap()];
        assert_ne!(hashes[0], hashes[1]);
        assert!(hashes[0].starts_with("$argon2id$v=19$m=1024,t=2,p=1$"), "{}", hashes[0]);
        let verify = |password: &[u8]| Argon2::default().verify_password(password, &*hashes[0]);
        assert!(verify(b"open sesame").is_ok() && verify(b"open barley").is_err());
    }
}
