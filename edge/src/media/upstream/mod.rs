//! Reads from providers: resolves a file's URLs, fetches ranges of it, and holds every response
//! against the known state of the file.

mod attempts;
mod breakers;
mod fetch;
mod prefetched_bytes;
mod read_permit;
mod reader;
mod record;
pub(crate) mod resolver;
mod usable_response;

pub(crate) use prefetched_bytes::PrefetchedBytes;
pub(crate) use reader::Reader;
pub(crate) use record::UpstreamCost;
pub(crate) use record::UpstreamFilm;
pub(crate) use usable_response::StreamedPart;
