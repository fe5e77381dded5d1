//! One film on this disk: whether it plays, and a picture of it.

pub(crate) mod content_key;
pub(crate) mod fragments;
pub(crate) mod frame;
pub(crate) mod picture;
pub(crate) mod probe;
