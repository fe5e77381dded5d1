//! Instances of the component: how many requests each serves, and how long it may live.

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
use crate::host::{HostServices, HostState};

/// Requests that one instance serves before it ends. Spin's number is 128, but reading again what an
/// instance has in memory, mostly blocks of films, takes ten milliseconds. A larger number would
/// let one failing instance break more running responses.
const REQUESTS_PER_INSTANCE_MAX: usize = 1024;
/// Requests that one instance serves at once: Spin's number.
const CONCURRENT_MAX: usize = 16;
/// How long an idle instance lives: Spin's number. A new instance starts in under 1 ms.
const IDLE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long the body of a response may take: a player that is paused does not read on.
const BODY_TIMEOUT: Duration = Duration::from_hours(4);
/// How long after the timeout of its request an instance is ended.
const GRACE_PERIOD: Duration = Duration::from_secs(1);

/// Distributes requests to instances.
pub(crate) type Handler = ProxyHandler<InstanceFactory>;

/// Starts instances.
pub(crate) struct InstanceFactory {
    engine: Engine,
    pre: ProxyPre<HostState>,
    services: Arc<HostServices>,
    limits: Limits,
}

impl InstanceFactory {
    pub(super) fn new(
        engine: Engine,
        pre: ProxyPre<HostState>,
        services: Arc<HostServices>,
        limits: Limits,
    ) -> Self {
        Self { engine, pre, services, limits }
    }
}

impl HandlerState for InstanceFactory {
    type StoreData = HostState;
    type WorkerExpiration = InstanceExpiration;
    type WorkerState = InstanceRequests;

    async fn instantiate(
        &self,
    ) -> wasmtime::Result<Instance<HostState, InstanceExpiration, InstanceRequests>> {
        let mut store = Store::new(&self.engine, HostState::new(&self.services));
        store.limiter(|host| host.limits());
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        let proxy = self.pre.instantiate_async(&mut store).await?;
        let timeout = self.limits.request_timeout;
        let sleep = Box::pin(tokio::time::sleep(IDLE_TIMEOUT));
        let expiration = InstanceExpiration { timeout: timeout + GRACE_PERIOD, sleep };
        Ok(Instance {
            store,
            proxy,
            view: HostState::http,
            expiration,
            state: InstanceRequests { timeout },
        })
    }
}

/// When an instance is ended.
pub(crate) struct InstanceExpiration {
    timeout: Duration,
    sleep: Pin<Box<Sleep>>,
}

impl WorkerExpiration for InstanceExpiration {
    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        status: WorkerStatus,
        start: Instant,
    ) -> Poll<()> {
        let timeout = match status {
            WorkerStatus::Idle => IDLE_TIMEOUT,
            WorkerStatus::Requests => self.timeout,
            WorkerStatus::PostReturn => BODY_TIMEOUT,
        };
        let deadline = (start + timeout).into();
        if self.sleep.deadline() != deadline {
            self.sleep.as_mut().reset(deadline);
        }
        self.sleep.as_mut().poll(context)
    }
}

/// The requests of one instance: which ones it accepts, and how long each may take.
pub(crate) struct InstanceRequests {
    timeout: Duration,
}

impl WorkerState for InstanceRequests {
    type StoreData = HostState;
    type RequestData = ();

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        if total >= REQUESTS_PER_INSTANCE_MAX {
            ShouldAccept::Never
        } else if concurrent >= CONCURRENT_MAX {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        _: StoreContextMut<'_, HostState>,
        (): (),
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + 'static + Send + Sync>> {
        Box::pin(tokio::time::sleep(self.timeout))
    }

    fn drop(&self, store: Store<HostState>, result: Result<(), wasmtime::Error>) {
        if let Err(error) = result {
            tracing::error!(error = format!("{error:#}"), "an instance of the edge failed");
        }
        drop(store);
    }
}
