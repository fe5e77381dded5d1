//! Writes one script for each view and each worker: an entry module, with the modules that it imports.
//!
//! A module becomes a function, which is called once, in the order of the imports, and returns what
//! the module exports. The bundlers of crates.io need a newer compiler than ours, or more crates
//! than all of xtask; a graph without cycles and without default exports needs only this.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use anyhow::{Context as _, Result, bail};
use oxc_allocator::Allocator;
use oxc_parser::Parser;
use oxc_span::{SourceType, Span};
use oxc_syntax::module_record::{
    ExportExportName, ExportImportName, ImportEntry, ImportImportName, ModuleRecord,
};

use crate::{
    asset_paths::{extension, file_name, relative},
    edits::Edits,
};

/// One script: its entry module, and the modules which that one loads later, as files of their own.
pub(crate) struct Bundle {
    pub(crate) entry: &'static str,
    pub(crate) apart: &'static [&'static str],
}

/// The scripts that pages and workers load.
pub(crate) const BUNDLES: [Bundle; 10] = [
    Bundle { entry: "app.js", apart: &["element/element.js", "worker/fault-messages.js"] },
    // Loaded by the player in a frame.
    Bundle { entry: "embed.js", apart: &[] },
    Bundle { entry: "element/element.js", apart: &["sink/sink.js"] },
    // Loaded by the element where workers have no MediaSource.
    Bundle { entry: "sink/sink.js", apart: &[] },
    Bundle {
        entry: "worker/worker.js",
        apart: &[
            "worker/languages.js",
            "worker/fault-messages.js",
            "worker/refusals.js",
            "worker/by_headers_texts.js",
            "worker/by_index_texts.js",
        ],
    },
    // Loaded where no edge has headers of a film.
    Bundle { entry: "worker/languages.js", apart: &[] },
    // Loaded once the first frame is shown, or for a fault; the first also by the page, for the name of
    // a codec that the browser does not play.
    Bundle { entry: "worker/fault-messages.js", apart: &[] },
    Bundle { entry: "worker/by_headers_texts.js", apart: &[] },
    Bundle { entry: "worker/by_index_texts.js", apart: &[] },
    // Loaded when a request gets no answer.
    Bundle { entry: "worker/refusals.js", apart: &[] },
];

/// The modules of one bundle so far: by path, their places, and the text of those that are complete.
#[derive(Default)]
struct Modules {
    places: BTreeMap<String, Option<usize>>,
    /// By place: the names under which importers find exports that have short ones.
    keys: BTreeMap<usize, BTreeMap<String, String>>,
    /// Modules whose exports keep their names.
    whole: BTreeSet<String>,
    text: String,
}

/// The script of a bundle, not minified.
pub(crate) fn script(files: &BTreeMap<String, Vec<u8>>, bundle: &Bundle) -> Result<String> {
    let mut modules = Modules { whole: imported_whole(files)?, ..Modules::default() };
    let entry = modules.rewritten(files, bundle, bundle.entry)?;
    Ok(modules.text + &entry.text)
}

/// A module without its imports.
struct Rewritten {
    text: String,
    /// Name and expression of each export.
    exports: Vec<(String, String)>,
}

impl Modules {
    /// The place of the module at `path`, which is added behind those that it imports.
    fn place(
        &mut self,
        files: &BTreeMap<String, Vec<u8>>,
        bundle: &Bundle,
        path: &str,
    ) -> Result<usize> {
        match self.places.get(path) {
            Some(Some(place)) => return Ok(*place),
            Some(None) => bail!("{path} imports itself, through other modules"),
            None => self.places.insert(path.to_owned(), None),
        };
        let Rewritten { text, exports } = self.rewritten(files, bundle, path)?;
        let place = self.places.values().flatten().count();
        let mut keys = BTreeMap::new();
        let mut properties = Vec::new();
        for ((name, value), short) in exports.into_iter().zip(short_names()) {
            let key = if self.whole.contains(path) { name.clone() } else { short };
            properties.push(format!("{key}:{value}"));
            keys.insert(name, key);
        }
        self.keys.insert(place, keys);
        let exports = properties.join(",");
        writeln!(self.text, "const ${place}=(()=>{{{text}\nreturn{{{exports}}}}})();")?;
        self.places.insert(path.to_owned(), Some(place));
        Ok(place)
    }

