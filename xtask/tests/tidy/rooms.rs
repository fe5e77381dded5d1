//! Rules for single rooms: which words may stand where, which ports an adapter has, and what a room
//! never does.

use std::{collections::BTreeSet, fs};

use crate::{
    imports::imports,
    sources::{assert_none, root, sources},
};

/// Words that may stand in one room only.
const OWNED_WORDS: &[(&str, &str)] = &[
    ("worker::", "edge/src/cloudflare/"),
    ("spin_sdk", "edge/src/spin/"),
    ("web_sys", "edge/src/cloudflare/"),
    ("js_sys", "edge/src/cloudflare/"),
    ("mp4parse::", "crates/mp4/src/moov/"),
    ("wasmtime::", "local-runtime/src/"),
    ("rusqlite::", "local-runtime/src/storage/"),
];

/// Places that break an [`OWNED_WORDS`] rule for a reason. This list may only shrink.
const OWNED_WORDS_EXCEPTIONS: &[(&str, &str)] = &[("rusqlite::", "edge/src/memory/")];

#[test]
fn words_stay_in_the_room_that_owns_them() {
    let mut broken = Vec::new();
    for source in sources(&[".rs"]) {
        if source.is_test() || source.path.contains("examples/") {
            continue;
        }
        for (word, room) in OWNED_WORDS {
            let is_excepted = OWNED_WORDS_EXCEPTIONS
                .iter()
                .any(|(except, place)| except == word && source.path.starts_with(place));
            let stands = source.code().any(|(_, line)| has_word(line, word));
            if stands && !source.path.starts_with(room) && !is_excepted {
                broken.push(format!("{}: `{word}` belongs to {room}", source.path));
            }
        }
    }
    assert_none(broken, "words by room");
}

/// Whether `word` stands in `line` and does not end a longer name or path.
fn has_word(line: &str, word: &str) -> bool {
    let continues = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    line.match_indices(word).any(|(at, _)| !line[..at].ends_with(continues))
}

#[test]
fn mp4_core_has_no_io_no_clock_and_no_async() {
    let words = ["async ", ".await", "std::fs", "std::net", "Instant", "SystemTime"];
    let core = sources(&[".rs"]).into_iter();
    let broken =
        core.filter(|source| source.path.starts_with("crates/mp4/src/")).filter(|source| {
            source.code().any(|(_, line)| words.iter().any(|word| line.contains(word)))
        });
    assert_none(broken.map(|source| source.path).collect(), "no IO, no clock, no async");
}

#[test]
fn every_adapter_has_a_file_for_each_port() {
    let mut ports = names("edge/src/platform");
    for other in ["mod.rs", "conformance.rs", "ports.rs"] {
        assert!(ports.remove(other), "platform/{other}");
    }
    for adapter in ["memory", "spin", "cloudflare"] {
        let files = names(&format!("edge/src/{adapter}"));
        let missing: Vec<_> = ports.difference(&files).cloned().collect();
        assert_none(missing, &format!("ports without a file in {adapter}"));
    }
}

fn names(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn rules_of_the_edge_use_no_port() {
    let uses = imports("edge/src").into_iter().filter(|import| {
        import.from.starts_with("edge/src/rules/") && import.to.starts_with("edge/src/platform/")
    });
    let broken = uses.map(|import| format!("{} uses {}", import.from, import.to));
    assert_none(broken.collect(), "`rules` are functions of their arguments");
}

#[test]
fn origin_of_a_film_is_decided_in_one_place() {
    let edge = sources(&[".rs"]).into_iter();
    let calls = edge.filter(|source| source.path.starts_with("edge/src/")).flat_map(|source| {
        let calls = source.code().filter(|(_, line)| calls_is_upstream(line));
        calls.map(|(number, _)| format!("{}:{number}", source.path)).collect::<Vec<_>>()
    });
    let calls: Vec<String> = calls.collect();
    assert!(calls.len() == 1, "one place may call `is_upstream`, and these do: {calls:?}");
}

fn calls_is_upstream(line: &str) -> bool {
    line.contains("is_upstream(") && !line.contains("fn is_upstream(")
}
