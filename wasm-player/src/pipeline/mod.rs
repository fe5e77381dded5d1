//! The pure player: inputs in, effects out; it knows no browser, no clock and no media byte.
//!
//! Handle one input, then drain [`Pipeline::poll`] to `None`, before the next input.

mod buffer;
mod context;
mod effect;
mod fault;
mod finder;
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
pub use effect::{Effect, Purpose, What};
pub use fault::{Cause, Fault, Place};
pub use http::{ContentRange, RequestRange, ResponseHead};
pub use input::Input;
pub use player::Pipeline;
