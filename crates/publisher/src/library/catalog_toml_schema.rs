//! The keys of `catalog.toml`, and the help text that shows them.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

/// What `publish --help` says about `catalog.toml`: an example that has every key.
pub const CATALOG_TOML_HELP: &str = r#"
catalog.toml: publish refuses any key that is not shown here, and names its line. Paths are relative
to the folder of the file.

  [[titles]]
  title = "Big Buck Bunny"          # required
  id = "big-buck-bunny"             # default: made from the title
  synopsis = "A rabbit has enough."
  genres = ["Animation"]
  year = 2008                       # the same as metadata.year
  metadata = { director = "Sacha Goedegebure" }
  cover = "bbb.jpg"                 # default: a frame of the film
  banner = { provider = "archive", file = "bbb-wide.jpg" }    # a file of a provider
  file = "bbb.mp4"                  # the film; a series has episodes instead
  released_at = 2008-04-10

  [[titles]]
  title = "Show"
  [[titles.episodes]]
  file = "show/first.mp4"           # required
  number = 1                        # default: previous episode + 1
  title = "Pilot"                   # default: "Episode 1"
  released_at = "2020-01-31"
  [[titles.episodes]]
  file = { provider = "archive", file = "show/2.mp4" }        # a film that stays with its provider
"#;

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CatalogFile {
    #[serde(default)]
    pub(crate) titles: Vec<TitleEntry>,
}

/// One `[[titles]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TitleEntry {
    #[serde(rename = "title")]
    pub(crate) name: Spanned<String>,
    pub(crate) id: Option<Spanned<String>>,
    #[serde(default = "empty")]
    pub(crate) synopsis: Spanned<String>,
    pub(crate) genres: Option<Spanned<Vec<String>>>,
    pub(crate) year: Option<Spanned<u16>>,
    pub(crate) metadata: Option<Spanned<BTreeMap<String, String>>>,
    pub(crate) cover: Option<Spanned<toml::Value>>,
    pub(crate) banner: Option<Spanned<toml::Value>>,
    pub(crate) file: Option<Spanned<toml::Value>>,
    pub(crate) released_at: Option<Spanned<toml::Value>>,
    #[serde(default)]
    pub(crate) episodes: Vec<EpisodeEntry>,
}

/// One `[[titles.episodes]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EpisodeEntry {
    pub(crate) file: Spanned<toml::Value>,
    pub(crate) number: Option<Spanned<u32>>,
    pub(crate) title: Option<Spanned<String>>,
    pub(crate) released_at: Option<Spanned<toml::Value>>,
}

fn empty() -> Spanned<String> {
    Spanned::new(0..0, String::new())
}

/// Whether `text` is `2008`, `2008-04`, `2008-04-10`, or such a day with a time behind it.
pub(crate) fn is_date(text: &str) -> bool {
    let day = text.split(['T', ' ', 't']).next().unwrap_or_default();
    let parts: Vec<&str> = day.split('-').collect();
    let number = |part: &&str, digits: usize, most: u32| {
        part.len() == digits && part.parse().is_ok_and(|n: u32| (1..=most).contains(&n))
    };
    text.len() <= 40
        && match parts.as_slice() {
            [year] => day == text && number(year, 4, 9999),
            [year, month] => day == text && number(year, 4, 9999) && number(month, 2, 12),
            [year, month, day] => {
                number(year, 4, 9999) && number(month, 2, 12) && number(day, 2, 31)
            }
            _ => false,
        }
}
