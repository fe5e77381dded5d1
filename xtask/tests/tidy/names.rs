//! Rules for names: tests name their subject first, and retired words stay retired.

use crate::sources::{Source, assert_none, sources};

/// A test that opens with one of these says nothing about its subject.
const PRONOUNS: &[&str] = &[
    "it", "its", "that", "these", "they", "this", "those", "what", "whatever", "which", "who",
    "whoever",
];

#[test]
fn tests_name_their_subject_first() {
    let broken = sources(&[".rs", ".js", ".mjs"]).into_iter().flat_map(|source| {
        let names = test_names(&source).into_iter();
        let bad = names.filter(|name| {
            let first = name.split_once(|c: char| !c.is_alphanumeric()).map(|(first, _)| first);
            first.is_some_and(|first| PRONOUNS.contains(&first.to_lowercase().as_str()))
        });
        bad.map(|name| format!("{}: {name}", source.path)).collect::<Vec<_>>()
    });
    assert_none(broken.collect(), "tests that open with a pronoun");
}

/// Functions of files with tests, and names of tests in scripts. Helpers are checked
/// too, because the cases of `tests/tests/contract` are plain functions.
fn test_names(source: &Source) -> Vec<String> {
    if source.is_rust() {
        rust_names(&source.text, source.is_test())
    } else {
        let calls = source.text.lines().filter_map(|line| {
            let line = line.trim_start();
            let call =
                ["test(", "it(", "describe("].iter().find_map(|call| line.strip_prefix(call));
            let name = call?.strip_prefix(['"', '\'', '`'])?;
            name.split(['"', '\'', '`']).next().map(str::to_owned)
        });
        calls.collect()
    }
}

fn rust_names(text: &str, is_test: bool) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_marked = false;
    for line in text.lines().map(str::trim_start) {
        let name = line.split_once("fn ").map(|(_, name)| name);
        match name.and_then(|name| name.split(['(', '<']).next()) {
            Some(name) if is_marked || is_test => names.push(name.to_owned()),
            _ => {}
        }
        is_marked = line == "#[test]" || is_marked && line.starts_with("#[");
    }
    names
}

/// Words that the code no longer uses in names, because readers stumbled over them.
const RETIRED: &[&str] = &[
    "asks",
    "bed",
    "brought",
    "catalogue",
    "coming",
    "crossed",
    "elsewhere",
    "fence",
    "finder",
    "guide",
    "keeping",
    "kept",
    "lane",
    "lanes",
    "maker",
    "mood",
    "moods",
    "nasty",
    "passage",
    "patience",
    "pictured",
    "senseless",
    "shelf",
    "shelves",
    "skeleton",
    "squeeze",
    "squeezed",
    "stretch",
    "stretches",
    "theatre",
    "told",
    "warm",
    "wicked",
];

/// What introduces a name.
const KEYWORDS: &[&str] = &[
    "class", "const", "enum", "fn", "function", "let", "mod", "mut", "static", "struct", "trait",
    "type",
];

#[test]
fn retired_words_stay_out_of_names() {
    let mut broken = Vec::new();
    for source in sources(&[".rs", ".js", ".mjs", ".css"]) {
        if let Some(word) = retired(&source.path) {
            broken.push(format!("{}: `{word}` in its path", source.path));
        }
        for (number, line) in source.code() {
            let names = declared(line).into_iter();
            let bad = names.filter(|name| retired(name).is_some());
            broken.extend(bad.map(|name| format!("{}:{number}: {name}", source.path)));
        }
    }
    assert_none(broken, "retired words in names (CHANGELOG.md has their replacements)");
}

/// The names that a line declares.
fn declared(line: &str) -> Vec<&str> {
    let words: Vec<&str> = line
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .collect();
    let pairs = words.windows(2).filter(|pair| KEYWORDS.contains(&pair[0]));
    pairs.map(|pair| pair[1]).collect()
}

/// The first retired word in a name or path, in whatever case it is written.
fn retired(name: &str) -> Option<String> {
    let mut spaced = String::new();
    for c in name.chars() {
        if c.is_uppercase() || !c.is_alphanumeric() {
            spaced.push(' ');
        }
        spaced.extend(c.to_lowercase().filter(|c| c.is_alphanumeric()));
    }
    spaced.split_whitespace().find(|word| RETIRED.contains(word)).map(str::to_owned)
}

#[test]
fn retired_words_are_found_in_every_case() {
    for name in ["fence_post", "fencePost", "FencePost", "src/fence.rs", "row-fence.css"] {
        assert_eq!(retired(name).as_deref(), Some("fence"), "{name}");
    }
    assert_eq!(retired("defence"), None);
    assert_eq!(declared("pub(crate) fn a(b: u8) { let mut c = 1; }"), ["a", "mut", "c"]);
}
