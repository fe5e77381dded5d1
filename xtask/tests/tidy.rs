//! The house rules that a compiler does not check. `ARCHITECTURE.md` says why each is there.
#![expect(clippy::unwrap_used, reason = "a rule that cannot be checked must fail")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Which in-house package may use which. The left may use the right, nothing else.
const PACKAGE_ARROWS: &[(&str, &[&str])] = &[
    ("api", &[]),
    ("mp4", &[]),
    ("catalog", &["api"]),
    ("edge", &["api", "catalog", "mp4"]),
    ("wasm-player", &["api", "mp4"]),
    ("publisher", &["api", "catalog", "mp4"]),
    ("local-runtime", &["api", "mp4", "publisher"]),
    ("tests", &["api", "catalog", "local-runtime", "mp4", "publisher"]),
    ("xtask", &[]),
];

/// Which module of the edge may use which, by `crate::` path. A room may always use itself.
const EDGE_ARROWS: &[(&str, &[&str])] = &[
    ("serve", &["error", "http", "platform", "route", "routes"]),
    ("route", &["error", "http"]),
    (
        "routes",
        &[
            "accounts",
            "catalog_cache",
            "error",
            "http",
            "media",
            "platform",
            "route",
            "rules",
            "web",
        ],
    ),
    ("accounts", &["error", "http", "platform"]),
    ("catalog_cache", &["error", "platform"]),
    ("media", &["error", "http", "instance", "platform", "rules"]),
    ("web", &[]),
    ("error", &["http", "platform"]),
    ("platform", &["http", "instance"]),
    ("instance", &["rules"]),
    ("rules", &["http"]),
    ("http", &[]),
    ("memory", &["http", "instance", "platform", "rules", "serve"]),
    ("spin", &["http", "instance", "platform", "rules", "serve"]),
    ("cloudflare", &["http", "instance", "platform", "rules", "serve"]),
];

const PLAYER_ARROWS: &[(&str, &[&str])] = &[("pipeline", &[]), ("browser", &["pipeline"])];

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

/// Lines before the tests of a file.
const FILE_LINES_MAX: usize = 400;
/// rustfmt holds code to 100; a sentence for people may stand a little over.
const COLUMNS_MAX: usize = 120;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every file of ours with one of these endings: its path from the root, and its text.
fn files(endings: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for room in ["crates", "edge", "wasm-player", "local-runtime", "tests", "bench", "xtask"] {
        walk(&root().join(room), endings, &mut found);
    }
    assert!(found.len() > 5, "the walk found next to nothing");
    found.sort();
    found
}

fn walk(folder: &Path, endings: &[&str], found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if !["target", "node_modules", "build", "corpus", "artifacts"].contains(&name) {
                walk(&path, endings, found);
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            let shown = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            found.push((shown, fs::read_to_string(&path).unwrap()));
        }
    }
}

fn assert_none(broken: Vec<String>, rule: &str) {
    assert!(broken.is_empty(), "{rule}:\n  {}", broken.join("\n  "));
}

fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.starts_with("tests/") || path.ends_with("tests.rs")
}

/// The part of a file that ships: what stands before its tests.
fn shipped(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod tests").next().unwrap()
}

#[test]
fn every_file_opens_with_a_sentence_about_itself() {
    let broken = files(&[".rs"]).into_iter().filter(|(path, text)| {
        !text.starts_with("//! ") && !text.starts_with("#![no_main]\n//! ") && path != "build.rs"
    });
    assert_none(broken.map(|(path, _)| path).collect(), "must open with `//! `");
}

#[test]
fn no_file_is_too_long() {
    let broken = files(&[".rs", ".js", ".mjs", ".css"]).into_iter().filter_map(|(path, text)| {
        let lines = shipped(&text).lines().count();
        (!is_test(&path) && lines > FILE_LINES_MAX).then(|| format!("{path}: {lines} lines"))
    });
    assert_none(broken.collect(), "at most 400 lines before the tests");
}

