//! HTTP as plain data: what rules, ports and routes share.

mod connection;
mod object_meta;
mod range;
mod reply;
mod request;
mod response_head;

pub use connection::Connection;
pub use object_meta::ObjectMeta;
pub use range::{ByteRange, ReadRange};
pub(crate) use reply::json_bytes;
pub use reply::{Body, FilmRest, Joined, PartStream, PrefetchJob, Reply};
pub use request::{Headers, Method, REQUEST_HEADERS, Request};
pub use response_head::{RESPONSE_HEADERS, ResponseHead};
