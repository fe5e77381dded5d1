//! Writes the files that the edge serves to browsers: scripts in bundles, styles in one file. The name
//! of each holds the hash of its content, and references use that name, so a browser caches an asset
//! without revalidation.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use zopfli::{Format, Options};

use crate::{
    asset_paths::{INDEX, extension, file_name, relative},
    bundle::{self, BUNDLES, Bundle},
    documents::{self, DOCUMENTS, Document},
    minify,
};

/// The script that is inline in documents: it begins to play an episode.
pub(crate) const INLINE: Bundle = Bundle { entry: "early.js", apart: &[] };
/// The style of all views, which a page loads, and the files that it is made of.
const STYLE: (&str, [&str; 6]) = (
    "page.css",
    ["style.css", "components.css", "rows.css", "views.css", "player.css", "player-messages.css"],
);

/// `manifest.json`, which the build script of the edge reads.
#[derive(Debug, Serialize)]
struct Manifest<'a> {
    index: &'a str,
    assets: Vec<&'a str>,
    documents: Vec<Document>,
}

/// Reads the files below the folders `sources` and writes them to the folder `out`, all beside each
/// other.
pub(crate) fn write_all(sources: &[&Path], out: &Path) -> Result<()> {
    let mut renamed = rename(served_files(read(sources)?)?, hashed)?;
    let mut files = BTreeMap::new();
    let mut documents = Vec::new();
    for name in DOCUMENTS {
        let Some(bytes) = renamed.remove(name) else { bail!("there is no document {name}") };
        documents.push(documents::split(name, &String::from_utf8(bytes)?, &mut files)?);
    }
    for (name, bytes) in &renamed {
        if let Some(gzip) = gzip(&out.join(name), bytes)? {
            files.insert(with_gz(Path::new(name)), gzip);
        }
    }
    if out.exists() {
        fs::remove_dir_all(out)?;
    }
    fs::create_dir_all(out)?;
    files.extend(renamed.iter().map(|(name, bytes)| (name.into(), bytes.clone())));
    for (name, bytes) in &files {
        fs::write(out.join(name), bytes)?;
    }
    let assets = renamed.keys().map(String::as_str).filter(|name| *name != INDEX).collect();
    let manifest = serde_json::to_vec_pretty(&Manifest { index: INDEX, assets, documents })?;
    Ok(fs::write(out.join("manifest.json"), manifest)?)
}

/// What is served of the files of the source folders: bundles in place of modules, one style in place
/// of its parts, and documents with scripts and styles in them.
fn served_files(files: BTreeMap<String, Vec<u8>>) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut served = files.clone();
    served.retain(|path, _| !matches!(extension(path), Some("js" | "css")));
    for bundle in &BUNDLES {
        let script = bundle::script(&files, bundle)?;
        let short = minify::module(&script).with_context(|| format!("in {}", bundle.entry))?;
        served.insert(bundle.entry.to_owned(), short.into_bytes());
    }
    let (name, parts) = STYLE;
    served.insert(name.to_owned(), documents::style(&files, &parts)?.into_bytes());
    let script = minify::inline(&bundle::script(&files, &INLINE)?)?;
    for name in DOCUMENTS {
        let bytes = files.get(name).with_context(|| format!("there is no document {name}"))?;
        let html = documents::with_inline(std::str::from_utf8(bytes)?, &script, &files)?;
        served.insert(name.to_owned(), html.into_bytes());
    }
    Ok(served)
}

/// The file in gzip, unless that saves less than a tenth. Zopfli takes seconds to save a twentieth
/// more than others, so the result of an earlier build is used again if the bytes are the same.
fn gzip(path: &Path, bytes: &[u8]) -> Result<Option<Vec<u8>>> {
    if fs::read(path).is_ok_and(|there| there == bytes)
        && let Ok(gzip) = fs::read(with_gz(path))
    {
        return Ok(Some(gzip));
    }
    let mut gzip = Vec::new();
    zopfli::compress(Options::default(), Format::Gzip, bytes, &mut gzip)?;
    Ok((gzip.len() < bytes.len() - bytes.len() / 10).then_some(gzip))
}

/// `app.js` -> `app.js.gz`.
fn with_gz(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".gz");
    name.into()
}

/// Bytes that a browser downloads for a file that `write_all` wrote.
pub(crate) fn download_size(path: &Path) -> Result<u64> {
    let sent = Some(with_gz(path)).filter(|gzip| gzip.exists());
    Ok(fs::metadata(sent.as_deref().unwrap_or(path))?.len())
}

/// The files below the folders `sources`, by their paths from those folders.
pub(crate) fn read(sources: &[&Path]) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for folder in sources {
        for path in served(folder)? {
            let bytes = fs::read(folder.join(&path))?;
            if files.insert(path.clone(), bytes).is_some() {
                bail!("two source folders have a file {path}");
            }
        }
    }
    Ok(files)
}

/// The files below `folder` that the edge serves: paths from it, with slashes.
pub(crate) fn served(folder: &Path) -> Result<Vec<String>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if !entry.file_type()?.is_dir() {
            paths.extend(Some(name).filter(|name| is_served(name)));
        } else if name != "node_modules" {
            let inner = served(&entry.path())?;
            paths.extend(inner.into_iter().map(|path| format!("{name}/{path}")));
        }
    }
    Ok(paths)
}

/// Whether the edge serves a file with this name.
fn is_served(name: &str) -> bool {
    let types = [".d.ts", ".d.mts"].iter().any(|ending| name.ends_with(ending));
    !types
        && matches!(extension(name), Some("html" | "css" | "js" | "wasm" | "svg" | "webmanifest"))
}

