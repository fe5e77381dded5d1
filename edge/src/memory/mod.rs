//! In memory: what native tests and the conformance suite run on. Every port fails on demand.

mod clock;
mod database;
mod entry;
mod key_value;
mod object_store;
mod outbound;
mod random;
mod settings;

pub use clock::MemoryClock;
pub use database::MemoryDatabase;
pub use entry::{MemoryResponse, respond, run, run_until_stalled, send};
pub use key_value::MemoryKeyValue;
pub use object_store::MemoryObjects;
pub use outbound::{MemoryOutbound, MemoryStream, OutboundRequest, ScriptedResponse, StreamEnd};
pub use random::MemoryRandom;
pub use settings::MemorySettings;

use std::{
    cell::{Cell, RefCell},
    future::pending,
    ops::Deref,
    rc::Rc,
};

use crate::platform::{Operator, PortError, Ports};

/// A deployment in this process.
pub type Memory = Ports<
    MemoryKeyValue,
    MemoryObjects,
    MemoryDatabase,
    MemoryOutbound,
    MemoryClock,
    MemoryRandom,
    MemorySettings,
    MemoryReports,
>;

impl Default for Memory {
    fn default() -> Self {
        let clock = MemoryClock::default();
        Self {
            key_value: MemoryKeyValue::default(),
            objects: MemoryObjects::default(),
            durable_objects: MemoryObjects::default(),
            database: MemoryDatabase::default(),
            outbound: MemoryOutbound::new(clock.clone()),
            clock,
            random: MemoryRandom::default(),
            settings: MemorySettings::default(),
            reports: MemoryReports::default(),
            instance: Rc::default(),
        }
    }
}

/// What the operator was told: failures, by [`Deref`], and the audit log.
#[derive(Debug, Default)]
pub struct MemoryReports {
    failures: RefCell<Vec<String>>,
    /// The audit log.
    pub notes: RefCell<Vec<String>>,
}

impl Deref for MemoryReports {
    type Target = RefCell<Vec<String>>;

    fn deref(&self) -> &Self::Target {
        &self.failures
    }
}

impl Operator for MemoryReports {
    fn report(&self, message: &str) {
        self.failures.borrow_mut().push(message.to_owned());
    }

    fn note(&self, message: &str) {
        self.notes.borrow_mut().push(message.to_owned());
    }
}

/// What a test wants of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

/// How a port fails on demand.
#[derive(Debug, Default)]
pub struct FailureSwitch {
    error: RefCell<Option<PortError>>,
    silent: Cell<bool>,
}

impl FailureSwitch {
    /// Fails from now on, or not any more. What is full can still be read.
    pub fn set_error(&self, error: Option<PortError>) {
        self.error.replace(error);
    }

    /// Says nothing from now on, or speaks again.
    pub fn set_silent(&self, silent: bool) {
        self.silent.set(silent);
    }

    fn check(&self, wanted: Access) -> Result<(), PortError> {
        match self.error.borrow().clone() {
            Some(PortError::Full(_)) if wanted == Access::Read => Ok(()),
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    async fn answer(&self, wanted: Access) -> Result<(), PortError> {
        if self.silent.get() {
            pending::<()>().await;
        }
        self.check(wanted)
    }
}
