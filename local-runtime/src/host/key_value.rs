//! The port `spin:key-value`, on the index database.

use std::sync::Arc;

use wasmtime::component::{Accessor, FutureReader, Resource, StreamReader};

use super::{
    bindings::spin::key_value::key_value::{
        Error, Host as KeyValue, HostStore, HostStoreWithStore,
    },
    instance_state::{HostState, Ports},
};
use crate::storage::{self, IndexDatabase, run_blocking};

/// The label of the only store.
const LABEL: &str = "default";

/// An open store: there is one, so it has no state.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Store;

impl KeyValue for &mut HostState {}

impl HostStore for &mut HostState {
    async fn drop(&mut self, store: Resource<Store>) -> wasmtime::Result<()> {
        self.table.delete(store)?;
        Ok(())
    }
}

/// Runs `work` on the database, on a thread that may block.
async fn with_database<U, T>(
    host: &Accessor<U, Ports>,
    work: impl FnOnce(&IndexDatabase) -> storage::Result<T> + Send + 'static,
) -> wasmtime::Result<Result<T, Error>>
where
    U: Send,
    T: Send + 'static,
{
    let folder = host.with(|mut access| Arc::clone(&access.get().services.folder));
    let result = run_blocking(move || work(folder.database())).await;
    Ok(result.map_err(|error| Error::Other(error.to_string())))
}

impl<U: Send> HostStoreWithStore<U> for Ports {
    async fn open(
        host: &Accessor<U, Self>,
        label: String,
    ) -> wasmtime::Result<Result<Resource<Store>, Error>> {
        if label != LABEL {
            return Ok(Err(Error::NoSuchStore));
        }
        host.with(|mut access| match access.get().table.push(Store) {
            Ok(store) => Ok(Ok(store)),
            Err(_) => Ok(Err(Error::StoreTableFull)),
        })
    }

    async fn get(
        host: &Accessor<U, Self>,
        _: Resource<Store>,
        key: String,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        with_database(host, move |database| database.value(LABEL, &key)).await
    }

    async fn set(
        host: &Accessor<U, Self>,
        _: Resource<Store>,
        key: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        with_database(host, move |database| database.set_value(LABEL, &key, &value)).await
    }

    async fn delete(
        host: &Accessor<U, Self>,
        _: Resource<Store>,
        key: String,
    ) -> wasmtime::Result<Result<(), Error>> {
        with_database(host, move |database| database.delete_value(LABEL, &key)).await
    }

    async fn exists(
        host: &Accessor<U, Self>,
        _: Resource<Store>,
        key: String,
    ) -> wasmtime::Result<Result<bool, Error>> {
        with_database(host, move |database| database.has_value(LABEL, &key)).await
    }

    async fn get_keys(
        host: &Accessor<U, Self>,
        _: Resource<Store>,
    ) -> wasmtime::Result<(StreamReader<String>, FutureReader<Result<(), Error>>)> {
        let listed = with_database(host, |database| database.keys(LABEL)).await?;
        let (keys, result) = match listed {
            Ok(keys) => (keys, Ok(())),
            Err(error) => (Vec::new(), Err(error)),
        };
        host.with(|mut access| {
            let keys = StreamReader::new(&mut access, keys)?;
            let result =
                FutureReader::new(&mut access, async move { wasmtime::error::Ok(result) })?;
            Ok((keys, result))
        })
    }
}
