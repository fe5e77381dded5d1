//! Builds in the order of embedding: the player's wasm, the page and its assets, the edge component
//! with these in it, the binary with the component in it.

use std::{
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};
use flate2::{Compression, write::GzEncoder};
use wasm_bindgen_cli_support::Bindgen;

use crate::{asset_paths, assets, prerequisites, process, shrink_wasm, workspace};

/// Limit of what a browser downloads before the player runs: wasm and scripts, in bytes of gzip.
pub(crate) const PLAYER_BYTES_MAX: u64 = 90_000;

/// The native profile, shared by every command so that wasmtime is compiled once.
pub(crate) const NATIVE: &str = "native";

/// All packages but this one, always selected together: cargo compiles a dependency once for each
/// set of features that the selected packages ask for.
pub(crate) const WORKSPACE: [&str; 5] = ["--workspace", "--exclude", "xtask", "--profile", NATIVE];

/// The results of a build.
pub(crate) struct Built {
    /// Path of the binary `firstframe`.
    pub(crate) firstframe: PathBuf,
    /// The player's download, in bytes of gzip.
    pub(crate) player_bytes: u64,
}

/// Builds everything that runs on this machine.
pub(crate) fn all() -> Result<Built> {
    prerequisites::rust_targets()?;
    process::step("building the player", player)?;
    let player_bytes = process::step("writing the page and its assets", assets)?;
    process::step("building the edge component", component)?;
    let firstframe = process::step("building firstframe", firstframe)?;
    Ok(Built { firstframe, player_bytes })
}

/// The folder that the edge embeds, as `.cargo/config.toml` names it too.
fn web_dir() -> PathBuf {
    workspace::root().join("target/web")
}

pub(crate) fn bindgen_dir() -> PathBuf {
    workspace::target_dir().join("player")
}

/// The player's two modules: each with its cargo features, and the scripts that a page loads to play
/// with it, from the edge's headers or from the film's own index.
const PLAYERS: [(&str, &[&str], &[&str]); 2] = [
    ("by_headers", &["--features", "by-headers"], &["element/element.js", "worker/worker.js"]),
    ("by_index", &[], &["element/element.js", "worker/worker.js", "worker/by_index.js"]),
];

pub(crate) fn player() -> Result<()> {
    // Files of an earlier build, under names that are no longer in use, must not be served.
    if bindgen_dir().exists() {
        fs::remove_dir_all(bindgen_dir())?;
    }
    PLAYERS.iter().try_for_each(|(name, features, _)| module(name, features))
}

fn module(name: &str, features: &[&str]) -> Result<()> {
    process::run(
        process::cargo(["rustc", "--quiet", "--release", "--package", "wasm-player"])
            .args(["--target", "wasm32-unknown-unknown", "--crate-type", "cdylib"])
            .args(features)
            // Inlines a few functions more than the default: the download has 1.8 KB less.
            .args(["--", "-Cllvm-args=--inline-threshold=40"])
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "z"),
    )?;
    let mut output = Bindgen::new()
        .input_path(workspace::target_dir().join("wasm32-unknown-unknown/release/wasm_player.wasm"))
        .out_name(name)
        .bundler(true)?
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate_output()?;
    shrink_wasm::remove_panic_paths(output.wasm_mut());
    let long = shrink_wasm::shorten_import_names(output.wasm_mut());
    let made = workspace::target_dir().join("bindgen").join(name);
    output.emit(&made)?;
    // The entry that wasm-bindgen writes for bundlers imports wasm as a module, which no browser
    // does, and the one for browsers is ten times as long as what worker.js does instead.
    let mut glue = fs::read_to_string(made.join(format!("{name}_bg.js")))?;
    for (long, short) in long {
        glue = glue.replace(&long, &short);
    }
    let folder = bindgen_dir().join("worker");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(format!("{name}.js")), glue)?;
    let wasm = format!("{name}_bg.wasm");
    fs::copy(made.join(&wasm), folder.join(&wasm))?;
    Ok(())
}

