//! Key-value port in a map.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use super::{Access, FailureSwitch};
use crate::platform::{KeyValue, PortError};

/// Values by key.
#[derive(Debug, Default)]
pub struct MemoryKeyValue {
    /// What is stored.
    pub values: RefCell<BTreeMap<String, Vec<u8>>>,
    /// Fails on demand.
    pub failing: FailureSwitch,
    /// Number of reads.
    pub reads: Cell<usize>,
}

impl KeyValue for MemoryKeyValue {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        self.reads.set(self.reads.get() + 1);
        self.failing.answer(Access::Read).await?;
        Ok(self.values.borrow().get(key).cloned())
    }

    async fn put(&self, key: &str, value: &[u8]) -> Result<(), PortError> {
        self.failing.answer(Access::Write).await?;
        if value.len() > api::limits::VALUE_BYTES_MAX {
            return Err(PortError::TooLarge);
        }
        self.values.borrow_mut().insert(key.to_owned(), value.to_vec());
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<(), PortError> {
        self.failing.answer(Access::Read).await?;
        self.values.borrow_mut().remove(key);
        Ok(())
    }
}