#[test]
fn no_line_is_too_wide() {
    let shipped = files(&[".rs", ".js"]).into_iter().filter(|(path, _)| !is_test(path));
    let broken = shipped.flat_map(|(path, text)| {
        let wide = text
            .lines()
            .enumerate()
            .filter(|(_, line)| line.chars().count() > COLUMNS_MAX && !line.starts_with("//! |"));
        wide.map(|(at, _)| format!("{path}:{}", at + 1)).collect::<Vec<_>>()
    });
    assert_none(broken.collect(), "too many columns");
}

#[test]
fn nothing_is_left_to_do() {
    let marks = ["TO".to_owned() + "DO", "FIX".to_owned() + "ME", "X".to_owned() + "XX"];
    let broken =
        files(&[".rs", ".js", ".mjs", ".css", ".html"]).into_iter().flat_map(|(path, text)| {
            let marked = text.lines().enumerate().filter(|(_, line)| {
                line.split(|c: char| !c.is_alphanumeric())
                    .any(|word| marks.contains(&word.to_owned()))
            });
            marked.map(|(at, _)| format!("{path}:{}", at + 1)).collect::<Vec<_>>()
        });
    assert_none(broken.collect(), "no marks of unfinished work");
}

#[test]
fn packages_use_only_what_the_arrows_allow() {
    let names: BTreeSet<&str> = PACKAGE_ARROWS.iter().map(|(name, _)| *name).collect();
    let mut seen = BTreeSet::new();
    let mut broken = Vec::new();
    for (path, text) in files(&["Cargo.toml"]) {
        // Workspaces of their own.
        if path.contains("/fuzz/") || path.starts_with("bench/") {
            continue;
        }
        let manifest: toml::Table = text.parse().unwrap();
        let name = manifest["package"]["name"].as_str().unwrap().to_owned();
        let (_, allowed) = PACKAGE_ARROWS
            .iter()
            .find(|(package, _)| *package == name)
            .unwrap_or_else(|| panic!("{name}: say in PACKAGE_ARROWS what it may use"));
        let targets = manifest.get("target").and_then(toml::Value::as_table);
        let tables = std::iter::once(&manifest).chain(
            targets.into_iter().flat_map(|targets| targets.values()).filter_map(|t| t.as_table()),
        );
        for table in tables {
            let Some(used) = table.get("dependencies").and_then(toml::Value::as_table) else {
                continue;
            };
            for package in used.keys().filter(|package| names.contains(package.as_str())) {
                if !allowed.contains(&package.as_str()) {
                    broken.push(format!("{name} -> {package}"));
                }
            }
        }
        seen.insert(name);
    }
    assert_eq!(seen.len(), names.len(), "PACKAGE_ARROWS names a package that is not there");
    assert_none(broken, "arrows between packages");
}

#[test]
fn modules_of_the_edge_use_only_what_the_arrows_allow() {
    module_arrows("edge/src/", EDGE_ARROWS);
}

#[test]
fn modules_of_the_player_use_only_what_the_arrows_allow() {
    module_arrows("wasm-player/src/", PLAYER_ARROWS);
}

fn module_arrows(room: &str, arrows: &[(&str, &[&str])]) {
    let mut broken = Vec::new();
    for (path, text) in files(&[".rs"]) {
        let Some(inner) = path.strip_prefix(room) else { continue };
        let module = inner.split(['/', '.']).next().unwrap();
        if module == "lib" {
            continue;
        }
        let Some((_, allowed)) = arrows.iter().find(|(name, _)| *name == module) else {
            broken.push(format!("{path}: say what `{module}` may use"));
            continue;
        };
        for used in crate_paths(shipped(&text)) {
            let known = arrows.iter().any(|(name, _)| *name == used);
            if known && used != module && !allowed.contains(&used.as_str()) {
                broken.push(format!("{path}: {module} -> {used}"));
            }
        }
    }
    assert_none(broken, "arrows between modules");
}

/// The first segments of all `crate::` paths, those within braces too.
fn crate_paths(text: &str) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    let first = |path: &str| {
        path.trim_start()
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => drop(paths.insert(first(rest))),
            Some(group) => {
                let mut depth = 0;
                let mut item = String::new();
                for c in group.chars() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => drop(paths.insert(first(&std::mem::take(&mut item)))),
                        _ => item.push(c),
                    }
                }
                paths.insert(first(&item));
            }
        }
    }
    paths
}

