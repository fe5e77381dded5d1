//! Settings port in a map.

use std::{cell::RefCell, collections::BTreeMap};

use crate::platform::{PortError, Settings};

/// Texts by name.
#[derive(Debug, Default)]
pub struct MemorySettings(pub RefCell<BTreeMap<String, String>>);

impl Settings for MemorySettings {
    async fn get(&self, name: &str) -> Result<Option<String>, PortError> {
        Ok(self.0.borrow().get(name).filter(|value| !value.is_empty()).cloned())
    }
}
