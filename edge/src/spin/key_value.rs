//! Key-value port on Spin's key-value store `default`.
//!
//! # Limits of this platform
//! Spin documents values of 1 MB, keys of 255 bytes and 1,024 keys; the provider may be a cache
//! that lags behind its writes.

use spin_sdk::key_value::{Error, Store};

use crate::platform::{KeyValue, PortError};

pub(super) struct SpinKeyValue;

impl KeyValue for SpinKeyValue {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        Store::open_default().await.map_err(port_error)?.get(key).await.map_err(port_error)
    }

    async fn put(&self, key: &str, value: &[u8]) -> Result<(), PortError> {
        Store::open_default().await.map_err(port_error)?.set(key, value).await.map_err(port_error)
    }

    async fn delete(&self, key: &str) -> Result<(), PortError> {
        Store::open_default().await.map_err(port_error)?.delete(key).await.map_err(port_error)
    }
}

fn port_error(error: Error) -> PortError {
    match error {
        Error::StoreTableFull => PortError::Full("the key-value store is full".to_owned()),
        Error::NoSuchStore | Error::AccessDenied => {
            PortError::Denied(format!("the key-value store `default`: {error}"))
        }
        Error::Other(detail) => PortError::Unavailable(format!("the key-value store: {detail}")),
    }
}
