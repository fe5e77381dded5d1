//! Key-value port on Workers KV, binding `KV`.
//!
//! # Limits of this platform
//! One write a second to a key. A read may be a minute behind a write at another location, "not there"
//! included.

use worker::{
    Env,
    kv::{KvError, KvStore},
};

use crate::platform::{KeyValue, PortError};

pub(super) struct WorkersKv(pub(super) Env);

impl WorkersKv {
    fn open(&self) -> Result<KvStore, PortError> {
        let denied = |error| PortError::Denied(format!("the binding KV: {error}"));
        self.0.kv("KV").map_err(denied)
    }
}

impl KeyValue for WorkersKv {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        self.open()?.get(key).bytes().await.map_err(port_error)
    }

    async fn put(&self, key: &str, value: &[u8]) -> Result<(), PortError> {
        let put = self.open()?.put_bytes(key, value).map_err(port_error)?;
        put.execute().await.map_err(port_error)
    }

    async fn delete(&self, key: &str) -> Result<(), PortError> {
        self.open()?.delete(key).await.map_err(port_error)
    }
}

fn port_error(error: KvError) -> PortError {
    PortError::Unavailable(format!("Workers KV: {error}"))
}
