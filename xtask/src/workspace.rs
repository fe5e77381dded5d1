//! Where the repository is, and where cargo builds.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

/// Makes the repository's root the current folder, wherever the command was typed.
pub(crate) fn enter() -> Result<()> {
    let root = root();
    env::set_current_dir(root).with_context(|| format!("cannot enter {}", root.display()))
}

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// Cargo's target folder, as an absolute path.
pub(crate) fn target_dir() -> PathBuf {
    let set =
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    root().join(set)
}
