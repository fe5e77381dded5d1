//! The command `wasm-bindgen` as `worker-build --release` calls it, on the library that `build.rs`
//! uses too. rustc refuses a crate with that name, so the program is `bindgen`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use wasm_bindgen_cli_support::Bindgen;

/// Writes the JavaScript around a wasm module. `worker-build` finds this program by
/// `WASM_BINDGEN_BIN`. An argument that a later version of it may send is an error.
#[derive(Debug, Parser)]
#[command(name = "wasm-bindgen", version)]
struct Arguments {
    /// The module that cargo made.
    input: PathBuf,
    /// The folder for the JavaScript and the module.
    #[arg(long)]
    out_dir: PathBuf,
    /// Their file name, without an extension.
    #[arg(long)]
    out_name: String,
    /// The kind of JavaScript.
    #[arg(long, value_enum)]
    target: Target,
    /// Write no `.d.ts` file.
    #[arg(long)]
    no_typescript: bool,
    /// Let the JavaScript make a new instance after a panic.
    #[arg(long)]
    experimental_reset_state_function: bool,
    /// Call the abort handler although the module is built with `panic = "abort"`.
    #[arg(long)]
    force_enable_abort_handler: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Target {
    /// A module that imports its wasm as a module: what workerd takes.
    Module,
    /// A module for bundlers: for projects with JavaScript of their own.
    Bundler,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut bindgen = Bindgen::new();
    match arguments.target {
        Target::Module => bindgen.module(true)?,
        Target::Bundler => bindgen.bundler(true)?,
    };
    bindgen
        .input_path(&arguments.input)
        .out_name(&arguments.out_name)
        .typescript(!arguments.no_typescript)
        .reset_state_function(arguments.experimental_reset_state_function)
        .force_enable_abort_handler(arguments.force_enable_abort_handler)
        .generate(&arguments.out_dir)
}