/// Gives every file but the pages the name that `named` makes of its own, without its folder; leaves first,
/// so that a hash covers what the file refers to.
pub(crate) fn rename(
    mut files: BTreeMap<String, Vec<u8>>,
    named: fn(&str, &[u8]) -> String,
) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut renamed = BTreeMap::new();
    let mut taken = BTreeSet::new();
    while !files.is_empty() {
        let open: BTreeSet<String> = files.keys().cloned().collect();
        let ready = files.iter().find(|(path, bytes)| {
            !open.iter().any(|other| other != *path && refers(path, bytes, other))
        });
        let Some((path, _)) = ready else {
            bail!("these files refer to each other in a circle: {open:?}");
        };
        let path = path.clone();
        let Some(bytes) = files.remove(&path) else { continue };
        let name = file_name(&path);
        if !taken.insert(name.to_owned()) {
            bail!("two files are named {name}: assets are served from one folder");
        }
        let stays = path == INDEX || DOCUMENTS.contains(&path.as_str());
        let new = if stays { path.clone() } else { named(name, &bytes) };
        for (other, bytes) in &mut files {
            *bytes = replace(other, bytes, &path, &new);
        }
        renamed.insert(new, bytes);
    }
    Ok(renamed)
}

/// `app.js` -> `app.0123456789abcdef.js`.
fn hashed(name: &str, bytes: &[u8]) -> String {
    let hash = blake3::hash(bytes).to_hex();
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    format!("{stem}.{}.{extension}", hash.get(..16).unwrap_or_default())
}

/// Each form in which the file `from` may refer to the file `to`, with its replacement for the new
/// name of `to`: relative, below `/assets/`, or the bare name within one folder.
fn references(from: &str, to: &str, new: &str) -> Vec<(String, String)> {
    let near = relative(from, to);
    let mut names = vec![
        (near.clone(), format!("./{new}")),
        (format!("/assets/{to}"), format!("/assets/{new}")),
    ];
    if near.strip_prefix("./") == Some(file_name(to)) {
        names.push((file_name(to).to_owned(), new.to_owned()));
    }
    let pairs = [('"', '"'), ('\'', '\''), ('`', '`'), ('(', ')')];
    let quoted = |(old, new): &(String, String)| {
        pairs.map(|(open, close)| (format!("{open}{old}{close}"), format!("{open}{new}{close}")))
    };
    names.iter().flat_map(quoted).collect()
}

fn refers(from: &str, bytes: &[u8], to: &str) -> bool {
    references(from, to, "").iter().any(|(reference, _)| contains(bytes, reference.as_bytes()))
}

fn replace(from: &str, bytes: &[u8], to: &str, new: &str) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(bytes) else { return bytes.to_vec() };
    let mut text = text.to_owned();
    for (old, new) in references(from, to, new) {
        text = text.replace(&old, &new);
    }
    text.into_bytes()
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok() && bytes.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        list.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn names_and_references_lose_their_folders() {
        let files = files(&[
            ("index.html", r#"<script src="/assets/app.js">"#),
            ("app.js", "import('./element/element.js')"),
            ("element/element.js", "new URL('../worker/worker.js', import.meta.url)"),
            ("worker/worker.js", "import '../sink/sink.js'; import './start.js'"),
            ("worker/start.js", ""),
            ("sink/sink.js", ""),
        ]);
        let renamed = rename(files, hashed);
        let renamed = renamed.unwrap();
        let text = |stem: &str| {
            let (_, bytes) = renamed.iter().find(|(name, _)| name.starts_with(stem)).unwrap();
            String::from_utf8(bytes.clone()).unwrap()
        };
        assert!(renamed.keys().all(|name| !name.contains('/')), "{:?}", renamed.keys());
        assert!(text("app.").starts_with("import('./element."));
        assert!(text("element.").starts_with("new URL('./worker."));
        assert!(text("worker.").starts_with("import './sink."));
        assert!(text("worker.").contains("import './start."));
    }

    #[test]
    fn two_files_with_one_name_are_refused() {
        let renamed = rename(files(&[("a/x.js", ""), ("b/x.js", "")]), hashed);
        assert!(renamed.unwrap_err().to_string().contains("x.js"));
    }

    #[test]
    fn hash_of_a_file_covers_the_files_it_refers_to() {
        let page = |leaf| {
            let files = files(&[
                ("index.html", r#"<script src="/assets/app.js">"#),
                ("app.js", "import './leaf.js'"),
                ("leaf.js", leaf),
            ]);
            rename(files, hashed).unwrap().remove("index.html").unwrap()
        };
        assert_ne!(page("1"), page("2"));
        assert_eq!(page("1"), page("1"));
    }

    #[test]
    fn circle_of_references_is_refused() {
        let renamed =
            rename(files(&[("a.js", "import './b.js'"), ("b.js", "import './a.js'")]), hashed);
        assert!(renamed.unwrap_err().to_string().contains("circle"));
    }

    #[test]
    fn name_within_a_longer_name_stays() {
        let renamed =
            rename(files(&[("b.js", "x"), ("a.js", "'./ab.js' './b.js'")]), hashed).unwrap();
        let (_, a) = renamed.iter().find(|(name, _)| name.starts_with("a.")).unwrap();
        assert!(std::str::from_utf8(a).unwrap().starts_with("'./ab.js' './b."));
    }
}
