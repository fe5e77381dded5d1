//! Settings port on Spin variables.

use std::{cell::RefCell, collections::BTreeMap};

use spin_sdk::variables::{self, Error};

use crate::platform::{PortError, Settings};

thread_local! {
    /// Values read before: an instance lives for seconds, and each of its requests reads the same.
    static READ: RefCell<BTreeMap<String, Option<String>>> = RefCell::default();
}

pub(super) struct SpinSettings;

impl Settings for SpinSettings {
    async fn get(&self, name: &str) -> Result<Option<String>, PortError> {
        if let Some(read) = READ.with_borrow(|read| read.get(name).cloned()) {
            return Ok(read);
        }
        let value = match variables::get(name).await {
            Ok(value) => Some(value).filter(|value| !value.is_empty()),
            Err(Error::Undefined(_)) => None,
            Err(error) => {
                return Err(PortError::Unavailable(format!("the variable {name}: {error}")));
            }
        };
        READ.with_borrow_mut(|read| read.insert(name.to_owned(), value.clone()));
        Ok(value)
    }
}
