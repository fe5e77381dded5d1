//! The password of a private library: an Argon2id hash in the PHC string format (RFC 9106).

use api::limits::{PASSWORD_BYTES_MAX, PASSWORD_MEMORY_KIB_MAX, PASSWORD_WORK_KIB_MAX};
use argon2::{Argon2, Params, PasswordVerifier as _, password_hash::phc::PasswordHash};

/// A hash that can be compared with passwords.
#[derive(Debug, Clone)]
pub struct StoredPassword(PasswordHash);

impl StoredPassword {
    /// Reads a hash. The error ends a sentence about it, and does not show it.
    pub fn parse(hash: &str) -> Result<Self, &'static str> {
        let hash = PasswordHash::new(hash.trim()).ok();
        let hash = hash.filter(|hash| hash.algorithm.as_str() == "argon2id" && hash.hash.is_some());
        let hash = hash.ok_or("is not an Argon2id hash: make one by `firstframe hash-password`")?;
        let work = Params::try_from(&hash).ok().and_then(|params| {
            let memory = Some(params.m_cost()).filter(|kib| *kib <= PASSWORD_MEMORY_KIB_MAX)?;
            memory.checked_mul(params.t_cost()).filter(|work| *work <= PASSWORD_WORK_KIB_MAX)
        });
        work.map(|_| Self(hash)).ok_or(
            "takes more memory or time than the edge has: make one by `firstframe hash-password`",
        )
    }

    /// Whether this is the password.
    pub fn is(&self, password: &str) -> bool {
        password.len() <= PASSWORD_BYTES_MAX
            && Argon2::default().verify_password(password.as_bytes(), &self.0).is_ok()
    }
}
