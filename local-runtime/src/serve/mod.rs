//! `firstframe serve`: the HTTP servers, the requests they serve, and the shutdown.

mod access_log;
mod cache;
mod edge_service;
mod error_response;
mod host_names;
mod http_server;
mod logging;
mod run;
mod running_server_file;
mod shutdown_signals;
mod write_timeout;

pub(crate) use run::run;
