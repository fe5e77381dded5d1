//! No cycle between the folders of a package: of two folders at most one uses the other, directly
//! or through others. A file at the root of a package may be part of such a cycle too.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    imports::{Import, imports},
    sources::{assert_none, sources},
};

/// One import for each pair of folders.
type Graph = BTreeMap<String, BTreeMap<String, Import>>;

#[test]
fn folders_of_a_package_form_no_cycle() {
    let mut broken = Vec::new();
    for tree in source_trees() {
        let graph = graph(&tree);
        for (from, targets) in &graph {
            for (to, import) in targets {
                let joins_folder = [from, to].iter().any(|node| !node.contains('.'));
                if joins_folder && reaches(&graph, to, from) {
                    broken.push(format!(
                        "{tree}: {from} -> {to}, which leads back ({} uses {})",
                        import.from, import.to
                    ));
                }
            }
        }
    }
    assert_none(broken, "cycles between folders");
}

/// The source folder of each package, and the folders of scripts.
fn source_trees() -> Vec<String> {
    let scripts = ["bench/mp4", "bench/start", "edge/page", "tests/node", "wasm-player/web"];
    let packages = sources(&["Cargo.toml"]).into_iter();
    let rust = packages.filter_map(|manifest| {
        let folder = manifest.path.strip_suffix("/Cargo.toml")?;
        (!folder.ends_with("/fuzz")).then(|| format!("{folder}/src"))
    });
    rust.chain(scripts.map(str::to_owned)).collect()
}

fn graph(room: &str) -> Graph {
    let mut graph = Graph::new();
    for import in imports(room) {
        let nodes = (node(room, &import.from), node(room, &import.to));
        if let (Some(from), Some(to)) = nodes
            && from != to
        {
            graph.entry(from).or_default().entry(to).or_insert(import);
        }
    }
    graph
}

/// The folder of a file, or the file itself at the root of its room. `lib.rs` and `main.rs` stand
/// above all others.
fn node(room: &str, path: &str) -> Option<String> {
    let inner = path.strip_prefix(room)?.strip_prefix('/')?;
    match inner.rsplit_once('/') {
        Some((folder, _)) => Some(folder.to_owned()),
        None => (!["lib.rs", "main.rs"].contains(&inner)).then(|| inner.to_owned()),
    }
}

fn reaches(graph: &Graph, from: &str, to: &str) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(node) = open.pop() {
        if node == to {
            return true;
        }
        if seen.insert(node) {
            open.extend(graph.get(node).into_iter().flat_map(BTreeMap::keys).map(String::as_str));
        }
    }
    false
}
