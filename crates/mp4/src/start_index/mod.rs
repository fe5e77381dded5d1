//! Starts for those who have no `moov`: made by whoever holds one, stored small, sent as boxes.
//!
//! The stored form is a head and packs of sample records; `docs/formats.md` has both it and the
//! wire form, byte by byte. What is planned on a span of them is what the whole index would
//! have planned: the same code does it, and looks whether it came to an end that is none.

mod block;
mod builder;
mod head;
mod pack;
mod pack_planner;
mod root;
mod slice;
mod start;
mod start_boxes;
mod varint;

pub use builder::Builder;
pub use head::{KeyFrame, StartIndex};
pub use pack_planner::{PlanStep, plan_from_packs};
pub use root::Root;
pub use start::{Start, StartPosition, StartRequest, TrackInit, TrackSummary, plan_from_moov};
pub use start_boxes::{decode, encode};
