//! Settings port on secrets and variables of the Worker.

use worker::Env;

use crate::platform::{PortError, Settings};

pub(super) struct Bindings(pub(super) Env);

impl Settings for Bindings {
    async fn get(&self, name: &str) -> Result<Option<String>, PortError> {
        // A binding that is not there, or is no text, is one that nobody set.
        let value = self.0.var(name).ok().map(|value| value.to_string());
        Ok(value.filter(|value| !value.is_empty()))
    }
}
