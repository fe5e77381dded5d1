//! A deployment as a publisher sees it: where it is, its admin API, its object store and its
//! current catalog.

pub(crate) mod admin_api;
pub(crate) mod current_catalog;
pub mod data_folder;
pub(crate) mod dropped_media;
mod episode_keys;
mod former_ids;
mod http_client;
pub(crate) mod next_catalog;
pub(crate) mod object_store;
pub(crate) mod object_store_response;
mod pinned_tls;
pub mod server_proof;
pub(crate) mod target;
pub(crate) mod title_selection;
