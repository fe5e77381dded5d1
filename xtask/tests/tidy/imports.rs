//! Which file of a package uses which other, read from `crate::`, `super::` and `self::` paths, paths
//! through child modules, and the imports of ES modules.

use std::collections::BTreeMap;

use crate::sources::{Source, sources_below};

/// One file uses another; paths from the root of the repository.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Import {
    pub(crate) from: String,
    pub(crate) to: String,
}

/// All imports between files below `folder`, such as `edge/src` or `wasm-player/web`.
pub(crate) fn imports(folder: &str) -> Vec<Import> {
    let prefix = format!("{folder}/");
    let sources = sources_below(folder, &[".rs", ".js", ".mjs"]).into_iter();
    let sources = sources.filter(|source| !source.path.ends_with("tests.rs"));
    let (rust, scripts) = sources.partition::<Vec<_>, _>(Source::is_rust);
    let modules = Modules::new(&prefix, &rust);
    let mut imports: Vec<Import> = rust.iter().flat_map(|source| modules.imports(source)).collect();
    imports.extend(scripts.iter().flat_map(|source| script_imports(source, &scripts)));
    imports.sort();
    imports.dedup();
    imports
}

/// A path such as `crate::a::B`, by its segments.
type ModulePath = Vec<String>;

/// The modules of a package.
struct Modules<'a> {
    files: BTreeMap<ModulePath, &'a Source>,
    /// Names that the root of the package re-exports, with their full paths.
    reexports: BTreeMap<String, ModulePath>,
}

impl<'a> Modules<'a> {
    fn new(prefix: &str, sources: &'a [Source]) -> Self {
        let module = |source: &'a Source| {
            let inner = source.path.strip_prefix(prefix)?;
            (!inner.starts_with("bin/")).then(|| (module_path(inner), source))
        };
        let files: BTreeMap<_, _> = sources.iter().filter_map(module).collect();
        let mut modules = Self { files, reexports: BTreeMap::new() };
        if let Some(root) = modules.files.get(&ModulePath::new()) {
            let named = modules.paths(&[], root).into_iter();
            modules.reexports =
                named.filter_map(|path| Some((path.last()?.clone(), path))).collect();
        }
        modules
    }

    fn imports(&self, source: &Source) -> Vec<Import> {
        let Some((module, _)) = self.files.iter().find(|(_, file)| file.path == source.path) else {
            return Vec::new();
        };
        let targets = self.paths(module, source).into_iter().map(|path| self.file(&path));
        let others = targets.filter(|to| to.path != source.path);
        let import = |to: &Source| Import { from: source.path.clone(), to: to.path.clone() };
        others.map(import).collect()
    }

    /// The file that defines what `path` names: that of its longest prefix that is a module.
    fn file(&self, path: &[String]) -> &'a Source {
        let module = |length: &usize| self.files.get(&path[..*length]).copied();
        let found = (1..=path.len()).rev().find_map(|length| module(&length));
        let reexported = || {
            let full = self.reexports.get(path.first()?)?;
            (full.len() > 1).then(|| self.file(full))
        };
        found.or_else(reexported).unwrap_or_else(|| self.files[&ModulePath::new()])
    }

    /// All paths to modules of this package in a file, in full.
    fn paths(&self, module: &[String], source: &Source) -> Vec<ModulePath> {
        let code: Vec<&str> = source.code().map(|(_, line)| line).collect();
        let code = code.join("\n");
        let child = |name: &str| [module, &[name.to_owned()]].concat();
        let parent = module.split_last().map_or(&[][..], |(_, parent)| parent);
        let mut starts =
            vec![("crate", vec![]), ("self", module.to_vec()), ("super", parent.to_vec())];
        let names = self.files.keys().filter_map(|path| path.last());
        starts.extend(
            names
                .filter(|name| self.files.contains_key(&child(name)))
                .map(|name| (name.as_str(), child(name))),
        );
        starts.sort();
        starts.dedup();
        let mut paths = Vec::new();
        for (word, base) in starts {
            for (at, _) in code.match_indices(&format!("{word}::")) {
                let before = code[..at].chars().next_back();
                if !before.is_some_and(|c| c.is_alphanumeric() || "_:.".contains(c)) {
                    read_path(&code[at + word.len() + 2..], &base, &mut paths);
                }
            }
        }
        paths
    }
}

