//! Immutable, content-addressed catalogue packs: built natively, read everywhere.
//!
//! A catalogue is one manifest pack that names every other pack by its hash: the home view, ready
//! made, and the titles in order of their ids, some to a pack. Packs never change, so that readers
//! may keep them for ever; making another catalogue current means naming another manifest.

mod build;
mod cards;
mod detail;
mod error;
mod manifest;
mod pack;
mod title;

pub use build::{Build, build};
pub use cards::{PROVIDER, card};
pub use detail::title_in;
pub use error::{Error, Result};
pub use manifest::{Manifest, home};
pub use pack::{Pack, hash, is_hash, seal, unseal};
pub use title::{Episode, Source, Title, episode_id, split_episode_id};
