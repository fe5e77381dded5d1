//! Everything that the server stores on disk: objects, key-value pairs and the guest's SQL database.
//!
//! One `DataFolder` owns the files. An object is a row in `firstframe.sqlite` that names a blob, a
//! file under `objects/`; the blob is written, fsynced and renamed before its row is committed.

pub(crate) mod backup;
mod blob;
mod blob_metadata;
mod blob_name;
mod blocking;
mod chunk_buffers;
pub(crate) mod clock;
mod copies;
mod data_folder;
mod error;
mod guest_database;
mod index_database;
mod key_value;
mod keys;
mod multipart_uploads;
mod object_list;
mod object_metadata;
mod object_stream;
mod objects;
mod open_files;
mod private_files;
pub(crate) mod s3;
mod sqlite;
mod unexplained_blobs;
mod unused_media;
mod write_condition;

pub(crate) use blob::BlobWriter;
pub(crate) use blob_name::random_name;
pub(crate) use blocking::run_blocking;
pub(crate) use data_folder::{DataFolder, GUEST_DATABASE};
pub(crate) use error::{Error, Result};
pub(crate) use guest_database::{GuestConnection, GuestDatabase, ResultSet, SqlValue};
pub(crate) use index_database::IndexDatabase;
pub(crate) use keys::open_keys;
pub(crate) use object_list::{LIST_PAGE_MAX, ListPage};
pub(crate) use object_metadata::ObjectMetadata;
pub(crate) use object_stream::ObjectStream;
pub(crate) use objects::{Object, check_key};
pub(crate) use open_files::OpenObject;
pub(crate) use private_files::private_file;
pub(crate) use unexplained_blobs::Rebuilt;
pub(crate) use write_condition::WriteCondition;

/// The only bucket that the S3 service serves.
pub(crate) const BUCKET: &str = "firstframe";
/// The bucket name that stands for the folder `incoming/` as the source of a `CopyObject`.
pub(crate) const INCOMING_BUCKET: &str = "incoming";