#[test]
fn words_stay_in_the_room_that_owns_them() {
    let mut broken = Vec::new();
    for (path, text) in files(&[".rs"]) {
        if is_test(&path) {
            continue;
        }
        for (word, room) in OWNED_WORDS {
            let excepted = OWNED_WORDS_EXCEPTIONS
                .iter()
                .any(|(except, place)| except == word && path.starts_with(place));
            let stands = shipped(&text).lines().any(|line| {
                !line.trim_start().starts_with("//")
                    && line.match_indices(word).any(|(at, _)| {
                        !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
                    })
            });
            if stands && !path.starts_with(room) && !excepted && !path.contains("examples/") {
                broken.push(format!("{path}: `{word}` belongs to {room}"));
            }
        }
    }
    assert_none(broken, "words by room");
}

#[test]
fn the_mp4_core_never_waits() {
    let broken = files(&[".rs"]).into_iter().filter(|(path, text)| {
        path.starts_with("crates/mp4/src/")
            && text.lines().any(|line| {
                !line.trim_start().starts_with("//")
                    && ["async ", ".await", "std::fs", "std::net", "Instant", "SystemTime"]
                        .iter()
                        .any(|word| line.contains(word))
            })
    });
    assert_none(broken.map(|(path, _)| path).collect(), "no IO, no clock, no async");
}

#[test]
fn every_adapter_has_every_port_under_its_name() {
    let names = |room: &str| -> BTreeSet<String> {
        fs::read_dir(root().join("edge/src").join(room))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    let mut ports = names("platform");
    for front in ["mod.rs", "conformance.rs", "ports.rs"] {
        assert!(ports.remove(front), "platform/{front}");
    }
    for adapter in ["memory", "spin", "cloudflare"] {
        let missing: Vec<_> = ports.difference(&names(adapter)).cloned().collect();
        assert_none(missing, &format!("ports without a file in {adapter}"));
    }
}

#[test]
fn no_file_is_an_orphan() {
    let all = files(&[".rs"]);
    let broken = all.iter().filter_map(|(path, _)| {
        let (_, inner) = path.split_once("/src/")?;
        let room = path.strip_suffix(inner)?;
        if ["lib.rs", "main.rs"].contains(&inner) || inner.starts_with("bin/") {
            return None;
        }
        let (folder, name) =
            inner.rsplit_once('/').map_or(("", inner), |(folder, name)| (folder, name));
        let (parent, module) = match name.strip_suffix(".rs")? {
            "mod" => {
                folder.rsplit_once('/').map_or(("", folder), |(parent, module)| (parent, module))
            }
            module => (folder, module),
        };
        let fronts = if parent.is_empty() {
            vec![format!("{room}lib.rs"), format!("{room}main.rs")]
        } else {
            vec![format!("{room}{parent}/mod.rs"), format!("{room}{parent}.rs")]
        };
        let declared = all.iter().any(|(front, text)| {
            fronts.contains(front) && text.lines().any(|line| declares(line, module))
        });
        // A test module may stand beside its subject: `#[cfg(test)] mod tests;` within `subject.rs`.
        let subject = format!("{room}{parent}.rs");
        let beside = all.iter().any(|(front, text)| {
            *front == subject && text.lines().any(|line| declares(line, module))
        });
        (!declared && !beside).then(|| path.clone())
    });
    assert_none(broken.collect(), "files that no module declares");
}

fn declares(line: &str, module: &str) -> bool {
    line.trim().strip_suffix(&format!("mod {module};")).is_some_and(|visibility| {
        visibility.is_empty() || visibility.starts_with("pub") || visibility.starts_with("#[")
    })
}

#[test]
fn the_scanner_sees_paths_within_braces() {
    let seen =
        crate_paths("use crate::{error::Error, platform::{A, B}, reply};\ncrate::rules::x()");
    let expected = ["error", "platform", "reply", "rules"].map(str::to_owned);
    assert_eq!(seen, BTreeSet::from(expected));
}
