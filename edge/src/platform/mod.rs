//! The ports: every operation of the outside world that the edge uses.
//!
//! Every platform supports every method of every port. A missing value is `None`, not an error.

mod clock;
#[cfg(not(target_arch = "wasm32"))]
pub mod conformance;
mod database;
mod key_value;
mod object_store;
mod outbound;
mod ports;
mod random;
mod settings;

pub use clock::{Clock, with_timeout};
pub use database::{Database, Row, Value};
pub use key_value::KeyValue;
pub use object_store::{ObjectRead, ObjectStore};
pub(crate) use outbound::take_chunk;
pub use outbound::{Outbound, OutboundResponse};
pub use ports::Ports;
pub use random::Random;
pub use settings::Settings;

use crate::instance::Instance;

/// One deployment target, as a bundle of its ports.
pub trait Platform {
    /// Small values by key.
    type KeyValue: KeyValue;
    /// Large immutable bytes by key.
    type Objects: ObjectStore;
    /// Rows in SQLite.
    type Database: Database;
    /// Reads from other servers.
    type Outbound: Outbound<Stream = StreamOf<Self>>;
    /// Wall-clock time.
    type Clock: Clock;
    /// Cryptographically secure random bytes.
    type Random: Random;
    /// What the deployer configured.
    type Settings: Settings;

    /// Small values by key.
    fn key_value(&self) -> &Self::KeyValue;
    /// Large immutable bytes by key.
    fn objects(&self) -> &Self::Objects;
    /// The separate durable store, for startup blocks and records.
    fn durable_objects(&self) -> &Self::Objects;
    /// Rows in SQLite.
    fn database(&self) -> &Self::Database;
    /// Reads from other servers.
    fn outbound(&self) -> &Self::Outbound;
    /// Wall-clock time.
    fn clock(&self) -> &Self::Clock;
    /// Cryptographically secure random bytes.
    fn random(&self) -> &Self::Random;
    /// What the deployer configured.
    fn settings(&self) -> &Self::Settings;
    /// State of this instance, which outlives the request.
    fn instance(&self) -> &Instance;
    /// Tells the operator, not the client, what failed.
    fn report(&self, message: &str);
    /// Tells the operator, not the client, what was done: a line of the audit log.
    fn note(&self, message: &str);
}

/// Who runs the deployment.
pub trait Operator {
    /// Tells the operator, not the client, what failed.
    fn report(&self, message: &str);
    /// Tells the operator, not the client, what was done: a line of the audit log.
    fn note(&self, message: &str);
}

/// The body of a request, not read yet.
#[expect(async_fn_in_trait, reason = "wasm is single-threaded: no future here is Send")]
pub trait Upload {
    /// Reads it whole, and gives up as soon as it has more than `bytes_max` bytes.
    async fn read(self, bytes_max: usize) -> Result<Vec<u8>, PortError>;
}

/// The byte stream type of a platform's object store.
pub type StreamOf<P> = <<P as Platform>::Objects as ObjectStore>::Stream;

/// Why an operation of a port failed. A missing value is not an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PortError {
    /// No response, or an invalid one; a retry may succeed. The text is for the operator.
    Unavailable(String),
    /// The store is full. The text is for the operator.
    Full(String),
    /// More bytes than the caller allowed, or than the platform takes.
    TooLarge,
    /// The platform refuses access: a key or a permission is wrong. The text is for the operator.
    Denied(String),
}
