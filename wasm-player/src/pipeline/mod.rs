//! The pure player: inputs in, effects out; it knows no browser, no clock and no media byte.
//!
//! Handle one input, then drain [`Pipeline::poll`] to `None`, before the next input.

mod buffer;
mod by_headers;
mod by_index;
mod context;
mod effect;
mod fault;
mod http;
mod index_loader;
mod initial_gap;
mod input;
mod limits;
mod loader;
mod planning;
mod player;
mod quota;
mod transfer;
mod window_source;

pub use buffer::{MediaType, TimeRange};
pub use by_headers::ByHeaders;
pub use by_index::ByIndex;
pub use effect::{AppendData, BodyKind, Effect};
pub use fault::{FaultCause, FaultLocation, PlaybackFault};
pub use http::{ContentRange, Request, ResponseHead};
pub use input::Input;
pub use limits::HEADERS_WINDOWS;
pub use player::Pipeline;
pub use window_source::WindowSource;
