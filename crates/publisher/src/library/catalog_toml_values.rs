//! Reads values of `catalog.toml`, and names the line and the key of one that cannot be used.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use anyhow::{Result, bail};
use api::ProviderFile;
use toml::Spanned;

use super::catalog_toml_schema::is_date;
use super::draft_title::{CATALOG_FILE, FileLocation};

/// Bytes of one text: a long synopsis is some 3,000. Titles share a pack of
/// `api::limits::VALUE_BYTES_MAX`.
const TEXT_BYTES_MAX: usize = 16 << 10;
/// Genres, or facts, of one title: more would be a mistake.
const FACTS_MAX: usize = 64;

/// Bytes that ids of episodes add to the id of their title: `.{number}`.
const EPISODE_ID_BYTES: usize = 11;

/// The text of the file, in which values have their lines.
pub(crate) struct CatalogText<'a>(pub(crate) &'a str);

impl CatalogText<'_> {
    pub(crate) fn id(&self, given: Spanned<String>) -> Result<String> {
        let line = self.line(&given);
        let id = given.into_inner();
        if !api::limits::is_id(&id) || id.len() + EPISODE_ID_BYTES > api::limits::ID_CHARS_MAX {
            bail!(
                "line {line}: `id` is {id:?}: use at most {} of a-z 0-9 . _ -, with a letter or digit \
                 first",
                api::limits::ID_CHARS_MAX - EPISODE_ID_BYTES
            );
        }
        Ok(id)
    }

    pub(crate) fn text(&self, key: &str, given: Spanned<String>) -> Result<String> {
        if given.get_ref().len() > TEXT_BYTES_MAX {
            bail!("line {}: `{key}` is longer than {TEXT_BYTES_MAX} bytes", self.line(&given));
        }
        Ok(given.into_inner())
    }

    pub(crate) fn genres(&self, given: Option<Spanned<Vec<String>>>) -> Result<Vec<String>> {
        let Some(given) = given else { return Ok(Vec::new()) };
        self.facts("genres", &given, given.get_ref().iter())?;
        Ok(given.into_inner())
    }

    pub(crate) fn metadata(
        &self,
        year: Option<Spanned<u16>>,
        given: Option<Spanned<BTreeMap<String, String>>>,
    ) -> Result<BTreeMap<String, String>> {
        let mut metadata = BTreeMap::new();
        if let Some(given) = given {
            let texts = given.get_ref().iter().flat_map(|(name, value)| [name, value]);
            self.facts("metadata", &given, texts)?;
            metadata = given.into_inner();
        }
        if let Some(year) = year
            && metadata.insert("year".to_owned(), year.get_ref().to_string()).is_some()
        {
            bail!("line {}: `year` is in `metadata` too", self.line(&year));
        }
        Ok(metadata)
    }

    fn facts<'t, T>(
        &self,
        key: &str,
        given: &Spanned<T>,
        texts: impl Iterator<Item = &'t String>,
    ) -> Result<()> {
        let (mut count, mut bytes) = (0, 0);
        for text in texts {
            count += 1;
            bytes += text.len();
        }
        if count > 2 * FACTS_MAX || bytes > TEXT_BYTES_MAX {
            let line = self.line(given);
            bail!(
                "line {line}: `{key}` has more than {FACTS_MAX} entries or {TEXT_BYTES_MAX} bytes"
            );
        }
        Ok(())
    }

    /// Where a film or picture is: a path, or a file of a provider.
    pub(crate) fn location(&self, key: &str, given: Spanned<toml::Value>) -> Result<FileLocation> {
        let (line, span) = (self.line(&given), given.span());
        let value = given.into_inner();
        if let toml::Value::String(path) = value {
            return self.path(key, &Spanned::new(span, path)).map(FileLocation::File);
        }
        let mut words: BTreeMap<String, String> = value.try_into().unwrap_or_default();
        match (words.remove("provider"), words.remove("file"), words.is_empty()) {
            (Some(provider), Some(file), true) => {
                Ok(FileLocation::Provider(ProviderFile { provider, file }))
            }
            _ => {
                bail!("line {line}: `{key}` must be a path or {{ provider = \"…\", file = \"…\" }}")
            }
        }
    }

    pub(crate) fn path(&self, key: &str, given: &Spanned<String>) -> Result<PathBuf> {
        let path = Path::new(given.get_ref());
        let inside =
            path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !inside || given.get_ref().is_empty() {
            let line = self.line(given);
            bail!(
                "line {line}: `{key}` is `{}`: write a path inside the folder of {CATALOG_FILE}",
                path.display()
            );
        }
        Ok(path.components().filter(|part| *part != Component::CurDir).collect())
    }

    pub(crate) fn date(&self, given: &Spanned<toml::Value>) -> Result<String> {
        let text = match given.get_ref() {
            toml::Value::Datetime(date) => date.to_string(),
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(year) => year.to_string(),
            toml::Value::Float(_)
            | toml::Value::Boolean(_)
            | toml::Value::Array(_)
            | toml::Value::Table(_) => String::new(),
        };
        if !is_date(&text) {
            let line = self.line(given);
            bail!(
                "line {line}: `released_at` is {}: write a date such as 2008-04-10",
                given.get_ref()
            );
        }
        Ok(text)
    }

    pub(crate) fn line<T>(&self, given: &Spanned<T>) -> usize {
        line_at(self.0, given.span().start).0
    }
}

/// The number, from 1, of the line at this place of the text, and the line.
pub(crate) fn line_at(text: &str, at: usize) -> (usize, &str) {
    let before = text.get(..at).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |feed| feed + 1);
    let line = text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    (before.matches('\n').count() + 1, line)
}