    fn rewritten(
        &mut self,
        files: &BTreeMap<String, Vec<u8>>,
        bundle: &Bundle,
        path: &str,
    ) -> Result<Rewritten> {
        let bytes = files.get(path).with_context(|| format!("there is no module {path}"))?;
        let source = std::str::from_utf8(bytes)?;
        let allocator = Allocator::default();
        let parsed = Parser::new(&allocator, source, SourceType::mjs()).parse();
        if let Some(error) = parsed.diagnostics.first() {
            bail!("{path}: {}", error.clone().render_with_source_code(source.to_owned()));
        }
        let record = &parsed.module_record;
        let mut edits = Edits::of(source);
        let mut placed = BTreeMap::new();
        let mut requested: Vec<_> = record.requested_modules.iter().collect();
        requested.sort_by_key(|(_, requests)| requests.iter().map(|r| r.span.start).min());
        for (specifier, _) in requested {
            let target = resolved(files, path, specifier)?;
            placed.insert(specifier.to_string(), self.place(files, bundle, &target)?);
        }
        self.replace_imports(record, &placed, &mut edits);
        let mut exports = self.re_exports(record, &placed, &mut edits)?;
        if path == bundle.entry {
            if !exports.is_empty() {
                bail!("{path} is the entry of a bundle, and exports what another module has");
            }
        } else {
            exports.extend(local_exports(record, &mut edits)?);
        }
        for import in &record.dynamic_imports {
            let quotes = ['"', '\'', '`'];
            // The script in a document imports what it has the name of.
            let specifier = edits.text(import.module_request);
            if !specifier.starts_with(quotes) {
                continue;
            }
            let specifier = specifier.trim_matches(quotes);
            let target = resolved(files, path, specifier)?;
            if !bundle.apart.contains(&target.as_str()) {
                let place = self.place(files, bundle, &target)?;
                edits.replace(import.span, format!("Promise.resolve(${place})"));
            }
        }
        Ok(Rewritten { text: rebased(files, edits.applied(), path, bundle.entry), exports })
    }

    /// The name of an export in the object of the module at a place.
    fn key<'a>(&'a self, place: usize, name: &'a str) -> &'a str {
        self.keys.get(&place).and_then(|keys| keys.get(name)).map_or(name, String::as_str)
    }

    /// `import { a as b } from "./x.js"` -> `const {a:b}=$0;`.
    fn replace_imports(
        &self,
        record: &ModuleRecord,
        placed: &BTreeMap<String, usize>,
        edits: &mut Edits,
    ) {
        for (specifier, requests) in &record.requested_modules {
            let Some(place) = placed.get(specifier.as_str()) else { continue };
            for request in requests.iter().filter(|request| request.is_import) {
                let span = request.statement_span;
                let entries = record.import_entries.iter();
                let names = entries.filter(|entry| entry.statement_span == span);
                let names: Vec<String> = names.map(|entry| self.binding(entry, *place)).collect();
                edits.replace(span, names.concat());
            }
        }
    }

    fn binding(&self, entry: &ImportEntry, place: usize) -> String {
        let local = entry.local_name.name;
        match &entry.import_name {
            ImportImportName::Name(name) => {
                format!("const {{{}:{local}}}=${place};", self.key(place, name.name.as_str()))
            }
            ImportImportName::NamespaceObject => format!("const {local}=${place};"),
            ImportImportName::Default(_) => format!("const {{default:{local}}}=${place};"),
        }
    }

