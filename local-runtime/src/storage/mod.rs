//! What is kept on this machine's disk: key-value pairs, objects, and the guest's SQL database.

mod blob;
mod body;
mod clock;
mod database;
mod error;
mod folder;
mod index;
mod key_value;
mod keys;
mod objects;
mod opened;
pub(crate) mod s3;
mod uploads;

pub(crate) use blob::Draft;
pub(crate) use body::FileBody;
pub(crate) use database::{Answer, Database, Session, Value};
pub(crate) use error::{Error, Result, blocking};
pub(crate) use folder::Folder;
pub(crate) use index::Index;
pub(crate) use keys::open_keys;
pub(crate) use objects::{Object, PAGE_MAX};
pub(crate) use opened::Opened;

/// The one bucket.
pub(crate) const BUCKET: &str = "firstframe";
/// The bucket that stands for the folder of files to be moved in.
pub(crate) const INCOMING: &str = "incoming";
