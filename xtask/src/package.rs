//! `cargo xtask package`: the player as a package for npm, in `target/package`.
//!
//! Its scripts are those that the edge serves, beside each other and under names without hashes, which
//! bundlers understand. The worker is one script: Vite bundles no worker of several.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{
    asset_paths, assets, build,
    bundle::{self, Bundle},
    minify, prerequisites, process, workspace,
};

/// The scripts of the package.
const BUNDLES: [Bundle; 3] = [
    Bundle { entry: "element/element.js", apart: &["sink/sink.js"] },
    Bundle { entry: "sink/sink.js", apart: &[] },
    Bundle { entry: "worker/worker.js", apart: &[] },
];
/// Types that TypeScript reads beside them.
const TYPES: [&str; 2] = ["element/element.d.ts", "protocol/public-types.d.ts"];
/// What lies at the top of the repository.
const LICENSES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

/// Builds the player, and packs it.
pub(crate) fn run() -> Result<()> {
    prerequisites::rust_targets()?;
    process::step("building the player", build::player)?;
    let tarball = process::step("packing the player", pack)?;
    eprintln!("    {}", tarball.display());
    Ok(())
}

/// Writes the package of a player that is built; returns the path of its tarball.
pub(crate) fn pack() -> Result<PathBuf> {
    prerequisites::programs(&[("npm", "npm")])?;
    let folder = workspace::root().join("target/package");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let files = folder.join("files");
    fs::create_dir_all(&files)?;
    write(&files)?;
    let mut npm = Command::new("npm");
    npm.args(["pack", "--silent", "--pack-destination", ".."]).current_dir(&files);
    let name = process::output(&mut npm)?;
    Ok(folder.join(name.trim()))
}

fn write(to: &Path) -> Result<()> {
    let player = workspace::root().join("wasm-player/web");
    let sources = assets::read(&[&player, &build::bindgen_dir()])?;
    let mut served = sources.clone();
    served.retain(|path, _| asset_paths::extension(path) == Some("wasm"));
    for bundle in &BUNDLES {
        let script = bundle::script(&sources, bundle)?;
        let short = minify::module(&script).with_context(|| format!("in {}", bundle.entry))?;
        served.insert(bundle.entry.to_owned(), short.into_bytes());
    }
    for (name, bytes) in assets::rename(served, |name, _| name.to_owned())? {
        fs::write(to.join(name), bytes)?;
    }
    for path in TYPES {
        let text = fs::read_to_string(player.join(path))?.replace("../protocol/", "./");
        fs::write(to.join(path.rsplit_once('/').map_or(path, |(_, name)| name)), text)?;
    }
    for entry in fs::read_dir(workspace::root().join("wasm-player/npm"))? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    for name in LICENSES {
        fs::copy(workspace::root().join(name), to.join(name))?;
    }
    Ok(())
}
