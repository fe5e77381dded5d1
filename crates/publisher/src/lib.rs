//! Publishes films into any Firstframe deployment, over its admin API and its S3 object store.
//!
//! `firstframe publish`, `ingest`, `remove`, `prewarm`, `purge` and `account` are thin command lines around
//! this crate. Its functions report on standard output; errors are sentences that say what is wrong, where, and
//! what to do.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use publisher::{DeploymentTarget, Library, ObjectStoreTarget, SymbolicLinks, publish};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A server on this machine, whose address and keys are in its data folder.
//! let target = DeploymentTarget { data: "firstframe-data".into(), ..DeploymentTarget::default() };
//! let store = ObjectStoreTarget {
//!     region: "auto".into(),
//!     bucket: "firstframe".into(),
//!     ..ObjectStoreTarget::default()
//! };
//! let library = Library::read(Path::new("films"), SymbolicLinks::Inside)?;
//! publish(&library, &target.with_object_store(store)?, false)?;
//! # Ok(())
//! # }
//! ```

mod accounts;
mod deployment;
mod film;
mod library;
mod library_folder;
mod output;
mod parallel;
mod publish;
mod removal;
mod start_data;

pub use accounts::{add_account, list_accounts, remove_account, set_account_password};
pub use deployment::target::{ApiAccess, Deployment, DeploymentTarget, ObjectStoreTarget};
pub use deployment::title_selection::TitleSelection;
pub use deployment::{data_folder, server_proof};
pub use film::content_key::content_key;
pub use library::catalog_toml_schema::CATALOG_TOML_HELP;
pub use library::folder_library::Library;
pub use library_folder::SymbolicLinks;
pub use output::printable::printable;
pub use publish::{dry_run, publish};
pub use removal::{UnusedMedia, remove, remove_unused};
pub use start_data::{Prewarm, PurgeSelection, ingest, list_ingested, prewarm, purge};