    /// `export { a as b } from "./x.js"`: such statements go, and their exports are returned.
    fn re_exports(
        &self,
        record: &ModuleRecord,
        placed: &BTreeMap<String, usize>,
        edits: &mut Edits,
    ) -> Result<Vec<(String, String)>> {
        if !record.star_export_entries.is_empty() {
            bail!("`export *` is not bundled: name what is exported");
        }
        let mut exports = Vec::new();
        for entry in &record.indirect_export_entries {
            let place = entry.module_request.as_ref().and_then(|at| placed.get(at.name.as_str()));
            let (Some(place), ExportImportName::Name(from), ExportExportName::Name(name)) =
                (place, &entry.import_name, &entry.export_name)
            else {
                bail!("only named exports are bundled");
            };
            let key = self.key(*place, from.name.as_str());
            exports.push((name.name.to_string(), format!("${place}.{key}")));
            // `import { a } …; export { a };` is such an export too.
            if edits.text(entry.statement_span).starts_with("export") {
                edits.replace(entry.statement_span, String::new());
            }
        }
        Ok(exports)
    }
}

/// `a` to `z`, `a1` to `z1`, …
fn short_names() -> impl Iterator<Item = String> {
    let letters = |round: u32| ('a'..='z').map(move |letter| (letter, round));
    let name =
        |(letter, round)| if round == 0 { format!("{letter}") } else { format!("{letter}{round}") };
    (0..).flat_map(letters).map(name)
}

/// The modules of which another one has all exports in an object: by `import *`, or by `import()`.
fn imported_whole(files: &BTreeMap<String, Vec<u8>>) -> Result<BTreeSet<String>> {
    let mut whole = BTreeSet::new();
    for (path, bytes) in files.iter().filter(|(path, _)| extension(path) == Some("js")) {
        let source = std::str::from_utf8(bytes)?;
        let allocator = Allocator::default();
        let record = Parser::new(&allocator, source, SourceType::mjs()).parse().module_record;
        let stars = record.import_entries.iter().filter_map(|entry| {
            let is_star = matches!(entry.import_name, ImportImportName::NamespaceObject);
            is_star.then(|| entry.module_request.name.to_string())
        });
        let later = record.dynamic_imports.iter().filter_map(|import| {
            let span = import.module_request;
            let text = source.get(span.start as usize..span.end as usize)?;
            Some(text.trim_matches(['"', '\'', '`']).to_owned())
        });
        // The script in a document imports what it has the name of.
        whole.extend(stars.chain(later).filter_map(|name| resolved(files, path, &name).ok()));
    }
    Ok(whole)
}

/// The path of the file that a module imports by this name.
fn resolved(files: &BTreeMap<String, Vec<u8>>, from: &str, specifier: &str) -> Result<String> {
    let found = files.keys().find(|path| relative(from, path) == specifier);
    found.cloned().with_context(|| format!("{from} imports {specifier}, which is no file"))
}

/// The text of a module, with references to files as the entry of its bundle writes them.
fn rebased(files: &BTreeMap<String, Vec<u8>>, text: String, from: &str, to: &str) -> String {
    let folder = |path: &str| path.strip_suffix(file_name(path)).map(str::to_owned);
    if folder(from) == folder(to) {
        return text;
    }
    files.keys().fold(text, |text, path| {
        let (old, new) = (relative(from, path), relative(to, path));
        ['"', '\''].iter().fold(text, |text, quote| {
            text.replace(&format!("{quote}{old}{quote}"), &format!("{quote}{new}{quote}"))
        })
    })
}

