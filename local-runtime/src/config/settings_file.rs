//! The TOML file of settings, read with the line of each value.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, anyhow, bail};
use toml::de::{DeTable, DeValue};

use super::settings_table::{SETTINGS, SettingText};

/// The file that is read when no other one is named, and which may be absent.
pub(super) const DEFAULT_PATH: &str = "firstframe.toml";

/// Every setting of the file at `path`, or of the default file.
pub(super) fn read(path: Option<&str>) -> Result<BTreeMap<&'static str, SettingText>> {
    let path = match path {
        Some(path) => Path::new(path),
        None if Path::new(DEFAULT_PATH).exists() => Path::new(DEFAULT_PATH),
        None => return Ok(BTreeMap::new()),
    };
    let text = fs::read_to_string(path)
        .with_context(|| format!("cannot read the settings file {}", path.display()))?;
    parse(path, &text)
}

fn parse(path: &Path, text: &str) -> Result<BTreeMap<&'static str, SettingText>> {
    let location = |offset: usize| format!("{} line {}", path.display(), line(text, offset));
    let table = DeTable::parse(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        anyhow!("{}: {}", location(offset), error.message())
    })?;
    let mut texts = BTreeMap::new();
    for (key, value) in table.into_inner() {
        let source = location(key.span().start);
        let name = key.into_inner();
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
            let names: Vec<_> = SETTINGS.iter().map(|setting| setting.name).collect();
            bail!("{source}: there is no setting {name}; the settings are {}", names.join(", "));
        };
        let text = text_of(value.get_ref()).with_context(|| {
            format!("{source}: {name} is not a string, an integer or a list of them")
        })?;
        texts.insert(setting.name, SettingText { text, source });
    }
    Ok(texts)
}

fn text_of(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.as_str().replace('_', "")),
        DeValue::Array(items) => items
            .iter()
            .map(|item| text_of(item.get_ref()))
            .collect::<Option<Vec<_>>>()
            .map(|texts| texts.join(",")),
        DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}

/// The line, from 1, of the byte at `offset`.
fn line(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
