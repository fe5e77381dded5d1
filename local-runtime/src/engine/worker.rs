//! Instances: how many requests each serves, and how long it may live.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use tokio::time::Sleep;
use wasmtime::{Engine, Store, StoreContextMut, component::GuestTaskId};
use wasmtime_wasi_http::{
    WasiHttpView as _,
    handler::{
        HandlerState, Instance, ProxyHandler, ProxyPre, ShouldAccept, WorkerExpiration,
        WorkerState, WorkerStatus,
    },
};

use super::Limits;
use crate::host::{Host, Shared};

/// Requests that one instance serves before it ends. Spin has 128; but what an instance remembers,
/// the blocks of films first of all, takes ten milliseconds to be read again. With many more, one
/// that fails would take too many answers along that are on their way.
const REUSE_MAX: usize = 1024;
/// Requests that one instance serves at once: as Spin does.
const CONCURRENT_MAX: usize = 16;
/// How long an instance without work is kept: as long as Spin does. A new one takes under 1 ms.
const IDLE: Duration = Duration::from_secs(1);
/// How long an answer may be on its way: a fragment of ten seconds over the slowest line on which
/// it still plays takes ten seconds; a paused player holds one for as long as it is paused.
const ANSWER: Duration = Duration::from_hours(4);
/// How much later than the request itself its instance is given up.
const GRACE: Duration = Duration::from_secs(1);

/// What gives requests to instances.
pub(crate) type Handler = ProxyHandler<Instances>;

/// How instances are made.
pub(crate) struct Instances {
    engine: Engine,
    pre: ProxyPre<Host>,
    shared: Arc<Shared>,
    limits: Limits,
}

impl Instances {
    pub(super) fn new(
        engine: Engine,
        pre: ProxyPre<Host>,
        shared: Arc<Shared>,
        limits: Limits,
    ) -> Self {
        Self { engine, pre, shared, limits }
    }
}

impl HandlerState for Instances {
    type StoreData = Host;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<Instance<Host, Expiration, Worker>> {
        let mut store = Store::new(&self.engine, Host::new(&self.shared));
        store.limiter(|host| host.limits());
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        let proxy = self.pre.instantiate_async(&mut store).await?;
        let timeout = self.limits.request_timeout;
        let sleep = Box::pin(tokio::time::sleep(IDLE));
        let expiration = Expiration { timeout: timeout + GRACE, sleep };
        Ok(Instance { store, proxy, view: Host::http, expiration, state: Worker { timeout } })
    }
}

/// When an instance is given up.
pub(crate) struct Expiration {
    timeout: Duration,
    sleep: Pin<Box<Sleep>>,
}

impl WorkerExpiration for Expiration {
    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        status: WorkerStatus,
        start: Instant,
    ) -> Poll<()> {
        let allowed = match status {
            WorkerStatus::Idle => IDLE,
            WorkerStatus::Requests => self.timeout,
            WorkerStatus::PostReturn => ANSWER,
        };
        let deadline = (start + allowed).into();
        if self.sleep.deadline() != deadline {
            self.sleep.as_mut().reset(deadline);
        }
        self.sleep.as_mut().poll(context)
    }
}

/// One instance at work.
pub(crate) struct Worker {
    timeout: Duration,
}

impl WorkerState for Worker {
    type StoreData = Host;
    type RequestData = ();

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        if total >= REUSE_MAX {
            ShouldAccept::Never
        } else if concurrent >= CONCURRENT_MAX {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        _: StoreContextMut<'_, Host>,
        (): (),
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + 'static + Send + Sync>> {
        Box::pin(tokio::time::sleep(self.timeout))
    }

    fn drop(&self, store: Store<Host>, result: Result<(), wasmtime::Error>) {
        if let Err(error) = result {
            tracing::error!(error = format!("{error:#}"), "an instance of the edge failed");
        }
        drop(store);
    }
}
