//! Port: large immutable bytes by key, read by range.

use super::PortError;
use crate::http::{ByteRange, ObjectMeta, ReadRange};

/// A read that the store answered.
#[derive(Debug)]
pub enum ObjectRead<S> {
    /// The bytes are flowing.
    Bytes {
        /// Metadata of the object.
        meta: ObjectMeta,
        /// Which bytes: the requested ones, or all of them where the store ignores ranges.
        sent: ByteRange,
        /// The bytes.
        stream: S,
    },
    /// The object is there and has no such bytes, or none at all.
    Unsatisfiable,
}

/// Whole objects: each is there with all its bytes, or not there.
#[expect(async_fn_in_trait, reason = "wasm is single-threaded: no future here is Send")]
pub trait ObjectStore {
    /// The platform's own byte stream. The core passes it on and does not look inside.
    type Stream;

    /// Facts about an object, if there is one.
    async fn head(&self, key: &str) -> Result<Option<ObjectMeta>, PortError>;

    /// Some bytes of an object, if there is one, in one operation of the store. Of an object
    /// without bytes, a range other than `Whole` is unsatisfiable.
    async fn read(
        &self,
        key: &str,
        range: ReadRange,
    ) -> Result<Option<ObjectRead<Self::Stream>>, PortError>;

    /// Stores an object in place of any other.
    async fn put(&self, key: &str, bytes: &[u8]) -> Result<(), PortError>;

    /// Removes an object, if there is one.
    async fn delete(&self, key: &str) -> Result<(), PortError>;

    /// Keys with this prefix, in any order: all, or one page of the store's list, with at least
    /// one where there is one.
    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError>;

    /// Whether the address and the keys of the store are configured.
    async fn is_set_up(&self) -> bool;

    /// Reads a stream of at most `bytes_max` bytes into memory.
    async fn collect(&self, stream: Self::Stream, bytes_max: usize) -> Result<Vec<u8>, PortError>;
}
