//! Embeds the edge component that `FIRSTFRAME_COMPONENT` names into the binary.
use std::{env, error::Error, fs, io::ErrorKind, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=FIRSTFRAME_COMPONENT");
    let out = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    let target = PathBuf::from(out).join("component.wasm");
    let bytes = match env::var_os("FIRSTFRAME_COMPONENT").map(PathBuf::from) {
        None => Vec::new(),
        Some(source) => {
            println!("cargo::rerun-if-changed={}", source.display());
            match fs::read(&source) {
                Ok(bytes) => bytes,
                // Nothing is embedded, and `serve` needs --component.
                Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
                Err(error) => return Err(error.into()),
            }
        }
    };
    fs::write(target, bytes)?;
    Ok(())
}
