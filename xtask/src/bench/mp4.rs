//! `cargo xtask bench mp4`: index, headers and remuxing of films of 10 minutes, 2 and 10 hours, beside
//! other libraries.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, bail};
use walrus::Module;

use super::{Figure, clip, figures};
use crate::{build, build::NATIVE, prerequisites, process, shrink_wasm, workspace};

/// Limit of the wasm of `crates/mp4` alone, in bytes of gzip: about half of the player's limit.
const MP4_BYTES_MAX: u64 = 45 * 1024;

/// The modules that are measured; the first is `crates/mp4`.
const MODULES: [&str; 3] = ["firstframe.wasm", "bench_mp4.wasm", "bench_re_mp4.wasm"];

pub(super) fn run() -> Result<Vec<Figure>> {
    prerequisites::rust_targets()?;
    prerequisites::programs(&[("ffmpeg", "ffmpeg"), ("node", "nodejs"), ("npm", "npm")])?;
    let folder = workspace::root().join("bench/mp4");
    prerequisites::npm_packages(&folder)?;
    let wasm = modules(&[])?;
    print_size(&wasm)?;
    let clip = clip()?;
    let films = workspace::target_dir().join("bench/films");
    let mut native = process::cargo(["run", "--quiet", "--profile", NATIVE, "--package", "mp4"]);
    native.args(["--example", "bench", "--"]).arg(&clip).arg(&films);
    let mut others = Command::new("node");
    others.arg(folder.join("bench.mjs")).arg(&films).arg(&wasm);
    let mut all = figures(&mut native)?;
    all.extend(figures(&mut others)?);
    Ok(all)
}

/// Builds the wasm of `crates/mp4` alone, prints its size, and fails above the limit.
pub(crate) fn size() -> Result<()> {
    print_size(&modules(&["--package", "firstframe"])?)
}

/// Builds these packages of the workspace `bench/mp4/wasm` as the player is built, all of them if none
/// is given; returns the folder with the modules.
fn modules(packages: &[&str]) -> Result<PathBuf> {
    let target = workspace::target_dir().join("bench");
    let manifest = workspace::root().join("bench/mp4/wasm/Cargo.toml");
    let mut cargo = process::cargo(["build", "--quiet", "--release", "--locked"]);
    cargo.args(["--target", "wasm32-unknown-unknown", "--manifest-path"]);
    process::run(cargo.arg(manifest).arg("--target-dir").arg(&target).args(packages))?;
    let modules = target.join("modules");
    fs::create_dir_all(&modules)?;
    let wanted = if packages.is_empty() { &MODULES[..] } else { &MODULES[..1] };
    for name in wanted {
        let built = target.join("wasm32-unknown-unknown/release").join(name);
        let mut module = Module::from_file(&built)?;
        shrink_wasm::remove_panic_paths(&mut module);
        module.emit_wasm_file(modules.join(name))?;
    }
    Ok(modules)
}

fn print_size(modules: &Path) -> Result<()> {
    let bytes = build::gzip_size(&modules.join(MODULES[0]))?;
    eprintln!("    the wasm of crates/mp4 alone: {bytes} bytes, gzip");
    if bytes > MP4_BYTES_MAX {
        bail!("the wasm of crates/mp4 has {bytes} bytes of gzip, of at most {MP4_BYTES_MAX}");
    }
    Ok(())
}