/// `a/b.rs` and `a/b/mod.rs` are `a::b`; `lib.rs` and `main.rs` are the root.
fn module_path(inner: &str) -> ModulePath {
    let module = inner.strip_suffix("/mod.rs").or(inner.strip_suffix(".rs")).unwrap();
    if ["lib", "main"].contains(&module) {
        return ModulePath::new();
    }
    module.split('/').map(str::to_owned).collect()
}

/// Reads what stands behind `base::`: a segment, a group, or a star; adds the full paths and returns
/// what is left.
fn read_path<'a>(text: &'a str, base: &[String], paths: &mut Vec<ModulePath>) -> &'a str {
    let text = text.trim_start();
    if let Some(group) = text.strip_prefix('{') {
        return read_group(group, base, paths);
    }
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let mut path = base.to_vec();
    match name {
        "super" => drop(path.pop()),
        "" | "self" => {}
        name => path.push(name.to_owned()),
    }
    match rest.strip_prefix("::") {
        Some(deeper) if !deeper.starts_with('<') => read_path(deeper, &path, paths),
        _ => {
            paths.push(path);
            rest
        }
    }
}

fn read_group<'a>(group: &'a str, base: &[String], paths: &mut Vec<ModulePath>) -> &'a str {
    let mut rest = group;
    loop {
        rest = read_path(rest, base, paths);
        // Behind a path there may be ` as name` or `*`.
        let Some(at) = rest.find([',', '}']) else { return rest };
        let (separator, after) = rest[at..].split_at(1);
        rest = after.trim_start();
        if separator == "}" {
            return rest;
        }
        if let Some(after) = rest.strip_prefix('}') {
            return after;
        }
    }
}

/// Files that a script imports, or starts as a worker.
fn script_imports(source: &Source, scripts: &[Source]) -> Vec<Import> {
    let (folder, _) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
    let mut imports = Vec::new();
    for (_, line) in source.code() {
        for mark in ["from ", "import ", "import(", "new URL("] {
            for (at, _) in line.match_indices(mark) {
                let Some(specifier) = quoted(&line[at + mark.len()..]) else { continue };
                let to = resolve(folder, specifier);
                if to != source.path && scripts.iter().any(|script| script.path == to) {
                    imports.push(Import { from: source.path.clone(), to });
                }
            }
        }
    }
    imports
}

/// The text between the quotes that this begins with.
fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|c| "\"'`".contains(*c))?;
    text[1..].split_once(quote).map(|(inner, _)| inner)
}

/// The path that a relative specifier names.
fn resolve(folder: &str, specifier: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').collect();
    for part in specifier.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
fn example(files: &[(&str, &str)]) -> Vec<Source> {
    let source = |(path, text): &(&str, &str)| Source {
        path: format!("p/src/{path}"),
        text: (*text).to_owned(),
    };
    files.iter().map(source).collect()
}

#[test]
fn rust_paths_lead_to_the_files_that_define_their_items() {
    let sources = example(&[
        ("lib.rs", "mod a;\nmod b;\npub use a::c::Item;\n"),
        ("a/mod.rs", "mod c;\npub use c::Item;\n"),
        ("a/c.rs", "use super::{self as parent, Other};\n// crate::b::Comment\n"),
        (
            "b.rs",
            "use crate::{Item, a::{Other, c::{X, Y}}};\nfn f() { self::g(); other::a::h() }\n",
        ),
    ]);
    let modules = Modules::new("p/src/", &sources);
    let uses = |file: usize| -> Vec<String> {
        let mut to: Vec<_> = modules.imports(&sources[file]).into_iter().map(|i| i.to).collect();
        to.sort();
        to.dedup();
        to
    };
    assert_eq!(uses(1), ["p/src/a/c.rs"]);
    assert_eq!(uses(2), ["p/src/a/mod.rs"]);
    assert_eq!(uses(3), ["p/src/a/c.rs", "p/src/a/mod.rs"]);
}

#[test]
fn specifiers_of_scripts_lead_to_their_files() {
    let scripts = example(&[
        ("a/x.js", "import { y } from \"../b/y.js\";\nnew URL(\"./w.js\", import.meta.url);\n"),
        ("b/y.js", "export const y = () => import('fs');\n"),
        ("a/w.js", ""),
    ]);
    let to: Vec<_> = script_imports(&scripts[0], &scripts).into_iter().map(|i| i.to).collect();
    assert_eq!(to, ["p/src/b/y.js", "p/src/a/w.js"]);
}
