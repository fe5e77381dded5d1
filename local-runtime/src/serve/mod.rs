//! `firstframe serve`: listeners, connections, requests, and their end.

mod answer;
mod cache;
mod connections;
mod run;
mod stall;

pub(crate) use run::run;