/// The names that a module exports of its own; the word `export` goes.
fn local_exports(record: &ModuleRecord, edits: &mut Edits) -> Result<Vec<(String, String)>> {
    let mut exports = Vec::new();
    for entry in &record.local_export_entries {
        let (ExportExportName::Name(name), Some(local)) =
            (&entry.export_name, entry.local_name.name())
        else {
            bail!("only named exports are bundled");
        };
        exports.push((name.name.to_string(), local.to_string()));
        let span = entry.statement_span;
        let declared = edits.text(span).strip_prefix("export").unwrap_or_default().trim_start();
        let word = span.start + u32::try_from("export".len())?;
        let end = if declared.starts_with('{') { span.end } else { word };
        edits.replace(Span::new(span.start, end), String::new());
    }
    Ok(exports)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use super::*;
    use crate::{assets, minify};

    fn files(list: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        list.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn bundle_has_each_module_once_and_behind_those_that_it_imports() {
        let files = files(&[
            (
                "element/a.js",
                "import { one as first, two } from '../sink/b.js';\nimport * as c from './c.js';\n\
                 import './effect.js';\nexport class A { x = [first, two(), c.three]; }\n\
                 export const later = () => import('./d.js');\n\
                 export const apart = () => import('../worker/e.js');",
            ),
            (
                "sink/b.js",
                "import { three } from '../element/c.js';\nconst one = three - 2;\n\
                 export { one };\nexport function two() { return 2; }\n\
                 export const url = new URL('../worker/e.js', import.meta.url);",
            ),
            ("element/c.js", "export const three = 3;"),
            ("element/effect.js", "globalThis.ran = true;"),
            ("element/d.js", "export { three as four } from './c.js';"),
            ("worker/e.js", ""),
        ]);
        let bundle = Bundle { entry: "element/a.js", apart: &["worker/e.js"] };
        let script = script(&files, &bundle).unwrap();
        assert_eq!(script.matches("const three = 3;").count(), 1, "{script}");
        assert!(!script.contains("import '") && !script.contains("} from"), "{script}");
        let order = ["const three = 3;", "const one = three - 2;", "globalThis.ran", "class A"];
        let places: Vec<_> = order.iter().map(|text| script.find(text).unwrap()).collect();
        assert!(places.is_sorted(), "{script}");
        for text in [
            "return{a:one,b:two,c:url}",
            "const {a:first}=$1;",
            "Promise.resolve($3)",
            "four:$0.three",
            "import('../worker/e.js')",
            "export class A",
        ] {
            assert!(script.contains(text), "{text}: {script}");
        }
        minify::module(&script).unwrap();
    }

    #[test]
    fn circle_and_unknown_module_are_refused() {
        let bundle = Bundle { entry: "a.js", apart: &[] };
        let circle = files(&[
            ("a.js", "import './b.js'"),
            ("b.js", "import './c.js'"),
            ("c.js", "import './b.js'"),
        ]);
        let error = script(&circle, &bundle).unwrap_err().to_string();
        assert!(error.contains("b.js imports itself"), "{error}");
        let unknown = files(&[("a.js", "import './none.js'")]);
        let error = script(&unknown, &bundle).unwrap_err().to_string();
        assert!(error.contains("a.js imports ./none.js"), "{error}");
    }

    #[test]
    fn every_module_of_page_and_player_is_in_a_bundle_or_inline() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let sources = ["edge/page", "wasm-player/web"].map(|folder| root.join(folder));
        let mut files = assets::read(&[&sources[0], &sources[1]]).unwrap();
        for made in ["glue", "by_headers_texts", "by_index_texts"] {
            files.insert(format!("worker/{made}.js"), b"export const TEXTS = 1;".to_vec());
        }
        let mut bundled = BTreeSet::new();
        for bundle in BUNDLES.iter().chain([&assets::INLINE]) {
            let mut modules = Modules::default();
            modules.rewritten(&files, bundle, bundle.entry).unwrap();
            bundled.extend(modules.places.into_keys());
            bundled.insert(bundle.entry.to_owned());
        }
        let scripts = files.into_keys().filter(|path| extension(path) == Some("js"));
        let rest: Vec<String> = scripts.filter(|path| !bundled.contains(path)).collect();
        assert!(rest.is_empty(), "no page loads {rest:?}");
    }
}
