//! The terminal: lines, a progress bar, and numbers as people read them.

pub(crate) mod console;
pub(crate) mod format;
pub(crate) mod printable;
