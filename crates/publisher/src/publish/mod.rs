//! `firstframe publish`: uploads the films of a folder and makes its titles part of the catalog.

mod dry_run;
mod published_film;
mod run;
mod start_index;
mod summary;
mod title_pictures;
mod upload;

pub use dry_run::dry_run;
pub use run::publish;
