//! Embeds the page and its assets: `FIRSTFRAME_WEB_DIR`, made by `cargo xtask build`.
//!
//! Without the folder nothing is embedded, and a request for the page says so. The Worker is linked
//! without names of functions, a seventh of its size.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

/// The table where there is nothing to embed.
const NOTHING: &str = "const INDEX: Option<&Asset> = None;\nconst ASSETS: &[Asset] = &[];\n\
                       const DOCUMENTS: &[Document] = &[];\n";

/// The first bytes of gzip without optional fields (RFC 1952 §2.3): the edge skips a header of this form.
const GZIP_HEADER: &[u8] = b"\x1f\x8b\x08\0";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=FIRSTFRAME_WEB_DIR");
    if env::var("CARGO_CFG_TARGET_OS")? == "unknown" {
        link_without_names();
    }
    let out_dir = env::var("OUT_DIR")?;
    let table = match env::var("FIRSTFRAME_WEB_DIR") {
        Ok(dir) => {
            // Of a folder that is not there, Cargo looks again at every build.
            println!("cargo::rerun-if-changed={dir}");
            table(Path::new(&dir), Path::new(&out_dir))?
        }
        Err(_) => None,
    };
    let table = table.unwrap_or_else(|| NOTHING.to_owned());
    let path = Path::new(&out_dir).join("web.rs");
    if fs::read_to_string(&path).ok().as_ref() != Some(&table) {
        fs::write(path, table)?;
    }
    Ok(())
}

/// `wasm-bindgen` reads the section `target_features`, which `strip` of a profile removes too.
fn link_without_names() {
    for argument in ["--strip-all", "--keep-section=target_features"] {
        println!("cargo::rustc-link-arg-cdylib={argument}");
    }
}

/// Rust source of the table; none where there is nothing to embed.
fn table(dir: &Path, out_dir: &Path) -> Result<Option<String>, Box<dyn Error>> {
    let manifest_path = dir.join("manifest.json");
    let Ok(manifest) = fs::read_to_string(&manifest_path) else { return Ok(None) };
    let manifest: serde_json::Value = serde_json::from_str(&manifest)
        .map_err(|error| format!("{}: {error}", manifest_path.display()))?;
    let index = text(manifest.get("index"))?;
    let assets = manifest.get("assets").and_then(|assets| assets.as_array());
    let assets = assets.ok_or("manifest.json lists no assets")?;

    let index = entry(dir, out_dir, index)?;
    let mut source =
        format!("const INDEX: Option<&Asset> = Some(&{index});\nconst ASSETS: &[Asset] = &[\n");
    for asset in assets {
        writeln!(source, "{},", entry(dir, out_dir, text(Some(asset))?)?)?;
    }
    source.push_str("];\nconst DOCUMENTS: &[Document] = &[\n");
    let documents = manifest.get("documents").and_then(|documents| documents.as_array());
    for entry in documents.into_iter().flatten() {
        writeln!(source, "{},", document(dir, out_dir, entry)?)?;
    }
    source.push_str("];\n");
    Ok(Some(source))
}

/// One `Document { .. }`.
fn document(
    dir: &Path,
    out_dir: &Path,
    entry: &serde_json::Value,
) -> Result<String, Box<dyn Error>> {
    let field = |name: &str| text(entry.get(name));
    let (name, script, style) = (field("name")?, field("script")?, field("style")?);
    let mut parts = String::new();
    for part in entry.get("parts").and_then(|parts| parts.as_array()).into_iter().flatten() {
        let part = text(Some(part))?;
        let copy = |name: &str| -> Result<String, Box<dyn Error>> {
            embedded(&out_dir.join(name), &fs::read(dir.join(name))?)
        };
        let (bytes, deflated) = (copy(part)?, copy(&format!("{part}.deflate"))?);
        write!(parts, "Part {{ bytes: {bytes}, deflated: {deflated} }}, ")?;
    }
    Ok(format!(
        "Document {{ name: {name:?}, script: {script:?}, style: {style:?}, parts: [{parts}] }}"
    ))
}

/// A file name in the manifest.
fn text(value: Option<&serde_json::Value>) -> Result<&str, &'static str> {
    value.and_then(|value| value.as_str()).ok_or("manifest.json has no name where one belongs")
}

/// Bytes as a Rust expression. A copy of our own: the folder may be made anew at any time.
fn embedded(path: &Path, bytes: &[u8]) -> Result<String, Box<dyn Error>> {
    fs::write(path, bytes)?;
    let path = path.to_str().ok_or_else(|| format!("{} is no text", path.display()))?;
    Ok(format!("include_bytes!({path:?})"))
}

/// One `Asset { .. }`.
fn entry(dir: &Path, out_dir: &Path, name: &str) -> Result<String, Box<dyn Error>> {
    let path = dir.join(name);
    let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let gzip_name = format!("{name}.gz");
    let gzip = fs::read(dir.join(&gzip_name)).ok();
    let stored = match &gzip {
        Some(gzip) if !gzip.starts_with(GZIP_HEADER) => {
            return Err(format!("the gzip header of {gzip_name} has fields").into());
        }
        Some(gzip) => embedded(&out_dir.join(&gzip_name), gzip)?,
        None => embedded(&out_dir.join(name), &bytes)?,
    };
    let hash = blake3::hash(&bytes).to_hex();
    let hash = &hash.as_str()[..32];
    let content_type = content_type(name)?;
    Ok(format!(
        "Asset {{ name: {name:?}, content_type: {content_type:?}, hash: {hash:?}, \
         stored: {stored}, is_gzip: {} }}",
        gzip.is_some()
    ))
}

fn content_type(name: &str) -> Result<&'static str, String> {
    Ok(match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg") => "image/jpeg",
        Some("webp") => "image/webp",
        Some("ico") => "image/vnd.microsoft.icon",
        Some("woff2") => "font/woff2",
        Some("json" | "webmanifest") => "application/json",
        Some("ts") => "text/plain; charset=utf-8",
        _ => return Err(format!("edge/build.rs does not know the media type of {name}")),
    })
}
