//! The TOML file of settings, read so that every value still knows its line.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, anyhow, bail};
use toml::de::{DeTable, DeValue};

use super::table::{Given, SETTINGS};

/// Every setting in the file at `path`.
pub(super) fn read(path: &Path) -> Result<BTreeMap<&'static str, Given>> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("cannot read the settings in {}", path.display()))?;
    let place = |at: usize| format!("{} line {}", path.display(), line(&text, at));
    let table = DeTable::parse(&text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        anyhow!("{}: {}", place(at), error.message())
    })?;
    let mut given = BTreeMap::new();
    for (key, value) in table.into_inner() {
        let at = place(key.span().start);
        let name = key.into_inner();
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
            let names: Vec<_> = SETTINGS.iter().map(|setting| setting.name).collect();
            bail!("{at}: no setting is called {name}; there are {}", names.join(", "));
        };
        let text = text_of(value.get_ref())
            .with_context(|| format!("{at}: {name} is not a text, a number or a list of texts"))?;
        given.insert(setting.name, Given { text, place: at });
    }
    Ok(given)
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

/// The line, from 1, of the byte `at`.
fn line(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}
