//! Random port that counts, so that tests see the same bytes each time and never twice the same.

use std::cell::Cell;

use super::{Access, FailureSwitch};
use crate::platform::{PortError, Random};

/// Bytes 0, 1, 2 …
#[derive(Debug, Default)]
pub struct MemoryRandom {
    next: Cell<u64>,
    /// Fails on demand.
    pub failing: FailureSwitch,
}

impl Random for MemoryRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), PortError> {
        self.failing.check(Access::Read)?;
        let first = self.next.get();
        for (at, byte) in (first..).zip(bytes.iter_mut()) {
            *byte = at.to_le_bytes()[0];
            self.next.set(at + 1);
        }
        // The round number distinguishes values that begin with the same byte.
        for (byte, round) in bytes.iter_mut().zip((first >> 8).to_le_bytes()) {
            *byte ^= round;
        }
        Ok(())
    }
}
