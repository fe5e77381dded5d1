//! Starts for those who have no `moov`: made by whoever holds one, stored small, sent as boxes.
//!
//! The stored form is a head and packs of sample records; `docs/formats.md` has both it and the
//! wire form, byte by byte. What is planned on a stretch of them is what the whole index would
//! have planned: the same code does it, and looks whether it came to an end that is none.

mod answer;
mod block;
mod film;
mod make;
mod pack;
mod root;
mod stretch;
mod varint;
mod windows;
mod wire;

pub use answer::{Answer, Ask, From, Init, Listed, answer};
pub use film::{Film, KeyFrame};
pub use make::Maker;
pub use root::Root;
pub use windows::{Step, step};
pub use wire::{read, write};