/// Writes the page and its assets; returns what a browser downloads before a film plays, in bytes of
/// gzip, with the larger of the two modules.
fn assets() -> Result<u64> {
    let player = workspace::root().join("wasm-player/web");
    let page = workspace::root().join("edge/page");
    assets::write_all(&[&page, &player, &bindgen_dir()], &web_dir())?;
    let mut most = 0;
    for (name, _, scripts) in PLAYERS {
        let wasm = format!("worker/{name}_bg.wasm");
        let files = scripts.iter().copied().chain([wasm.as_str()]);
        let sizes = files.map(|file| assets::download_size(&written_asset(file)?));
        let sum = sizes.sum::<Result<u64>>()?;
        eprintln!("    the player's download, {name}: {sum} bytes of wasm and scripts, gzip");
        most = most.max(sum);
    }
    Ok(most)
}

/// The file in `target/web` that was made of the source file at this path.
fn written_asset(source: &str) -> Result<PathBuf> {
    let name = asset_paths::file_name(source);
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    assets::served(&web_dir())?
        .into_iter()
        .find(|name| name.starts_with(&format!("{stem}.")) && name.ends_with(extension))
        .map(|name| web_dir().join(name))
        .with_context(|| format!("{source} was not written to target/web"))
}

fn component() -> Result<()> {
    // A host does not use names and debug information; worker-build does, so the profile keeps them.
    process::run(
        process::cargo(["build", "--quiet", "--release", "--package", "edge"])
            .args(["--target", "wasm32-wasip2"])
            .env("CARGO_PROFILE_RELEASE_STRIP", "symbols")
            // The component is never downloaded, and runs for every request: speed before size.
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "3"),
    )?;
    let built = workspace::target_dir().join("wasm32-wasip2/release/edge.wasm");
    let component = workspace::root().join("target/component/firstframe.wasm");
    let bytes = fs::read(&built).with_context(|| format!("cannot read {}", built.display()))?;
    let bytes = shrink_wasm::without_component_names(&bytes);
    // An unchanged component keeps its modification time, so that cargo does not rebuild the binary.
    if fs::read(&component).is_ok_and(|there| there == bytes) {
        return print_size("the edge component", &component);
    }
    fs::create_dir_all(component.parent().unwrap_or(Path::new(".")))?;
    fs::write(&component, bytes)?;
    print_size("the edge component", &component)
}

fn firstframe() -> Result<PathBuf> {
    process::run(process::cargo(["build", "--bins"]).args(WORKSPACE))?;
    Ok(workspace::target_dir().join(NATIVE).join("firstframe"))
}

/// Builds the Worker with wrangler, as `wrangler deploy` does, and uploads nothing.
pub(crate) fn worker() -> Result<()> {
    let worker_build = prerequisites::worker_build()?;
    process::run(&mut process::cargo([
        "build",
        "--quiet",
        "--profile",
        NATIVE,
        "--package",
        "xtask",
        "--bin",
        "bindgen",
    ]))?;
    let node = workspace::root().join("tests/node");
    let bin = node.join("node_modules/.bin");
    let mut path = vec![worker_build];
    path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    process::run(
        Command::new("npm")
            .args(["run", "--silent", "deploy"])
            .current_dir(&node)
            .stdout(io::stderr())
            .env("PATH", env::join_paths(path)?)
            .env("WASM_BINDGEN_BIN", workspace::target_dir().join(NATIVE).join("bindgen"))
            .env("WASM_OPT_BIN", bin.join("wasm-opt"))
            .env("ESBUILD_BIN", bin.join("esbuild")),
    )?;
    print_size("the Worker", &workspace::root().join("edge/build/index_bg.wasm"))
}

fn print_size(what: &str, file: &Path) -> Result<()> {
    let size = fs::metadata(file)?.len();
    eprintln!("    {what}: {size} bytes, {} gzip", gzip_size(file)?);
    Ok(())
}

/// Size of a file in bytes of gzip.
pub(crate) fn gzip_size(file: &Path) -> Result<u64> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&bytes)?;
    Ok(encoder.finish()?.len() as u64)
}
