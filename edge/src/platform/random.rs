//! Port: cryptographically secure random bytes.

use super::PortError;

/// A cryptographically secure source.
pub trait Random {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), PortError>;
}
