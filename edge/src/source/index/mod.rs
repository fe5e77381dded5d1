//! What is stored of a film for its starts, in the form of `mp4::start_index`.

mod answer;
mod make;
mod moov;
mod pieces;

pub(crate) use answer::{Start, ready, start};
pub(crate) use make::made;
pub(super) use make::made_of;
pub(crate) use pieces::purge;
pub(super) use pieces::{forget, root};
