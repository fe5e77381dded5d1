//! Uses between packages and between folders: exactly those that `ARCHITECTURE.md` lists.
//!
//! A block of arrows opens with ```` ```arrows ROOM ````; each of its lines is `a -> b, c`, or `a`
//! for what uses nothing. In a room of sources a name is a folder or a file without its ending; a
//! file belongs to the longest name that covers its path.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use crate::{
    imports::imports,
    sources::{assert_none, root, sources},
};

/// Which name uses which, with one place where it does.
type Arrows = BTreeMap<(String, String), String>;

/// A block of `ARCHITECTURE.md`.
struct Block {
    room: String,
    names: BTreeSet<String>,
    arrows: BTreeSet<(String, String)>,
}

/// Rooms that must have a block.
const ROOMS: [&str; 7] = [
    "packages",
    "crates/mp4/src",
    "crates/publisher/src",
    "edge/src",
    "local-runtime/src",
    "wasm-player/src",
    "wasm-player/web",
];

#[test]
fn every_room_has_a_block() {
    let listed: Vec<String> = blocks().into_iter().map(|block| block.room).collect();
    let missing = ROOMS.iter().filter(|room| !listed.iter().any(|name| name == *room));
    let missing = missing.map(|room| format!("```arrows {room}"));
    assert_none(missing.collect(), "ARCHITECTURE.md lacks blocks");
}

#[test]
fn packages_depend_on_each_other_as_listed() {
    let block = blocks().into_iter().find(|block| block.room == "packages");
    let block = block.expect("ARCHITECTURE.md has no block ```arrows packages");
    let (names, arrows) = package_arrows();
    let missing = names.difference(&block.names).map(|name| format!("{name} has no line"));
    let unknown = block.names.difference(&names).map(|name| format!("{name} is no package"));
    let mut broken: Vec<String> = missing.chain(unknown).collect();
    broken.extend(compare(&block, &arrows));
    assert_none(broken, "arrows between packages");
}

#[test]
fn folders_use_each_other_as_listed() {
    let mut broken = Vec::new();
    for block in blocks().iter().filter(|block| block.room != "packages") {
        let (arrows, missing) = room_arrows(block);
        broken.extend(missing);
        broken.extend(compare(block, &arrows));
    }
    assert_none(broken, "arrows between folders");
}

/// Uses without an arrow, and arrows without a use.
fn compare(block: &Block, used: &Arrows) -> Vec<String> {
    let room = &block.room;
    let missing = used.iter().filter(|(arrow, _)| !block.arrows.contains(*arrow));
    let missing =
        missing.map(|((from, to), place)| format!("{room}: {from} -> {to} is missing ({place})"));
    let unused = block.arrows.iter().filter(|arrow| !used.contains_key(*arrow));
    let unused =
        unused.map(|(from, to)| format!("{room}: {from} -> {to} is listed, and nothing uses it"));
    missing.chain(unused).collect()
}

fn blocks() -> Vec<Block> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let texts = text.split("\n```arrows ").skip(1);
    texts.map(|text| parse(text.split("\n```").next().unwrap())).collect()
}

fn parse(text: &str) -> Block {
    let (room, lines) = text.split_once('\n').expect("a block of arrows has lines");
    let mut block =
        Block { room: room.to_owned(), names: BTreeSet::new(), arrows: BTreeSet::new() };
    for line in lines.lines().filter(|line| !line.trim().is_empty()) {
        let (from, targets) = line.split_once("->").unwrap_or((line, ""));
        let from = from.trim().to_owned();
        for to in targets.split(',').map(str::trim).filter(|to| !to.is_empty()) {
            block.arrows.insert((from.clone(), to.to_owned()));
        }
        assert!(block.names.insert(from), "{room}: two lines begin with {line}");
    }
    let targets: BTreeSet<&String> = block.arrows.iter().map(|(_, to)| to).collect();
    let missing = targets.into_iter().filter(|to| !block.names.contains(*to));
    let missing = missing.map(|to| format!("{room}: {to}"));
    assert_none(missing.collect(), "arrows lead to names that have no line of their own");
    block
}

/// The packages of this workspace, and which depends on which.
fn package_arrows() -> (BTreeSet<String>, Arrows) {
    let manifests: BTreeMap<String, toml::Table> = sources(&["Cargo.toml"])
        .into_iter()
        // Workspaces of their own.
        .filter(|source| !source.path.contains("/fuzz/") && !source.path.starts_with("bench/"))
        .map(|source| source.text.parse().unwrap())
        .map(|manifest: toml::Table| {
            (manifest["package"]["name"].as_str().unwrap().to_owned(), manifest)
        })
        .collect();
    let names: BTreeSet<String> = manifests.keys().cloned().collect();
    let mut arrows = Arrows::new();
    for (from, manifest) in &manifests {
        for to in dependencies(manifest).filter(|name| names.contains(name)) {
            arrows.insert((from.clone(), to), "its Cargo.toml".to_owned());
        }
    }
    (names, arrows)
}

/// What a package is built with on some target. Its tests may use more.
fn dependencies(manifest: &toml::Table) -> impl Iterator<Item = String> {
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let targets = targets.into_iter().flat_map(toml::Table::values).filter_map(|t| t.as_table());
    let tables = std::iter::once(manifest).chain(targets);
    let used = tables.filter_map(|table| table.get("dependencies")?.as_table());
    used.flat_map(toml::Table::keys).cloned()
}

/// Which name of a block uses which, and files that no name covers.
fn room_arrows(block: &Block) -> (Arrows, Vec<String>) {
    let (mut arrows, mut missing) = (Arrows::new(), BTreeSet::new());
    let prefix = format!("{}/", block.room);
    for import in imports(&block.room) {
        let [from, to] = [&import.from, &import.to].map(|path| {
            let inner = path.strip_prefix(&prefix).unwrap();
            let name = covering(&block.names, inner);
            if name.is_none() && !["lib.rs", "main.rs"].contains(&inner) {
                missing.insert(format!("{path} has no line"));
            }
            name
        });
        if let (Some(from), Some(to)) = (from, to)
            && from != to
        {
            arrows.entry((from, to)).or_insert(format!("{} uses {}", import.from, import.to));
        }
    }
    (arrows, missing.into_iter().collect())
}

/// The longest name that is this file, without its ending, or a folder above it.
fn covering(names: &BTreeSet<String>, inner: &str) -> Option<String> {
    let (stem, _) = inner.rsplit_once('.')?;
    let covers = |name: &&String| {
        stem.strip_prefix(name.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    names.iter().filter(covers).max_by_key(|name| name.len()).cloned()
}

#[test]
fn longest_name_covers_a_file() {
    let names = ["media", "media/cache", "error"].map(str::to_owned).into();
    assert_eq!(covering(&names, "media/cache/store.rs").as_deref(), Some("media/cache"));
    assert_eq!(covering(&names, "media/mod.rs").as_deref(), Some("media"));
    assert_eq!(covering(&names, "error.rs").as_deref(), Some("error"));
    assert_eq!(covering(&names, "mediator.rs"), None);
}
