//! `firstframe serve`: the HTTP servers, the requests they serve, and the shutdown.

mod access_log;
mod access_log_writer;
mod cache;
mod certificate;
mod certificate_files;
mod client_address;
mod connection_threads;
mod connections;
mod cors;
mod data_folder;
mod edge_service;
mod error_response;
mod fair_share;
mod folded_log;
mod head_check;
mod host_names;
mod http2;
mod http2_body;
mod http_server;
mod http_service;
mod lingering_close;
mod log_line;
mod logging;
mod open_file_limit;
mod pending_writes;
mod request_body;
mod request_place;
mod request_target;
mod run;
mod running_server_file;
mod served_connection;
mod server_proof;
mod shutdown_signals;
mod socket_options;

mod tls_handshake;
mod tls_required;
mod tracked_body;
mod unread_body;
mod unused_media;

pub(crate) use run::run;
