//! A folder of films, read: which titles and episodes it is to become. No film is opened here.

mod catalog_toml;
pub(crate) mod catalog_toml_schema;
mod catalog_toml_values;
pub(crate) mod draft_title;
mod episode_names;
mod file_name;
pub(crate) mod folder_library;
mod folder_scan;
mod natural_order;
mod slug;
mod titles_from_names;
