//! The catalog as immutable packs, each named by the BLAKE3 hash of its bytes.
//!
//! A catalog is one manifest pack that names every other pack: the home view, ready made, and the
//! titles in order of their ids, several to a pack. Packs never change, so a reader may cache them for
//! ever; another catalog becomes current when the deployment's root names another manifest.
//!
//! ```
//! use catalog::{Manifest, Title, build, find_title};
//!
//! let title = Title { id: "big-buck-bunny".into(), title: "Big Buck Bunny".into(), ..Title::default() };
//! let built = build(vec![title])?;
//!
//! let manifest = Manifest::parse(&built.manifest.bytes)?;
//! let hash = manifest.pack_with_title("big-buck-bunny");
//! let pack = built.packs.iter().find(|pack| Some(pack.hash.as_str()) == hash);
//! let found = find_title(&pack.expect("the manifest names it").bytes, "big-buck-bunny")?;
//! assert_eq!(found.map(|title| title.title), Some("Big Buck Bunny".to_owned()));
//! # Ok::<(), catalog::Error>(())
//! ```

mod build;
mod error;
mod home;
mod manifest;
mod pack;
mod title;
mod title_pack;

pub use build::{BuiltCatalog, build};
pub use error::{Error, Result};
pub use home::{OWN_PROVIDER, title_card};
pub use manifest::{Manifest, read_home};
pub use pack::{Pack, hash, is_hash, prepend_hash, verify_hash};
pub use title::{Episode, RetiredEpisode, Source, Title, episode_id, parse_episode_id};
pub use title_pack::find_title;
