//! Key-value pairs, by store.

use rusqlite::{OptionalExtension as _, params};

use super::{Error, Index, Result};

/// Bytes of a key: what Spin documents.
const KEY_BYTES_MAX: usize = 255;
/// Bytes of a value: what Spin and Akamai document.
const VALUE_BYTES_MAX: usize = 1_000_000;
/// Keys that are listed: at 255 bytes each, 25 MB.
const KEYS_MAX: usize = 100_000;

impl Index {
    /// The value under `key`.
    pub(crate) fn value(&self, store: &str, key: &str) -> Result<Option<Vec<u8>>> {
        self.with(|connection| {
            connection
                .prepare_cached("SELECT value FROM key_value WHERE store = ?1 AND key = ?2")?
                .query_row(params![store, key], |row| row.get(0))
                .optional()
        })
    }

    /// Whether there is a value under `key`.
    pub(crate) fn has_value(&self, store: &str, key: &str) -> Result<bool> {
        self.with(|connection| {
            connection
                .prepare_cached("SELECT 1 FROM key_value WHERE store = ?1 AND key = ?2")?
                .exists(params![store, key])
        })
    }

    /// Puts `value` under `key`.
    pub(crate) fn set_value(&self, store: &str, key: &str, value: &[u8]) -> Result<()> {
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            return Err(Error::TooLarge("a key has 1 to 255 bytes"));
        }
        if value.len() > VALUE_BYTES_MAX {
            return Err(Error::TooLarge("a value has at most 1,000,000 bytes"));
        }
        self.with(|connection| {
            connection
                .prepare_cached("INSERT OR REPLACE INTO key_value VALUES (?1, ?2, ?3)")?
                .execute(params![store, key, value])
        })?;
        Ok(())
    }

    /// Takes away what is under `key`, if anything.
    pub(crate) fn delete_value(&self, store: &str, key: &str) -> Result<()> {
        self.with(|connection| {
            connection
                .prepare_cached("DELETE FROM key_value WHERE store = ?1 AND key = ?2")?
                .execute(params![store, key])
        })?;
        Ok(())
    }

    /// Every key of `store`, in order.
    pub(crate) fn keys(&self, store: &str) -> Result<Vec<String>> {
        let keys: Vec<String> = self.with(|connection| {
            connection
                .prepare_cached("SELECT key FROM key_value WHERE store = ?1 ORDER BY key LIMIT ?2")?
                .query_map(params![store, KEYS_MAX + 1], |row| row.get(0))?
                .collect()
        })?;
        if keys.len() > KEYS_MAX {
            return Err(Error::TooLarge("more than 100,000 keys cannot be listed"));
        }
        Ok(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_what_was_set_last() {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::open(folder.path().join("firstframe.sqlite")).unwrap();
        assert_eq!(index.value("default", "a").unwrap(), None);
        index.set_value("default", "a", b"1").unwrap();
        index.set_value("default", "a", b"2").unwrap();
        index.set_value("default", "b", b"").unwrap();
        index.set_value("other", "c", b"3").unwrap();
        assert_eq!(index.value("default", "a").unwrap().unwrap(), b"2");
        assert_eq!(index.keys("default").unwrap(), ["a", "b"]);
        assert!(index.has_value("default", "b").unwrap());
        index.delete_value("default", "b").unwrap();
        index.delete_value("default", "b").unwrap();
        assert!(!index.has_value("default", "b").unwrap());
    }

    #[test]
    fn sizes_have_their_caps() {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::open(folder.path().join("firstframe.sqlite")).unwrap();
        index.set_value("default", &"k".repeat(255), &vec![0; 1_000_000]).unwrap();
        assert!(index.set_value("default", &"k".repeat(256), b"").is_err());
        assert!(index.set_value("default", "", b"").is_err());
        assert!(index.set_value("default", "k", &vec![0; 1_000_001]).is_err());
    }
}
