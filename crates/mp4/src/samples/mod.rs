//! Samples: where they lie in the file and when they are decoded and shown, out of the tables of
//! `moov` and out of `moof` boxes.

pub mod cenc;
pub(crate) mod gathered;
pub(crate) mod moof;
pub(crate) mod moof_lookup;
mod moof_search;
pub(crate) mod moof_store;
pub(crate) mod tables;
