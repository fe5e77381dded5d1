//! Random port on Web Crypto.

use crate::platform::{PortError, Random};

pub(super) struct WebCrypto;

impl Random for WebCrypto {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), PortError> {
        getrandom::fill(bytes).map_err(|error| PortError::Unavailable(error.to_string()))
    }
}
