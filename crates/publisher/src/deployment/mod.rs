//! A deployment as a publisher sees it: where it is, its admin API, its object store and its
//! current catalog.

pub(crate) mod admin_api;
pub(crate) mod current_catalog;
pub mod data_folder;
mod http_client;
pub(crate) mod object_store;
pub(crate) mod target;
