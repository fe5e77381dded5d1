//! Builds, in the order in which one embeds the other: the player's wasm, the page and its assets,
//! the edge component, the binary.

use std::{
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};
use flate2::{Compression, write::GzEncoder};
use wasm_bindgen_cli_support::Bindgen;

use crate::{assets, prerequisites, process, shrink_wasm, workspace};

/// What a browser may have to download before the player runs: wasm and scripts, gzip.
pub(crate) const PLAYER_BYTES_MAX: u64 = 80_000;

/// The native profile, shared by every command so that wasmtime is compiled once.
pub(crate) const NATIVE: &str = "native";

/// All packages but this one, always together: cargo compiles a dependency anew for every set of
/// features that a selection of packages comes to.
pub(crate) const ALL: [&str; 5] = ["--workspace", "--exclude", "xtask", "--profile", NATIVE];

/// Where the built things lie.
pub(crate) struct Built {
    /// The binary `firstframe`.
    pub(crate) firstframe: PathBuf,
    /// The player's download, gzip.
    pub(crate) player_bytes: u64,
}

/// Builds everything that runs on this machine.
pub(crate) fn all() -> Result<Built> {
    prerequisites::rust_targets()?;
    process::step("building the player", player)?;
    let player_bytes = process::step("laying out the page and its assets", assets)?;
    process::step("building the edge component", component)?;
    let firstframe = process::step("building firstframe", firstframe)?;
    Ok(Built { firstframe, player_bytes })
}

/// `target/web`, which the edge embeds; `.cargo/config.toml` says the same.
fn web_dir() -> PathBuf {
    workspace::root().join("target/web")
}

fn bindgen_dir() -> PathBuf {
    workspace::target_dir().join("player")
}

/// The two modules of the player, of which a page loads the one that it needs: by headers of the
/// edge, or by the film's own index; and a script that the other one does without.
const PLAYERS: [(&str, &[&str], &str); 2] =
    [("by_headers", &["--features", "by-headers"], ""), ("by_index", &[], "worker/start.js")];

fn player() -> Result<()> {
    // What was laid there under other names is not served any more.
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
            // A few functions more in place, measured: 1.8 KB less of a download than by default.
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
    // The module that bundlers begin with imports wasm, which no browser does. worker.js stands in
    // for it, in a tenth of what wasm-bindgen has for browsers.
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

/// What a browser downloads before a film plays, by the module for which that is more.
fn assets() -> Result<u64> {
    let player = workspace::root().join("wasm-player/web");
    let page = workspace::root().join("edge/page");
    assets::lay_out(&[&page, &player, &bindgen_dir()], &web_dir())?;
    let mut most = 0;
    for (name, _, without) in PLAYERS {
        let mut files = assets::served(&player)?;
        files.retain(|file| file != without);
        files.extend([format!("worker/{name}.js"), format!("worker/{name}_bg.wasm")]);
        let sizes = files.iter().map(|file| assets::download_size(&laid_out(file)?));
        let sum = sizes.sum::<Result<u64>>()?;
        eprintln!("    the player's download, {name}: {sum} bytes of wasm and scripts, gzip");
        most = most.max(sum);
    }
    Ok(most)
}

/// The file in `target/web` that was made of the source file at this path.
fn laid_out(source: &str) -> Result<PathBuf> {
    let name = assets::file_name(source);
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    assets::served(&web_dir())?
        .into_iter()
        .find(|name| name.starts_with(&format!("{stem}.")) && name.ends_with(extension))
        .map(|name| web_dir().join(name))
        .with_context(|| format!("{source} was not laid out"))
}

fn component() -> Result<()> {
    // Names and debug information are of no use to a host. worker-build needs them, so the profile
    // keeps them.
    process::run(
        process::cargo(["build", "--quiet", "--release", "--package", "edge"])
            .args(["--target", "wasm32-wasip2"])
            .env("CARGO_PROFILE_RELEASE_STRIP", "symbols")
            // It is never downloaded, and runs for every request.
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "3"),
    )?;
    let built = workspace::target_dir().join("wasm32-wasip2/release/edge.wasm");
    let component = workspace::root().join("target/component/firstframe.wasm");
    let bytes = fs::read(&built).with_context(|| format!("cannot read {}", built.display()))?;
    // The binary embeds it: a file that did not change must not look new.
    if fs::read(&component).is_ok_and(|there| there == bytes) {
        return report("the edge component", &component);
    }
    fs::create_dir_all(component.parent().unwrap_or(Path::new(".")))?;
    fs::write(&component, bytes)?;
    report("the edge component", &component)
}

fn firstframe() -> Result<PathBuf> {
    process::run(process::cargo(["build", "--bins"]).args(ALL))?;
    Ok(workspace::target_dir().join(NATIVE).join("firstframe"))
}

/// Builds the Worker as `wrangler deploy` does, by wrangler itself and from tools that the
/// registries have; uploads nothing.
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
    report("the Worker", &workspace::root().join("edge/build/index_bg.wasm"))
}

fn report(what: &str, file: &Path) -> Result<()> {
    let size = fs::metadata(file)?.len();
    eprintln!("    {what}: {size} bytes, {} gzip", gzip_size(file)?);
    Ok(())
}

pub(crate) fn gzip_size(file: &Path) -> Result<u64> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&bytes)?;
    Ok(encoder.finish()?.len() as u64)
}
