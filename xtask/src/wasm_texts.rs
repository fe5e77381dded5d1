//! Takes texts for people out of a wasm module: they describe what is wrong with a film, and a browser
//! loads them when a film has been begun, or a fault is to be told.
//!
//! A text stays at its address, as zeros, which compress to nothing. The worker asks for it by its address.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result, bail};
use walrus::{ConstExpr, DataKind, Module, ir::Value};

use crate::workspace;

/// Packages whose texts these are.
const SOURCES: [&str; 2] = ["crates/mp4/src", "wasm-player/src"];
/// A literal of so many words is for people: no code compares it with another.
const WORDS_MIN: usize = 3;
/// The exception: `mp4::Error::is_limit` compares this ending, which stays.
const COMPARED_ENDING: &str = "; not read by Firstframe";

/// Takes the texts of these literals out of a module; returns them by their addresses.
pub(crate) fn take(module: &mut Module, literals: &[String]) -> BTreeMap<u32, String> {
    let mut taken = BTreeMap::new();
    let ids: Vec<_> = module.data.iter().map(walrus::Data::id).collect();
    for id in ids {
        let data = module.data.get_mut(id);
        let DataKind::Active { offset: ConstExpr::Value(Value::I32(from)), .. } = data.kind else {
            continue;
        };
        for literal in literals {
            let text = literal.strip_suffix(COMPARED_ENDING).unwrap_or(literal);
            while let Some(at) = find(&data.value, literal.as_bytes()) {
                data.value.iter_mut().skip(at).take(text.len()).for_each(|byte| *byte = 0);
                let address = u32::try_from(at).unwrap_or(0).wrapping_add(from.cast_unsigned());
                taken.insert(address, literal.clone());
            }
        }
    }
    taken
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// A script that exports texts.
pub(crate) fn script(texts: &BTreeMap<u32, String>) -> Result<String> {
    let entries: Result<Vec<String>, _> = texts
        .iter()
        .map(|(address, text)| Ok(format!("{address}:{}", serde_json::to_string(text)?)))
        .collect::<Result<_, serde_json::Error>>();
    Ok(format!("export const TEXTS = {{{}}};\n", entries?.join(",")))
}

/// The literals for people in the sources of the player, the longest first: a text may have another one
/// in it.
pub(crate) fn literals() -> Result<Vec<String>> {
    let mut found = Vec::new();
    for folder in SOURCES {
        add_literals(&workspace::root().join(folder), &mut found)?;
    }
    if !found.iter().any(|literal| literal.ends_with(COMPARED_ENDING)) {
        bail!("no text ends with {COMPARED_ENDING:?}: what does mp4::Error::is_limit compare now?");
    }
    found.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    found.dedup();
    Ok(found)
}

fn add_literals(folder: &Path, found: &mut Vec<String>) -> Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            add_literals(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.extend(fs::read_to_string(&path)?.lines().flat_map(literals_of));
        }
    }
    Ok(())
}

/// What stands between quotes in a line, and between literals, which no module has in it.
fn literals_of(line: &str) -> impl Iterator<Item = String> {
    // What a comment quotes may be the ending that is compared.
    let code = if line.trim_start().starts_with("//") { "" } else { line };
    let parts: Vec<&str> = code.split('"').collect();
    let inner = parts.get(1..parts.len().saturating_sub(1)).unwrap_or_default().to_vec();
    let is_text = |part: &&str| {
        let text = part.strip_suffix(COMPARED_ENDING).unwrap_or(part);
        text.split_whitespace().count() >= WORDS_MIN && !part.contains('\\')
    };
    inner.into_iter().filter(is_text).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use walrus::Data;

    use super::*;

    fn module(value: &[u8]) -> Module {
        let mut module = Module::default();
        let memory = module.memories.add_local(false, false, 1, None, None);
        let offset = ConstExpr::Value(Value::I32(1000));
        module.data.add(DataKind::Active { memory, offset }, value.to_vec());
        module
    }

    #[test]
    fn literals_are_none_that_a_comment_quotes() {
        let of = |line: &str| literals_of(line).collect::<Vec<_>>();
        assert_eq!(of("    /// \"not read by Firstframe\": see there."), [""; 0]);
        assert_eq!(of("    let why = \"box is short\";"), ["box is short"]);
        let cuts = |literal: &String| COMPARED_ENDING.contains(literal.as_str());
        assert!(!literals().unwrap().iter().any(cuts), "the ending that is compared goes");
    }

    #[test]
    fn texts_become_zeros_and_keep_the_ending_that_is_compared() {
        let value = "ftypbox is short; § 4.2mp4aover 9 edits; not read by FirstframeAAC LC";
        let mut module = module(value.as_bytes());
        let literals =
            ["over 9 edits; not read by Firstframe", "box is short; § 4.2", "is not in it"];
        let taken = take(&mut module, &literals.map(str::to_owned));
        let left = value.replace("box is short; § 4.2", &"\0".repeat(20));
        let left = left.replace("over 9 edits", &"\0".repeat(12));
        assert_eq!(
            module.data.iter().next().map(|Data { value, .. }| value.as_slice()),
            Some(left.as_bytes())
        );
        assert_eq!(
            taken.into_iter().collect::<Vec<_>>(),
            [(1004, literals[1].to_owned()), (1028, literals[0].to_owned()),]
        );
    }

    #[test]
    fn script_has_each_text_at_its_address() {
        let texts = BTreeMap::from([(7, "a \"b\" c".to_owned()), (9, "§ 4.2".to_owned())]);
        assert_eq!(
            script(&texts).unwrap(),
            "export const TEXTS = {7:\"a \\\"b\\\" c\",9:\"§ 4.2\"};\n"
        );
    }

    #[test]
    fn literals_are_texts_of_several_words() {
        let line =
            r#"    Known { missing: "track has no box; § 4", name: "G.711 A-law", b"raw NONE" }"#;
        assert_eq!(literals_of(line).next().as_deref(), Some("track has no box; § 4"));
        assert!(!literals_of(line).any(|literal| literal == "G.711 A-law"));
        let all = literals().unwrap();
        assert!(all.iter().any(|literal| literal == "not an MP4 file: it is too short for one"));
        assert!(all.iter().all(|literal| !literal.contains("codecs=")));
    }
}
