//! A shared cache (RFC 9111) in front of the component, for responses that are public and immutable.
//!
//! It stores small responses, and ranges of them, in memory, and combines ranges into new responses.
//! For a response whose bytes are an object of the own store it stores only which object that is,
//! and sends any range of the object from its file.

mod cached_body;
mod insertion;
mod invalidation;
mod policy;
mod response_store;
mod shared_cache;
mod stored_response;

pub(super) use cached_body::CachedBody;
pub(super) use invalidation::{InvalidatingService, invalidates};
pub(super) use policy::CacheKey;
pub(super) use shared_cache::Cache;
