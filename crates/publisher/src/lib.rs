//! Publishes films into any Firstframe deployment, over its admin API and its S3 object store.

mod deployment;
mod film;
mod library;
mod output;
mod parallel;
mod publish;
mod start_data;

pub use deployment::data_folder;
pub use deployment::target::{ApiAccess, Deployment, DeploymentTarget, ObjectStoreTarget};
pub use library::catalog_toml_schema::CATALOG_TOML_HELP;
pub use library::read::Library;
pub use publish::{dry_run, publish};
pub use start_data::{Prewarm, PurgeSelection, TitleSelection, prewarm, purge};
