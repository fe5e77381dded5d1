//! Lays out what the edge serves to browsers: every name carries the hash of its content, and every
//! reference the name, so that an asset can be cached for ever.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use zopfli::{Format, Options};

use crate::minify;

/// The page: served under its own name, without a hash.
const INDEX: &str = "index.html";

/// What stands beside the laid-out files.
#[derive(Debug, Serialize)]
struct Manifest<'a> {
    index: &'a str,
    assets: Vec<&'a str>,
}

/// Reads the files of `sources`, which share one flat name space, and writes them to `out`.
pub(crate) fn lay_out(sources: &[&Path], out: &Path) -> Result<()> {
    let files = read(sources)?;
    let laid = rename(files)?;
    let mut files = BTreeMap::new();
    for (name, bytes) in &laid {
        if let Some(gzip) = gzip(&out.join(name), bytes)? {
            files.insert(with_gz(Path::new(name)), gzip);
        }
    }
    if out.exists() {
        fs::remove_dir_all(out)?;
    }
    fs::create_dir_all(out)?;
    files.extend(laid.iter().map(|(name, bytes)| (name.into(), bytes.clone())));
    for (name, bytes) in &files {
        fs::write(out.join(name), bytes)?;
    }
    let assets = laid.keys().map(String::as_str).filter(|name| *name != INDEX).collect();
    let manifest = serde_json::to_vec_pretty(&Manifest { index: INDEX, assets })?;
    Ok(fs::write(out.join("manifest.json"), manifest)?)
}

/// What the edge sends of a file where gzip is taken; none where that hardly helps. Zopfli takes
/// seconds for a twentieth fewer bytes, so what an earlier build made of the same bytes is kept.
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

/// How many bytes a browser gets for a file that was laid out.
pub(crate) fn download_size(path: &Path) -> Result<u64> {
    let sent = Some(with_gz(path)).filter(|gzip| gzip.exists());
    Ok(fs::metadata(sent.as_deref().unwrap_or(path))?.len())
}

fn read(sources: &[&Path]) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for folder in sources {
        for name in served(folder)? {
            let path = folder.join(&name);
            let bytes = if path.extension().is_some_and(|extension| extension == "js") {
                minify::module(&fs::read_to_string(&path)?)
                    .with_context(|| format!("cannot minify {}", path.display()))?
                    .into_bytes()
            } else {
                fs::read(&path)?
            };
            if files.insert(name.clone(), bytes).is_some() {
                bail!("two files are named {name}: the assets share one flat name space");
            }
        }
    }
    Ok(files)
}

/// The names of the files in `folder` that go to browsers.
pub(crate) fn served(folder: &Path) -> Result<Vec<String>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let name = entry?.file_name().into_string();
        names.extend(name.ok().filter(|name| is_served(name)));
    }
    Ok(names)
}

/// Whether a file of this name goes to browsers.
fn is_served(name: &str) -> bool {
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str());
    let types = [".d.ts", ".d.mts"].iter().any(|ending| name.ends_with(ending));
    !types && matches!(extension, Some("html" | "css" | "js" | "wasm" | "svg" | "webmanifest"))
}

/// Gives every file but the page its hashed name, leaves first, so that a hash covers what the file
/// refers to.
fn rename(mut files: BTreeMap<String, Vec<u8>>) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut laid = BTreeMap::new();
    while !files.is_empty() {
        let open: BTreeSet<String> = files.keys().cloned().collect();
        let ready = files
            .iter()
            .find(|(name, bytes)| !open.iter().any(|other| other != *name && refers(bytes, other)));
        let Some((name, _)) = ready else {
            bail!("these files refer to each other in a circle: {open:?}");
        };
        let name = name.clone();
        let Some(bytes) = files.remove(&name) else { continue };
        let new = if name == INDEX { name.clone() } else { hashed(&name, &bytes) };
        for other in files.values_mut() {
            *other = replace(other, &name, &new);
        }
        laid.insert(new, bytes);
    }
    Ok(laid)
}

/// `app.js` -> `app.0123456789abcdef.js`.
fn hashed(name: &str, bytes: &[u8]) -> String {
    let hash = blake3::hash(bytes).to_hex();
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    format!("{stem}.{}.{extension}", hash.get(..16).unwrap_or_default())
}

/// The ways in which a file can name another: quoted, relative, below `/assets/`, or bare as
/// wasm-bindgen does.
fn references(name: &str) -> impl Iterator<Item = String> {
    let quotes = [('"', '"'), ('\'', '\''), ('`', '`'), ('(', ')')];
    quotes.into_iter().flat_map(move |(open, close)| {
        ["./", "/assets/", ""].map(|prefix| format!("{open}{prefix}{name}{close}"))
    })
}

fn refers(bytes: &[u8], name: &str) -> bool {
    references(name).any(|reference| contains(bytes, reference.as_bytes()))
}

fn replace(bytes: &[u8], name: &str, new: &str) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(bytes) else { return bytes.to_vec() };
    let mut text = text.to_owned();
    for old in references(name) {
        text = text.replace(&old, &old.replace(name, new));
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
    fn a_hash_covers_what_the_file_refers_to() {
        let page = |leaf| {
            let laid = rename(files(&[
                ("index.html", r#"<script src="/assets/app.js">"#),
                ("app.js", "import './leaf.js'"),
                ("leaf.js", leaf),
            ]));
            laid.unwrap().remove("index.html").unwrap()
        };
        assert_ne!(page("1"), page("2"));
        assert_eq!(page("1"), page("1"));
    }

    #[test]
    fn a_circle_of_references_is_refused() {
        let laid = rename(files(&[("a.js", "import './b.js'"), ("b.js", "import './a.js'")]));
        assert!(laid.unwrap_err().to_string().contains("circle"));
    }

    #[test]
    fn a_name_within_another_name_stays() {
        let laid = rename(files(&[("b.js", "x"), ("a.js", "'./ab.js' './b.js'")])).unwrap();
        let (_, a) = laid.iter().find(|(name, _)| name.starts_with("a.")).unwrap();
        assert!(std::str::from_utf8(a).unwrap().starts_with("'./ab.js' './b."));
    }
}
