//! `keys.toml`: the secrets of the data folder, made at its first start.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use anyhow::{Context, Result};
use api::data_folder::{KEYS_FILE, ServerKeys};

use super::blob_name::random_name;

/// The keys of the folder at `root`, made when there are none.
pub(crate) fn open_keys(root: &Path) -> Result<ServerKeys> {
    let path = root.join(KEYS_FILE);
    let in_file = || format!("writing {}", path.display());
    let Some(mut keys) = publisher::data_folder::server_keys(root)? else {
        return make(&path).with_context(in_file);
    };
    if keys.media_keys.is_empty() {
        keys.media_keys = media_keys()?;
        write(&keys, &path).with_context(in_file)?;
    }
    Ok(keys)
}

fn make(path: &Path) -> Result<ServerKeys> {
    let keys = ServerKeys {
        admin_key: secret()?,
        s3_access_key: random_name()?.to_uppercase().chars().take(20).collect(),
        s3_secret_key: secret()?,
        media_keys: media_keys()?,
    };
    write(&keys, path)?;
    Ok(keys)
}

fn write(keys: &ServerKeys, path: &Path) -> Result<()> {
    let partial = path.with_extension("toml.part");
    match fs::remove_file(&partial) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&partial)?;
    file.write_all(toml::to_string(keys)?.as_bytes())?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    Ok(())
}

/// A new signing key, under a random name.
fn media_keys() -> Result<String> {
    let name: String = random_name()?.chars().take(8).collect();
    Ok(format!("{name}:{}", secret()?))
}

/// 256 random bits, as hexadecimal digits.
fn secret() -> Result<String> {
    Ok(random_name()? + &random_name()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn keys_are_made_once_for_their_owner_alone() {
        let root = tempfile::tempdir().unwrap();
        let made = open_keys(root.path()).unwrap();
        assert_eq!(made.admin_key.len(), 64);
        let read = open_keys(root.path()).unwrap();
        assert_eq!(made.s3_secret_key, read.s3_secret_key);
        assert_eq!(made.media_keys, read.media_keys);
        assert_eq!(made.media_keys.len(), 8 + 1 + 64);
        assert_ne!(made.admin_key, made.s3_secret_key);
        let permissions = fs::metadata(root.path().join("keys.toml")).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, 0o600);
    }

    #[test]
    fn folder_without_media_keys_gets_them_and_keeps_the_others() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("keys.toml");
        let older = "admin_key = \"a\"\ns3_access_key = \"b\"\ns3_secret_key = \"c\"\n";
        fs::write(&path, older).unwrap();
        let keys = open_keys(root.path()).unwrap();
        assert_eq!((keys.admin_key.as_str(), keys.media_keys.len()), ("a", 73));
        assert_eq!(open_keys(root.path()).unwrap().media_keys, keys.media_keys);
    }

    #[test]
    fn error_about_keys_does_not_show_them() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("keys.toml"), "admin_key = \"hush\nx").unwrap();
        let error = format!("{:#}", open_keys(root.path()).unwrap_err());
        assert!(error.contains("keys.toml") && !error.contains("hush"), "{error}");
    }
}
