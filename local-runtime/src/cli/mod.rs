//! The verbs that talk to a deployment over HTTP, and the library that there is to try them with.

mod admin;
mod catalogue;
pub(crate) mod demo;
mod http;
pub(crate) mod prewarm;
pub(crate) mod publish;
pub(crate) mod purge;
mod report;
mod settings;
mod titles;
