//! `firstframe serve` as a process: its object store, cache and limits, its start and shutdown.

#[cfg(test)]
mod client_limits;
#[cfg(test)]
mod guest_limits;
#[cfg(test)]
mod health;
#[cfg(test)]
mod killed_server;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod private_library;
#[cfg(test)]
mod response_cache;
#[cfg(test)]
mod s3_clients;
#[cfg(test)]
mod s3_server;
#[cfg(test)]
mod s3_service;
#[cfg(test)]
mod serve_command;
#[cfg(test)]
mod sig_v4;
#[cfg(test)]
mod tls;
