//! One film on this disk: whether it plays, and a picture of it.

pub(crate) mod content_key;
mod description;
pub(crate) mod fragments;
pub(crate) mod frame;
pub(crate) mod matroska_film;
pub(crate) mod picture;
pub(crate) mod probe;
