//! `GET /health`, `/health/live` and `/health/ready`: is this deployment alive, and do its stores respond?

use std::collections::BTreeMap;

use api::{Envelope, Health, Readiness, StartupStore, StoreReadiness};
use futures::join;

use crate::{
    error::Error,
    http::Reply,
    media::durable,
    platform::{
        Clock, Database, KeyValue, ObjectStore, Platform, PortError, StreamOf, with_timeout,
    },
    viewers,
};

/// Time limit of each store: ten times what the slowest takes.
const STORE_MS_MAX: u64 = 3_000;
/// Key of what fails, and since when. Every read of readiness reads it, so that it is also the probe of
/// the key-value store.
const FAILING_KEY: &str = "health/failing";
/// Key of an object that need not be there.
const PROBE_KEY: &str = "health";
/// The first page of the database: of a file that is no database it cannot be read.
const PROBE: &str = "SELECT COUNT(*) FROM sqlite_master";

/// Names of stores, and since when they fail.
type Failing = BTreeMap<String, u64>;

/// What a store responded.
struct Probe {
    store: &'static str,
    is_needed: bool,
    error: Option<PortError>,
}

/// A deployment that answers is alive, even if its stores fail.
pub(super) async fn live<P: Platform>(platform: &P) -> Reply<StreamOf<P>> {
    super::json(200, &Envelope::data(health(platform).await))
}

/// The same while every store that viewers need responds.
pub(super) async fn show<P: Platform>(platform: &P) -> Result<Reply<StreamOf<P>>, Error> {
    let (probes, _) = probe(platform).await;
    match probes.into_iter().find(|probe| probe.is_needed && probe.error.is_some()) {
        Some(Probe { store, error: Some(error), .. }) => {
            Err(Error::StorageUnavailable(format!("health: {store}: {error:?}")))
        }
        _ => Ok(live(platform).await),
    }
}

/// Every store, what is wrong with it, and since when.
pub(super) async fn ready<P: Platform>(platform: &P) -> Reply<StreamOf<P>> {
    let (probes, known) = probe(platform).await;
    let since = note_failing(platform, &probes, known).await;
    let stores = probes.iter().map(|probe| StoreReadiness {
        store: probe.store.to_owned(),
        needed: probe.is_needed,
        problem: probe.error.as_ref().map(problem),
        since_ms: since.get(probe.store).copied(),
    });
    let ready = !probes.iter().any(|probe| probe.is_needed && probe.error.is_some());
    let readiness = Readiness { ready, stores: stores.collect() };
    super::json(if ready { 200 } else { 503 }, &Envelope::data(readiness))
}

async fn health<P: Platform>(platform: &P) -> Health {
    let (service, version) = ("firstframe".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    let startup_store = durable::store(platform).await.ok().map(|(kind, _)| kind);
    Health { service, version, startup_store }
}

/// Asks every store for something. Returns also what failed before.
async fn probe<P: Platform>(platform: &P) -> (Vec<Probe>, Option<Failing>) {
    let (key_value, objects, database, durable) = join!(
        in_time(platform, platform.key_value().get(FAILING_KEY)),
        in_time(platform, platform.objects().head(PROBE_KEY)),
        in_time(platform, probe_database(platform)),
        probe_separate_store(platform),
    );
    let known = key_value.as_ref().ok().map(|json| json.as_deref().map_or_else(Failing::new, read));
    let needed = |store, error| Probe { store, is_needed: true, error };
    let mut probes = vec![
        needed("keyValue", key_value.err()),
        needed("objects", objects.err()),
        needed("database", database.err()),
    ];
    // Films are sent without it.
    let durable = durable.map(Result::err);
    probes.extend(durable.map(|error| Probe { store: "durableObjects", is_needed: false, error }));
    (probes, known)
}

/// The answer of a separate store of startup blocks; none where there is no such store.
async fn probe_separate_store<P: Platform>(platform: &P) -> Option<Result<(), PortError>> {
    let (kind, store) = durable::store(platform).await.ok()?;
    let store = store.filter(|_| kind == StartupStore::Separate)?;
    Some(in_time(platform, store.head(PROBE_KEY)).await.map(drop))
}

/// Reads the list of tables, and then one of them, which may be damaged alone.
async fn probe_database<P: Platform>(platform: &P) -> Result<(), PortError> {
    platform.database().query(PROBE, &[]).await?;
    let damaged = |error: Error| PortError::Unavailable(error.detail().unwrap_or("").to_owned());
    viewers::probe(platform).await.map_err(damaged)
}

async fn in_time<P: Platform, T>(
    platform: &P,
    answer: impl Future<Output = Result<T, PortError>>,
) -> Result<T, PortError> {
    let late = || Err(PortError::Unavailable("it timed out after 3 s".to_owned()));
    with_timeout(platform.clock(), STORE_MS_MAX, answer).await.unwrap_or_else(late)
}

fn read(json: &[u8]) -> Failing {
    serde_json::from_slice(json).unwrap_or_default()
}

/// What is wrong, for everybody: the store's own words are for the operator.
fn problem(error: &PortError) -> String {
    let text = match error {
        PortError::Unavailable(_) | PortError::TooLarge => "it does not respond, or is damaged",
        PortError::Denied(_) => "it refuses access: its name, address or keys are wrong",
        PortError::Full(_) => "it is full",
    };
    format!("{text}; the log says more")
}

/// Since when each store fails that fails now. Stores and reports it where that has changed: in the
/// key-value store, because an instance lives for seconds.
async fn note_failing<P: Platform>(
    platform: &P,
    probes: &[Probe],
    known: Option<Failing>,
) -> Failing {
    let now_ms = platform.clock().now_ms();
    let remembered = platform.instance().failing_stores.borrow().clone();
    let before = known.as_ref().unwrap_or(&remembered);
    let mut failing = Failing::new();
    for probe in probes {
        let Some(error) = &probe.error else { continue };
        let since = before.get(probe.store).or_else(|| remembered.get(probe.store));
        if since.is_none() {
            platform.report(&format!("health: {}: {error:?}", probe.store));
        }
        failing.insert(probe.store.to_owned(), since.copied().unwrap_or(now_ms));
    }
    if known.as_ref().is_some_and(|known| *known != failing) {
        store_failing(platform, &failing).await;
    }
    platform.instance().failing_stores.replace(failing.clone());
    failing
}

async fn store_failing<P: Platform>(platform: &P, failing: &Failing) {
    let json = crate::http::json_bytes(failing);
    let stored = in_time(platform, platform.key_value().put(FAILING_KEY, &json)).await;
    if let Err(error) = stored {
        platform.report(&format!("health: cannot store what fails: {error:?}"));
    }
}
