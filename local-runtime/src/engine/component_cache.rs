//! The compiled component on disk: only the first start of a data folder compiles it.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::Write as _,
    path::Path,
};

use anyhow::{Context, Result, anyhow};
use wasmtime::{Engine, component::Component};

/// A file starts with the BLAKE3 hash of the rest.
const DIGEST_BYTES: usize = blake3::OUT_LEN;

/// The component in `bytes`, compiled for this engine: read from `folder`, or compiled and written
/// there. `compile_apart` does that in another process, if it says so.
pub(super) fn load(
    engine: &Engine,
    bytes: &[u8],
    folder: &Path,
    compile_apart: impl FnOnce() -> bool,
) -> Result<Component> {
    let name = format!("component-{}.cwasm", fingerprint(engine, bytes));
    let path = folder.join(&name);
    if let Some(component) = read(engine, &path) {
        return Ok(component);
    }
    tracing::info!("compiling the edge component; later starts reuse the result");
    if compile_apart()
        && let Some(component) = read(engine, &path)
    {
        return Ok(component);
    }
    compile(engine, bytes, folder, &name)
}

/// Compiles the component in `bytes`, and writes it to `folder`.
fn compile(engine: &Engine, bytes: &[u8], folder: &Path, name: &str) -> Result<Component> {
    let component = Component::new(engine, bytes).map_err(|error| {
        anyhow!("not a component that this version of wasmtime compiles: {error:#}")
    })?;
    if let Err(error) = write(&component, folder, name) {
        tracing::warn!(
            error = format!("{error:#}"),
            "cannot store the compiled component; the next start compiles again"
        );
    }
    Ok(component)
}

/// The name of a compilation, from the bytes, the version of wasmtime, its settings and the
/// processor.
fn fingerprint(engine: &Engine, bytes: &[u8]) -> String {
    let mut settings = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut settings);
    let mut hasher = blake3::Hasher::new();
    hasher.update(bytes);
    hasher.update(&settings.finish().to_le_bytes());
    hasher.finalize().to_hex().to_string()
}

fn read(engine: &Engine, path: &Path) -> Option<Component> {
    let file = fs::read(path).ok()?;
    let (digest, compiled) = file.split_at_checked(DIGEST_BYTES)?;
    if blake3::hash(compiled).as_bytes() != digest {
        tracing::warn!(path = %path.display(), "the compiled component is damaged; compiling again");
        return None;
    }
    #[expect(
        unsafe_code,
        reason = "the hash proves that `write` wrote these bytes, in a folder that only its owner \
                  writes to; the name ties them to this version of wasmtime"
    )]
    let component = unsafe { Component::deserialize(engine, compiled) };
    component.ok()
}

fn write(component: &Component, folder: &Path, name: &str) -> Result<()> {
    let compiled = component.serialize().map_err(|error| anyhow!("{error:#}"))?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(blake3::hash(&compiled).as_bytes())?;
    file.write_all(&compiled)?;
    file.as_file().sync_all()?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if is_compiled(&path) {
            fs::remove_file(&path)?;
        }
    }
    file.persist(folder.join(name)).context("cannot rename the compiled component")?;
    Ok(())
}

fn is_compiled(path: &Path) -> bool {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    stem.is_some_and(|stem| stem.starts_with("component-"))
        && path.extension().is_some_and(|extension| extension == "cwasm")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    /// The smallest component, in the text format.
    const EMPTY: &[u8] = b"(component)";

    fn files(folder: &Path) -> Vec<std::path::PathBuf> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    fn modified(path: &Path) -> SystemTime {
        fs::metadata(path).unwrap().modified().unwrap()
    }

    #[test]
    fn component_is_compiled_once_and_again_when_its_file_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::default();
        load(&engine, EMPTY, folder.path(), || false).unwrap();
        let [path] = files(folder.path()).try_into().unwrap();
        let (first, bytes) = (modified(&path), fs::read(&path).unwrap());
        load(&engine, EMPTY, folder.path(), || false).unwrap();
        assert_eq!(modified(&path), first);
        for damage in [0, DIGEST_BYTES, bytes.len() - 1] {
            let mut bytes = bytes.clone();
            bytes[damage] ^= 1;
            fs::write(&path, &bytes).unwrap();
            assert!(read(&engine, &path).is_none(), "byte {damage}");
        }
        load(&engine, EMPTY, folder.path(), || false).unwrap();
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }

    #[test]
    fn component_that_another_process_compiled_is_read_and_else_compiled_here() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::default();
        let compile_apart = || load(&engine, EMPTY, folder.path(), || false).is_ok();
        load(&engine, EMPTY, folder.path(), compile_apart).unwrap();
        load(&engine, EMPTY, folder.path(), || panic!("it is compiled")).unwrap();
        let other = tempfile::tempdir().unwrap();
        load(&engine, EMPTY, other.path(), || true).unwrap();
        assert_eq!(files(other.path()).len(), 1, "the other process has not done it");
    }

    #[test]
    fn new_component_replaces_the_file_of_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::default();
        load(&engine, EMPTY, folder.path(), || false).unwrap();
        load(&engine, b"(component (core module))", folder.path(), || false).unwrap();
        assert_eq!(files(folder.path()).len(), 1);
    }

    #[test]
    fn module_that_is_not_a_component_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = load(&Engine::default(), b"\0asm", folder.path(), || false).err().unwrap();
        assert!(error.to_string().contains("not a component"));
    }
}
