//! Real files: where the corpus lies, and what is in it.

use std::path::{Path, PathBuf};

/// ffprobe opens a decoder before it tells of packets, and Debian's has none for xHE-AAC.
pub(crate) const NOT_PROBED: &str = "mozilla__sine-3s-xhe-aac-44khz-mono.mp4";

/// The folder, or a loud word that it is not there.
pub(crate) fn corpus() -> Option<PathBuf> {
    // Beside the repository, of which some package asks.
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let beside = || top.map(|top| top.join("shared/corpus")).find(|folder| folder.is_dir());
    let folder = std::env::var_os("FIRSTFRAME_CORPUS").map(PathBuf::from).or_else(beside);
    let folder = folder.filter(|folder| folder.join("INDEX.tsv").is_file());
    if folder.is_none() {
        eprintln!("!!! NOT CHECKED: no corpus at ../shared/corpus (set FIRSTFRAME_CORPUS)");
    }
    folder
}

/// Its files, in the order of their names.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let listed = std::fs::read_to_string(folder.join("INDEX.tsv")).unwrap();
    let names = listed.lines().skip(1).map(|line| line.split('\t').next().unwrap().to_owned());
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    names
}
