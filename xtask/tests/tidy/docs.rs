//! Rules for the documents: files that they name exist.

use std::fs;

use crate::sources::{assert_none, root};

const DOCUMENTS: [&str; 7] = [
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "README.md",
    "SECURITY.md",
    "docs/decisions.md",
    "docs/formats.md",
    "docs/limits.md",
];

/// Folders at the root: a quoted path that begins with one is a path of this repository.
const FOLDERS: [&str; 8] =
    ["bench", "crates", "docs", "edge", "local-runtime", "tests", "wasm-player", "xtask"];

#[test]
fn files_named_in_documents_exist() {
    let mut broken = Vec::new();
    for document in DOCUMENTS {
        let text = fs::read_to_string(root().join(document)).unwrap();
        for path in paths(&text) {
            if !root().join(path).exists() {
                broken.push(format!("{document}: `{path}`"));
            }
        }
    }
    assert_none(broken, "documents name files that do not exist");
}

/// The paths between backquotes.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let is_path = |c: char| c.is_alphanumeric() || "/._-".contains(c);
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(move |quoted| {
        let folder = quoted.split('/').next().unwrap();
        quoted.contains('/') && FOLDERS.contains(&folder) && quoted.chars().all(is_path)
    })
}
