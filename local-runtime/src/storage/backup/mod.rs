//! Backups of a data folder: `firstframe backup` and `firstframe restore`.
//!
//! A backup is a folder with `manifest.json`, copies of the databases and of `keys.toml` in
//! `snapshot-ID/`, and the bytes of blobs in `objects/`, each under the BLAKE3 hash of its bytes.
//! Nothing that the manifest names is ever written again, and the manifest is replaced last: a
//! backup that is killed leaves the one before it.

mod backup_folder;
mod create;
mod manifest;
mod place_file;
mod restore;
mod snapshot;

pub(crate) use create::{BackedUp, create};
pub(crate) use restore::restore;
