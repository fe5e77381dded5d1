//! The port `spin:variables`: the settings and keys that the edge reads.

use wasmtime::component::Accessor;

use super::{
    bindings::spin::variables::variables::{Error, Host as Variables, HostWithStore},
    instance_state::{HostState, Ports},
    outbound::S3_HOST,
};
use crate::storage::BUCKET;

/// The region in S3 signatures. The object store accepts any.
const REGION: &str = "local";

impl Variables for &mut HostState {}

impl<U: Send> HostWithStore<U> for Ports {
    async fn get(
        host: &Accessor<U, Self>,
        name: String,
    ) -> wasmtime::Result<Result<String, Error>> {
        let value = host.with(|mut access| {
            let services = &access.get().services;
            let keys = &services.keys;
            match name.as_str() {
                "admin_key" => Some(keys.admin_key.clone()),
                "media_keys" => Some(keys.media_keys.clone()),
                "s3_endpoint" => Some(format!("http://{S3_HOST}")),
                "s3_region" => Some(REGION.to_owned()),
                "s3_bucket" => Some(BUCKET.to_owned()),
                "s3_access_key" => Some(keys.s3_access_key.clone()),
                "s3_secret_key" => Some(keys.s3_secret_key.clone()),
                name => services.settings.get(name).cloned(),
            }
        });
        Ok(value.ok_or(Error::Undefined(name)))
    }
}
