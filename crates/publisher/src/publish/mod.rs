//! `firstframe publish DIR`: films of a folder into the stores of a deployment.

mod draft;
mod index;
mod library;
mod listing;
mod names;
mod poster;
mod probe;
mod run;
mod scan;
mod store;
mod upload;
mod written;

pub(crate) use run::{Args, run};
