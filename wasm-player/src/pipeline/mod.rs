//! The pure player: inputs in, effects out; it knows no browser, no clock and no media byte.
//!
//! Handle one input, then drain [`Pipeline::poll`] to `None`, before the next input.

mod buffer;
mod by_headers;
mod by_index;
mod context;
mod effect;
mod fault;
mod finder;
mod guide;
mod http;
mod input;
mod lead;
mod limits;
mod loader;
mod missing;
mod player;
mod quota;
mod transfer;

pub use buffer::{Lane, Span};
pub use by_headers::ByHeaders;
pub use by_index::ByIndex;
pub use effect::{Effect, Purpose, What};
pub use fault::{Cause, Fault, Place};
pub use guide::Guide;
pub use http::{Ask, ContentRange, ResponseHead};
pub use input::Input;
pub use limits::HEADERS_WINDOWS;
pub use player::Pipeline;
