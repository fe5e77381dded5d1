//! The object store as an S3 service: path-style URLs, one bucket, signed requests only.

mod access;
mod conditions;
mod convert;
mod list_objects;
mod multipart;
mod read_object;
mod request_body;
mod service;
mod write_object;

pub(crate) use service::service;
