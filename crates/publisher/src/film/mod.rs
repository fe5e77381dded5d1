//! One film on this disk: whether it plays, and a picture of it.

pub(crate) mod content_key;
mod description;
pub(crate) mod file;
mod file_kind;
pub(crate) mod found_film;
pub(crate) mod fragments;
pub(crate) mod frame;
pub(crate) mod matroska_film;
mod mp4_film;
pub(crate) mod picture;
pub(crate) mod probe;
mod reason;
