//! The corpus of real files: its folder, and the names of its files.

use std::path::{Path, PathBuf};

/// ffprobe opens a decoder before it lists packets, and Debian's build has none for xHE-AAC.
pub(crate) const NOT_PROBED: &str = "mozilla__sine-3s-xhe-aac-44khz-mono.mp4";

/// The folder; prints a warning where there is none.
pub(crate) fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("FIRSTFRAME_CORPUS").map(PathBuf::from);
    let folder = folder.or_else(|| beside("shared/corpus"));
    let folder = folder.filter(|folder| folder.join("INDEX.tsv").is_file());
    if folder.is_none() {
        eprintln!("!!! NOT CHECKED: no corpus at ../shared/corpus (set FIRSTFRAME_CORPUS)");
    }
    folder
}

/// The folder of films after public bug reports; prints a warning where there is none.
pub(crate) fn cases() -> Option<PathBuf> {
    let folder = beside("shared/cases").filter(|folder| folder.join("INDEX.md").is_file());
    if folder.is_none() {
        eprintln!("!!! NOT CHECKED: no films at ../shared/cases");
    }
    folder
}

/// A folder beside the repository, of which `CARGO_MANIFEST_DIR` is a package.
fn beside(name: &str) -> Option<PathBuf> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    top.map(|top| top.join(name)).find(|folder| folder.is_dir())
}

/// The corpus's file names, sorted.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let listed = std::fs::read_to_string(folder.join("INDEX.tsv")).unwrap();
    let names = listed.lines().skip(1).map(|line| line.split('\t').next().unwrap().to_owned());
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    names
}
