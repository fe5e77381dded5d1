//! The settings of `serve`: flags, then `FIRSTFRAME_*` variables, then a TOML file, then defaults.

mod file;
mod parse;
mod settings;
mod table;

pub(crate) use parse::Origin;
pub(crate) use settings::{Config, Flags};
