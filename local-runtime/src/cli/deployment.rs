//! Flags and variables that say which deployment a verb talks to.

use std::env;
use std::path::PathBuf;

use anyhow::Result;
use publisher::{ApiAccess, Deployment, DeploymentTarget, ObjectStoreTarget};

use crate::config::{Config, Flags};

/// Which deployment: a server on this machine by its data folder, or another by its URL.
#[derive(clap::Args)]
pub(crate) struct DeploymentArgs {
    /// Data folder of a server on this machine, where its address and keys are found [default: the
    /// folder that `serve` uses: `FIRSTFRAME_DATA`, else `data` in the settings file, else
    /// `firstframe-data`]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// URL of another deployment's page, such as `https://films.example`
    #[arg(long, env = "FIRSTFRAME_URL", value_name = "URL", hide_env_values = true)]
    url: Option<String>,
    /// Admin key of that deployment
    #[arg(long, env = "FIRSTFRAME_ADMIN_KEY", value_name = "KEY", hide_env_values = true)]
    admin_key: Option<String>,
}

/// The object store of a deployment; by default that of the server on this machine.
#[derive(clap::Args)]
#[expect(clippy::struct_field_names, reason = "clap names each flag after its field")]
pub(crate) struct ObjectStoreArgs {
    /// URL of that deployment's S3 object store, such as `https://ACCOUNT.r2.cloudflarestorage.com`
    #[arg(long, env = "FIRSTFRAME_S3_ENDPOINT", value_name = "URL", hide_env_values = true)]
    s3_endpoint: Option<String>,
    /// Region of the object store
    #[arg(long, env = "FIRSTFRAME_S3_REGION", value_name = "NAME", default_value = "auto")]
    s3_region: String,
    /// Bucket of the object store
    #[arg(long, env = "FIRSTFRAME_S3_BUCKET", value_name = "NAME", default_value = "firstframe")]
    s3_bucket: String,
    /// Access key of the object store
    #[arg(long, env = "FIRSTFRAME_S3_ACCESS_KEY", value_name = "KEY", hide_env_values = true)]
    s3_access_key: Option<String>,
    /// Secret key of the object store
    #[arg(long, env = "FIRSTFRAME_S3_SECRET_KEY", value_name = "KEY", hide_env_values = true)]
    s3_secret_key: Option<String>,
}

impl DeploymentArgs {
    /// Address and admin key of the deployment.
    pub(super) fn api(self) -> Result<ApiAccess> {
        self.target()?.api()
    }

    /// The deployment with its object store.
    pub(super) fn with_object_store(self, store: ObjectStoreArgs) -> Result<Deployment> {
        self.target()?.with_object_store(ObjectStoreTarget {
            endpoint: store.s3_endpoint,
            region: store.s3_region,
            bucket: store.s3_bucket,
            access_key: store.s3_access_key,
            secret_key: store.s3_secret_key,
        })
    }

    fn target(self) -> Result<DeploymentTarget> {
        let data = data_folder(self.data)?;
        Ok(DeploymentTarget { data, url: self.url, admin_key: self.admin_key })
    }
}

/// The data folder that is named, or else the one that `serve` uses.
pub(super) fn data_folder(named: Option<PathBuf>) -> Result<PathBuf> {
    match named {
        Some(data) => Ok(data),
        None => Ok(Config::load(&Flags::default(), |name| env::var(name).ok())?.data),
    }
}
