//! Port: small values by key.

use super::PortError;

/// Values of at most `api::limits::VALUE_BYTES_MAX` bytes under keys of at most 255 bytes of
/// `[a-z0-9/_.-]`. Reads may lag behind writes by as long as the platform says.
#[expect(async_fn_in_trait, reason = "wasm is single-threaded: no future here is Send")]
pub trait KeyValue {
    /// The value, if there is one.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, PortError>;
    /// Stores a value in place of any other.
    async fn put(&self, key: &str, value: &[u8]) -> Result<(), PortError>;
    /// Removes a value, if there is one.
    async fn delete(&self, key: &str) -> Result<(), PortError>;
}
