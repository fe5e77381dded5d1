//! `spin:variables`: the settings that the edge reads.

use wasmtime::component::Accessor;

use super::{
    bindings::spin::variables::variables::{Error, Host as Variables, HostWithStore},
    outbound::S3_HOST,
    state::{Host, Ports},
};
use crate::storage::BUCKET;

/// S3 wants one; nothing here depends on it.
const REGION: &str = "local";

impl Variables for &mut Host {}

impl<U: Send> HostWithStore<U> for Ports {
    async fn get(
        host: &Accessor<U, Self>,
        name: String,
    ) -> wasmtime::Result<Result<String, Error>> {
        let value = host.with(|mut access| {
            let shared = &access.get().shared;
            let keys = &shared.keys;
            match name.as_str() {
                "admin_key" => Some(keys.admin_key.clone()),
                "media_keys" => Some(keys.media_keys.clone()),
                "s3_endpoint" => Some(format!("http://{S3_HOST}")),
                "s3_region" => Some(REGION.to_owned()),
                "s3_bucket" => Some(BUCKET.to_owned()),
                "s3_access_key" => Some(keys.s3_access_key.clone()),
                "s3_secret_key" => Some(keys.s3_secret_key.clone()),
                name => shared.settings.get(name).cloned(),
            }
        });
        Ok(value.ok_or(Error::Undefined(name)))
    }
}
