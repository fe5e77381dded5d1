//! What the promises in `tests/` share: deployments to ask, a plain HTTP client, known content.

pub mod bytes;
pub mod fixture;
pub mod http;
pub mod process;
pub mod s3;
pub mod target;
pub mod upstream;
