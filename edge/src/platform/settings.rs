//! Port: what the deployer configured.

use super::PortError;

/// Texts by name, such as `admin_key`.
#[expect(async_fn_in_trait, reason = "wasm is single-threaded: no future here is Send")]
pub trait Settings {
    /// The setting, if it is set and not empty.
    async fn get(&self, name: &str) -> Result<Option<String>, PortError>;
}
