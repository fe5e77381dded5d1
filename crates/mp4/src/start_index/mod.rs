//! Starts for readers that have no `moov`: planned from a small stored index, sent as boxes.
//!
//! [`Builder`] reads an [`Index`](crate::Index) once and writes packs of sample records and a head;
//! [`Root`] names the packs and holds the head. [`plan_from_packs`] plans the windows of a [`Start`]
//! from head and packs; [`plan_from_moov`] plans the same windows from the whole index.
//! [`FragmentWalk`] reads a fragmented film for a [`Builder`].
//! [`encode`] writes a [`Start`] as boxes, [`decode`] reads them. `docs/formats.md` describes the
//! stored form and the wire form byte by byte.
//!
//! [`plan_from_packs`] builds an index of a slice of the samples and runs [`crate::plan`] on it, so
//! both planners share their code.

mod block;
mod builder;
mod fragments;
mod head;
mod pack;
mod pack_planner;
mod root;
mod slice;
mod start;
mod start_boxes;
mod varint;

pub use builder::Builder;
pub use fragments::FragmentWalk;
pub use head::{KeyFrame, StartIndex};
pub use pack_planner::{PlanStep, plan_from_packs};
pub use root::Root;
pub use start::{Start, StartPosition, StartRequest, TrackInit, TrackSummary, plan_from_moov};
pub use start_boxes::{decode, encode};
