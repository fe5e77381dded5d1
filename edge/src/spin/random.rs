//! Random port on `wasi:random`.

use crate::platform::{PortError, Random};

pub(super) struct WasiRandom;

impl Random for WasiRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), PortError> {
        getrandom::fill(bytes).map_err(|error| PortError::Unavailable(error.to_string()))
    }
}
