//! The object store as an S3 service: path-style URLs, one bucket, signed requests only.

mod access;
mod bucket;
mod checksums;
mod conditions;
mod convert;
mod copy_object;
mod list_objects;
mod metadata;
mod multipart;
mod read_object;
mod request_body;
mod service;
mod write_object;

pub(crate) use service::service;
