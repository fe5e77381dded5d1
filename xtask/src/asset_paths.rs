//! Paths of assets: where a file is below its source folder, and how another file names it.

use std::path::Path;

/// The page: served under its own name, without a hash.
pub(crate) const INDEX: &str = "index.html";

/// `sink/sink.js` -> `sink.js`.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// `./sink.js`, `../sink/sink.js`: how the file `from` writes the path of the file `to`.
pub(crate) fn relative(from: &str, to: &str) -> String {
    let folders: Vec<&str> =
        from.rsplit_once('/').map_or(Vec::new(), |(f, _)| f.split('/').collect());
    let parts: Vec<&str> = to.split('/').collect();
    let shared = folders.iter().zip(&parts).take_while(|(a, b)| a == b).count();
    let up =
        if shared == folders.len() { "./".into() } else { "../".repeat(folders.len() - shared) };
    format!("{up}{}", parts.get(shared..).unwrap_or_default().join("/"))
}

/// `js` of `app.js`.
pub(crate) fn extension(path: &str) -> Option<&str> {
    Path::new(path).extension().and_then(|extension| extension.to_str())
}
