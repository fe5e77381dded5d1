//! The start index of a film, in the form of `mp4::start`: builds it from `moov`, stores it, and
//! plans starts on it.

mod build;
mod description;
mod film_file;
mod fragments;
mod moov;
mod planner;
mod store;

pub(super) use build::build;
pub(crate) use description::description;
pub(super) use film_file::MoovSource;
pub(crate) use planner::{Start, start, stored_start};
pub(super) use store::{forget, purge, root};
