//! Builds in the order of embedding: the player's wasm, the page and its assets, the edge component
//! with these in it, the binary with the component in it.

use std::{
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use flate2::{Compression, write::GzEncoder};
use wasm_bindgen_cli_support::Bindgen;

use crate::{
    asset_paths, assets, order_functions, prerequisites, process, shrink_locals, shrink_wasm,
    wasm_texts, workspace,
};

/// The native profile, shared by every command so that wasmtime is compiled once.
pub(crate) const NATIVE: &str = "native";

/// All packages but this one, always selected together: cargo compiles a dependency once for each
/// set of features that the selected packages ask for.
pub(crate) const WORKSPACE: [&str; 5] = ["--workspace", "--exclude", "xtask", "--profile", NATIVE];

/// The results of a build.
pub(crate) struct Built {
    /// Path of the binary `firstframe`.
    pub(crate) firstframe: PathBuf,
    /// The player's downloads.
    pub(crate) downloads: Vec<Download>,
}

/// Builds everything that runs on this machine.
pub(crate) fn all() -> Result<Built> {
    prerequisites::rust_targets()?;
    process::step("building the player", player)?;
    let downloads = process::step("writing the page and its assets", assets)?;
    process::step("building the edge component", component)?;
    let firstframe = process::step("building firstframe", firstframe)?;
    Ok(Built { firstframe, downloads })
}

/// The folder that the edge embeds, as `.cargo/config.toml` names it too.
fn web_dir() -> PathBuf {
    workspace::root().join("target/web")
}

pub(crate) fn bindgen_dir() -> PathBuf {
    workspace::target_dir().join("player")
}

/// A player: it plays by the edge's headers or by the film's own index.
struct Player {
    /// That of its module.
    name: &'static str,
    features: &'static [&'static str],
    /// What a browser loads to play, and the limit for that, with the wasm.
    scripts: &'static [&'static str],
    bytes_max: u64,
    /// What it loads once the first frame is shown, or when a fault is to be told, and the limit.
    later: &'static [&'static str],
    later_bytes_max: u64,
}

const PLAYERS: [Player; 2] = [
    Player {
        name: "by_headers",
        features: &["--features", "by-headers"],
        scripts: &["element/element.js", "worker/worker.js"],
        bytes_max: 39_200,
        later: &["worker/fault-messages.js", "worker/refusals.js", "worker/by_headers_texts.js"],
        later_bytes_max: 3_800,
    },
    Player {
        name: "by_index",
        features: &[],
        scripts: &["element/element.js", "worker/worker.js", "worker/languages.js"],
        bytes_max: 83_500,
        later: &["worker/fault-messages.js", "worker/refusals.js", "worker/by_index_texts.js"],
        later_bytes_max: 5_000,
    },
];

/// What a browser downloads at one time for one player, in bytes of gzip.
#[derive(Debug)]
pub(crate) struct Download {
    /// `by_headers`, `by_headers, later`.
    pub(crate) what: String,
    pub(crate) bytes: u64,
    pub(crate) bytes_max: u64,
}

/// Options of LLVM with which the player's download is smaller, as measured: 0.5 and 2 KB, with `s` in
/// place of `z`.
const LLVM: [&str; 5] = [
    "inline-threshold=20",
    "enable-pre=false",
    "hoist-common-insts",
    "sink-common-insts",
    "two-entry-phi-node-folding-threshold=8",
];

pub(crate) fn player() -> Result<()> {
    // Files of an earlier build, under names that are no longer in use, must not be served.
    if bindgen_dir().exists() {
        fs::remove_dir_all(bindgen_dir())?;
    }
    let literals = wasm_texts::literals()?;
    let mut glue = String::new();
    for player in &PLAYERS {
        let own = module(player, &literals)?;
        // The module with more imports comes first: its script is that of both.
        if glue.is_empty() {
            glue = own;
        } else if let Some(line) = own.lines().find(|line| !glue.contains(line)) {
            bail!("the script of {} has a line that the other one lacks: {line}", player.name);
        }
    }
    Ok(fs::write(bindgen_dir().join("worker/glue.js"), with_new_views(&glue)?)?)
}

/// The script for wasm, which forgets its views of the memory when it gets another module.
fn with_new_views(glue: &str) -> Result<String> {
    let variable =
        |line: &str| Some(line.strip_prefix("let ")?.strip_suffix(" = null;")?.to_owned());
    let views: Vec<String> = glue.lines().filter_map(variable).collect();
    let set = "    wasm = val;\n";
    if !glue.contains(set) || views.is_empty() {
        bail!("the script of wasm-bindgen has another form than the one that is known");
    }
    Ok(glue.replace(set, &format!("{set}    {} = null;\n", views.join(" = "))))
}

/// Builds a module; returns the script that wasm-bindgen makes for it.
fn module(player: &Player, literals: &[String]) -> Result<String> {
    let Player { name, features, .. } = *player;
    process::run(
        process::cargo(["rustc", "--quiet", "--release", "--package", "wasm-player"])
            .args(["--target", "wasm32-unknown-unknown", "--crate-type", "cdylib"])
            .args(features)
            .arg("--")
            .args(LLVM.map(|option| format!("-Cllvm-args=--{option}")))
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "s"),
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
    shrink_wasm::remove_leftovers(output.wasm_mut());
    shrink_locals::remove_redundant_sets(output.wasm_mut());
    shrink_locals::sort(output.wasm_mut());
    let texts = wasm_texts::take(output.wasm_mut(), literals);
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
    fs::write(folder.join(format!("{name}_texts.js")), wasm_texts::script(&texts)?)?;
    let wasm = format!("{name}_bg.wasm");
    let ordered = order_functions::by_similarity(&fs::read(made.join(&wasm))?)?;
    fs::write(folder.join(&wasm), ordered)?;
    Ok(glue)
}

/// Writes the page and its assets; returns what a browser downloads of the player.
fn assets() -> Result<Vec<Download>> {
    let player = workspace::root().join("wasm-player/web");
    let page = workspace::root().join("edge/page");
    assets::write_all(&[&page, &player, &bindgen_dir()], &web_dir())?;
    let size = |file: &str| assets::download_size(&written_asset(file)?);
    let sum = |files: &[&str]| files.iter().map(|file| size(file)).sum::<Result<u64>>();
    let mut downloads = Vec::new();
    for player in PLAYERS {
        let name = player.name;
        let bytes = size(&format!("worker/{name}_bg.wasm"))? + sum(player.scripts)?;
        downloads.push(Download { what: name.to_owned(), bytes, bytes_max: player.bytes_max });
        let (bytes, bytes_max) = (sum(player.later)?, player.later_bytes_max);
        downloads.push(Download { what: format!("{name}, later"), bytes, bytes_max });
    }
    for Download { what, bytes, bytes_max } in &downloads {
        eprintln!(
            "    the player's download, {what}: {bytes} bytes of wasm and scripts, gzip, \
             of at most {bytes_max}"
        );
    }
    Ok(downloads)
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

/// What LLVM may inline into the component: less than it does for speed, so that the component is smaller.
/// Requests need no more processor time.
const COMPONENT_INLINING: &str = "--inline-threshold=100";

fn component() -> Result<()> {
    // A host does not use names and debug information; worker-build does, so the profile keeps them.
    process::run(
        process::cargo(["rustc", "--quiet", "--release", "--package", "edge", "--lib"])
            .args(["--target", "wasm32-wasip2", "--crate-type", "cdylib", "--"])
            .arg(format!("-Cllvm-args={COMPONENT_INLINING}"))
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
