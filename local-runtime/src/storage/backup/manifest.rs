//! `manifest.json` of a backup: which files it has, with their hashes.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

/// The form of a backup that this version writes and reads.
const VERSION: u32 = 1;

/// What a backup has.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    version: u32,
    /// Milliseconds since 1970, for people.
    created_ms: i64,
    /// Name of the folder of `files`.
    pub(super) snapshot: String,
    /// The databases and the keys.
    pub(super) files: Vec<Entry>,
    /// The blobs that the index database names.
    pub(super) blobs: Vec<Entry>,
}

/// One file of the data folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Its name in its folder.
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) mtime_ns: i64,
    /// BLAKE3 of its bytes: 64 hexadecimal digits.
    pub(super) hash: String,
}

impl Manifest {
    pub(super) fn new(
        created_ms: i64,
        snapshot: String,
        files: Vec<Entry>,
        blobs: Vec<Entry>,
    ) -> Self {
        Self { version: VERSION, created_ms, snapshot, files, blobs }
    }

    /// Reads a manifest, and checks that its names are names of files in one folder.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self> {
        let manifest: Self = serde_json::from_slice(bytes)?;
        let version = manifest.version;
        ensure!(
            version == VERSION,
            "its version is {version}, and this firstframe reads {VERSION}"
        );
        let entries = manifest.files.iter().chain(&manifest.blobs);
        let names = entries.clone().map(|entry| &entry.name).chain([&manifest.snapshot]);
        for name in names {
            let is_path = name.contains(['/', '\\', '\0']) || name.starts_with('.');
            ensure!(!name.is_empty() && !is_path, "{name:?} is not the name of a file");
        }
        for Entry { hash, .. } in entries {
            let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
            ensure!(is_hash, "{hash:?} is not a BLAKE3 hash");
        }
        Ok(manifest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifest_with_a_path_or_of_another_version_is_refused() {
        let hash = "a".repeat(64);
        let entry = |name: &str, hash: &str| Entry {
            name: name.to_owned(),
            size: 1,
            mtime_ns: 2,
            hash: hash.to_owned(),
        };
        let parse = |snapshot: &str, blob: Entry| {
            let manifest = Manifest::new(3, snapshot.to_owned(), Vec::new(), vec![blob]);
            Manifest::parse(&serde_json::to_vec(&manifest).unwrap())
        };
        assert_eq!(parse("s", entry("a.1.k.t", &hash)).unwrap().blobs[0].size, 1);
        for name in ["../a", "/a", "", ".", "..", "a/b"] {
            assert!(parse("s", entry(name, &hash)).is_err(), "{name}");
            assert!(parse(name, entry("a", &hash)).is_err(), "{name}");
        }
        assert!(parse("s", entry("a", "../../etc/passwd")).is_err());
        let newer = br#"{"version":2,"created_ms":0,"snapshot":"s","files":[],"blobs":[]}"#;
        assert!(Manifest::parse(newer).unwrap_err().to_string().contains("version is 2"));
    }
}
