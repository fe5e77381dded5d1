//! Reads which module imports which, and writes the page's `modulepreload` links from that.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};

use crate::asset_paths::{INDEX, relative};

/// Stands in the page where the links go.
const PLACEHOLDER: &str = "<!-- modulepreload links: xtask writes them -->";

/// How one module imports another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Import {
    /// `import … from`, `export … from`: loaded along with the importing module.
    Static,
    /// `import(…)`: loaded when that runs.
    Dynamic,
}

/// Replaces the placeholder in the page by a link for each module that the page's own scripts
/// import: statically, dynamically, and what those modules import statically in turn.
///
/// # Errors
///
/// The page has no placeholder, or names no module script.
pub(crate) fn write_preloads(files: &mut BTreeMap<String, Vec<u8>>) -> Result<()> {
    let Some(page) = files.get(INDEX).and_then(|bytes| std::str::from_utf8(bytes).ok()) else {
        bail!("the page {INDEX} is not among the files");
    };
    if !page.contains(PLACEHOLDER) {
        bail!("{INDEX} has no line `{PLACEHOLDER}`");
    }
    let is_script = |path: &&String| page.contains(&format!("src=\"/assets/{path}\""));
    let scripts: BTreeSet<String> = files.keys().filter(is_script).cloned().collect();
    if scripts.is_empty() {
        bail!("{INDEX} has no script below /assets/");
    }
    let links: Vec<String> = preloads(files, &scripts)
        .iter()
        .map(|path| format!("<link rel=\"modulepreload\" href=\"/assets/{path}\">"))
        .collect();
    let page = page.replace(PLACEHOLDER, &links.join("\n"));
    files.insert(INDEX.to_owned(), page.into_bytes());
    Ok(())
}

fn preloads(files: &BTreeMap<String, Vec<u8>>, scripts: &BTreeSet<String>) -> BTreeSet<String> {
    let own = closure(files, scripts.clone(), &[Import::Static]);
    let later = own.iter().flat_map(|path| imported(files, path, &[Import::Dynamic])).collect();
    let all = &own | &closure(files, later, &[Import::Static]);
    &all - scripts
}

/// The modules `from`, and all that they import in these ways, directly or not.
fn closure(
    files: &BTreeMap<String, Vec<u8>>,
    from: BTreeSet<String>,
    ways: &[Import],
) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<String> = from.into_iter().collect();
    while let Some(path) = open.pop() {
        open.extend(imported(files, &path, ways).filter(|other| !reached.contains(other)));
        reached.insert(path);
    }
    reached
}

/// The modules that the minified module at `path` itself imports in these ways.
fn imported<'a>(
    files: &'a BTreeMap<String, Vec<u8>>,
    path: &'a str,
    ways: &'a [Import],
) -> impl Iterator<Item = String> + 'a {
    let text = files.get(path).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or("");
    let others = files.keys().filter(move |other| {
        import(text, &relative(path, other)).is_some_and(|way| ways.contains(&way))
    });
    others.cloned()
}

/// How a minified module imports what it names `reference`; static where it does both.
fn import(text: &str, reference: &str) -> Option<Import> {
    let quoted = ['"', '\'', '`'].map(|quote| format!("{quote}{reference}{quote}"));
    let has =
        |before: &str| quoted.iter().any(|quoted| text.contains(&format!("{before}{quoted}")));
    if has("from") || has("import") {
        Some(Import::Static)
    } else {
        has("import(").then_some(Import::Dynamic)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{assets, minify};

    fn files(list: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        let text = |path: &str, text: &str| {
            let is_script = path != INDEX;
            if is_script { minify::module(text).unwrap() } else { text.to_owned() }
        };
        list.iter().map(|(path, t)| ((*path).to_owned(), text(path, t).into_bytes())).collect()
    }

    #[test]
    fn preload_links_follow_the_imports_of_the_page() {
        let page =
            format!("{PLACEHOLDER}\n<script type=\"module\" src=\"/assets/app.js\"></script>");
        let mut files = files(&[
            (INDEX, &page),
            ("app.js", "import { view } from './view.js'; import './effects.js'; view();"),
            ("effects.js", "export const a = 1;"),
            ("view.js", "export { b as view } from './leaf.js'; import('./element/element.js');"),
            ("leaf.js", "export const b = 1;"),
            (
                "element/element.js",
                "import '../protocol/codes.js'; export const sink = () => import('../sink/sink.js');
                 new Worker(new URL('../worker/worker.js', import.meta.url));",
            ),
            ("protocol/codes.js", ""),
            ("sink/sink.js", ""),
            ("worker/worker.js", ""),
        ]);
        write_preloads(&mut files).unwrap();
        let page = String::from_utf8(files.remove(INDEX).unwrap()).unwrap();
        let links: Vec<&str> =
            page.split("/assets/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let expected = [
            "effects.js",
            "element/element.js",
            "leaf.js",
            "protocol/codes.js",
            "view.js",
            "app.js",
        ];
        assert_eq!(links, expected);
    }

    #[test]
    fn a_page_without_the_placeholder_is_refused() {
        let mut files = files(&[(INDEX, "<script src=\"/assets/app.js\">"), ("app.js", "")]);
        assert!(write_preloads(&mut files).unwrap_err().to_string().contains("modulepreload"));
    }

    #[test]
    fn prefetch_js_names_every_module_of_the_worker() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let [page, player] = ["edge/page", "wasm-player/web"].map(|folder| root.join(folder));
        let files = assets::read(&[&page, &player]).unwrap();
        let worker = BTreeSet::from(["worker/worker.js".to_owned()]);
        assert!(files.contains_key("worker/worker.js"));
        let modules = closure(&files, worker, &[Import::Static, Import::Dynamic]);
        let prefetch = std::str::from_utf8(&files["prefetch.js"]).unwrap();
        let quoted =
            |path: &str| ['"', '\'', '`'].map(|quote| format!("URL({quote}./{path}{quote}"));
        let is_named = |path: &str| quoted(path).iter().any(|url| prefetch.contains(url));
        let named: BTreeSet<String> = files.keys().filter(|path| is_named(path)).cloned().collect();
        assert_eq!(named, modules);
    }
}
