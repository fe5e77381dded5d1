//! The player as a state machine without IO: [`Input`]s in, [`Effect`]s out. It knows no browser, no
//! clock and no media byte.
//!
//! The driver calls [`Pipeline::handle`] with one input, then [`Pipeline::poll`] until it returns
//! `None`, before the next input.
//!
//! A playback is `Idle`, then `Locating` (a locator makes the first requests), then `Playing` (the
//! loader plans windows, downloads their ranges and appends them). A fault ends in a retry, in a new
//! start, in the browser's own player, or in [`Effect::Fail`]; [`FaultCause`] decides which.

mod by_headers;
mod by_index;
mod context;
mod effect;
mod fault;
mod file_identity;
mod http;
mod index_loader;
mod initial_gap;
mod input;
mod limits;
mod loader;
mod media_download;
mod media_type;
mod partial_moov;
mod planner;
mod quota;
mod seek;
mod silence;
mod source_buffer;
mod state_machine;
mod time_range;
mod transfer;
mod watchdog;
mod window_source;

pub use by_headers::ByHeaders;
pub use by_index::ByIndex;
pub use effect::{AppendData, Effect};
pub use fault::{FaultCause, FaultLocation, PlaybackFault};
pub use http::{BodyKind, ContentRange, Request, ResponseHead};
pub use input::Input;
pub use limits::HEADERS_WINDOWS;
pub use media_type::MediaType;
pub use state_machine::Pipeline;
pub use time_range::TimeRange;
pub use window_source::WindowSource;
