//! The `wasm-bindgen` command as `worker-build --release` calls it, over the library that the build
//! uses too. A crate of that very name is refused by rustc, so the program is `bindgen`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use wasm_bindgen_cli_support::Bindgen;

/// Makes the JavaScript around a wasm module; `WASM_BINDGEN_BIN` of `worker-build` points here.
/// An argument that `worker-build` begins to send in a later version is refused, not ignored.
#[derive(Debug, Parser)]
#[command(name = "wasm-bindgen", version)]
struct Arguments {
    /// The module that cargo made.
    input: PathBuf,
    /// Where the JavaScript and the module go.
    #[arg(long)]
    out_dir: PathBuf,
    /// Their name, without an extension.
    #[arg(long)]
    out_name: String,
    /// What imports them.
    #[arg(long, value_enum)]
    target: Target,
    /// Write no `.d.ts` file.
    #[arg(long)]
    no_typescript: bool,
    /// Let the shim make a new instance after a panic.
    #[arg(long)]
    experimental_reset_state_function: bool,
    /// Tell the shim of an abort although the module is built with `panic = "abort"`.
    #[arg(long)]
    force_enable_abort_handler: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Target {
    /// A module that imports its wasm as a module: what workerd takes.
    Module,
    /// What `worker-build` asks for when a project brings its own shim.
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
