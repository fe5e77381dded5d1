//! The ports of a deployment target, put together.

use std::rc::Rc;

use super::{
    Clock, Database, KeyValue, ObjectStore, Operator, Outbound, Platform, Random, Settings,
};
use crate::instance::Instance;

/// One adapter a port. They serve one request; what outlives it is in the instance.
#[derive(Debug)]
pub struct Ports<KV, Obj, Db, Out, Clk, Rnd, Set, Op> {
    /// Small values by key.
    pub key_value: KV,
    /// Large immutable bytes by key.
    pub objects: Obj,
    /// The separate durable store, for startup blocks and records.
    pub durable_objects: Obj,
    /// Rows in SQLite.
    pub database: Db,
    /// Other servers.
    pub outbound: Out,
    /// Wall-clock time.
    pub clock: Clk,
    /// Cryptographically secure random bytes.
    pub random: Rnd,
    /// What the deployer configured.
    pub settings: Set,
    /// Where reports to the operator go.
    pub reports: Op,
    /// State that outlives a request.
    pub instance: Rc<Instance>,
}

impl<KV, Obj, Db, Out, Clk, Rnd, Set, Op> Platform for Ports<KV, Obj, Db, Out, Clk, Rnd, Set, Op>
where
    KV: KeyValue,
    Obj: ObjectStore,
    Db: Database,
    Out: Outbound<Stream = Obj::Stream>,
    Clk: Clock,
    Rnd: Random,
    Set: Settings,
    Op: Operator,
{
    type KeyValue = KV;
    type Objects = Obj;
    type Database = Db;
    type Outbound = Out;
    type Clock = Clk;
    type Random = Rnd;
    type Settings = Set;

    fn key_value(&self) -> &KV {
        &self.key_value
    }
    fn objects(&self) -> &Obj {
        &self.objects
    }
    fn durable_objects(&self) -> &Obj {
        &self.durable_objects
    }
    fn database(&self) -> &Db {
        &self.database
    }
    fn outbound(&self) -> &Out {
        &self.outbound
    }
    fn clock(&self) -> &Clk {
        &self.clock
    }
    fn random(&self) -> &Rnd {
        &self.random
    }
    fn settings(&self) -> &Set {
        &self.settings
    }
    fn instance(&self) -> &Instance {
        &self.instance
    }
    fn report(&self, message: &str) {
        self.reports.report(message);
    }
    fn note(&self, message: &str) {
        self.reports.note(message);
    }
}
