//! Which files the rules look at, and which part of each.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// One file of this repository.
pub(crate) struct Source {
    /// Path from the root of the repository, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

const ROOMS: [&str; 7] =
    ["bench", "crates", "edge", "local-runtime", "tests", "wasm-player", "xtask"];

/// Folders that hold built or downloaded files.
const SKIPPED: [&str; 5] = ["artifacts", "build", "corpus", "node_modules", "target"];

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// All files whose names have one of these endings, in the order of their paths.
pub(crate) fn sources(endings: &[&str]) -> Vec<Source> {
    let sources: Vec<Source> = ROOMS.iter().flat_map(|room| sources_below(room, endings)).collect();
    assert!(sources.len() > 5, "only {} files end with {endings:?}", sources.len());
    sources
}

/// The same in one folder and those below it; none where there is no such folder.
pub(crate) fn sources_below(folder: &str, endings: &[&str]) -> Vec<Source> {
    let mut sources = Vec::new();
    let path = root().join(folder);
    if path.is_dir() {
        walk(&path, endings, &mut sources);
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

fn walk(folder: &Path, endings: &[&str], sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if !SKIPPED.contains(&name) {
                walk(&path, endings, sources);
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            let relative = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            sources.push(Source { path: relative, text: fs::read_to_string(&path).unwrap() });
        }
    }
}

impl Source {
    pub(crate) fn is_rust(&self) -> bool {
        Path::new(&self.path).extension().is_some_and(|extension| extension == "rs")
    }

    pub(crate) fn is_test(&self) -> bool {
        self.path.contains("/tests/")
            || self.path.starts_with("tests/")
            || self.path.ends_with("tests.rs")
    }

    /// The text in front of the module `tests`.
    pub(crate) fn shipped(&self) -> &str {
        self.text.split("\n#[cfg(test)]\nmod tests").next().unwrap()
    }

    /// The lines of `shipped` without comments, each with its number from 1.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.shipped().lines()).filter_map(|(number, line)| {
            let start = line.trim_start();
            let comment = ["//", "/*", "*/", "* "].iter().any(|mark| start.starts_with(mark));
            (!comment && start != "*").then(|| (number, line.split(" // ").next().unwrap()))
        })
    }
}

/// Fails with `rule` and the places that break it.
pub(crate) fn assert_none(broken: Vec<String>, rule: &str) {
    assert!(broken.is_empty(), "{rule}:\n  {}", broken.join("\n  "));
}
