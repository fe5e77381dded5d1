//! The object store as S3: path style, one bucket, signed requests only.

mod multipart;
mod read;
mod reply;
mod service;
mod write;

pub(crate) use service::service;
