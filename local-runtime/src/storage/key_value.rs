//! Key-value pairs, in named stores, as rows of the index database.

use rusqlite::params;

use super::{Error, IndexDatabase, Result};

/// Bytes of a key: the cap that Spin documents.
const KEY_BYTES_MAX: usize = 255;
/// Bytes of a value: the cap that Spin and Akamai document.
const VALUE_BYTES_MAX: usize = 1_000_000;
/// Keys in one list: at 255 bytes each, 25 MB.
const KEYS_MAX: usize = 100_000;

impl IndexDatabase {
    /// The value under `key`.
    pub(crate) fn value(&self, store: &str, key: &str) -> Result<Option<Vec<u8>>> {
        let select = "SELECT value FROM key_value WHERE store = ?1 AND key = ?2";
        self.query_first(select, [store, key], |row| row.get(0))
    }

    /// Whether there is a value under `key`.
    pub(crate) fn has_value(&self, store: &str, key: &str) -> Result<bool> {
        let select = "SELECT 1 FROM key_value WHERE store = ?1 AND key = ?2";
        Ok(self.query_first(select, [store, key], |_| Ok(()))?.is_some())
    }

    /// Stores `value` under `key`.
    pub(crate) fn set_value(&self, store: &str, key: &str, value: &[u8]) -> Result<()> {
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            return Err(Error::TooLarge("a key has 1 to 255 bytes"));
        }
        if value.len() > VALUE_BYTES_MAX {
            return Err(Error::TooLarge("a value has at most 1,000,000 bytes"));
        }
        let insert = "INSERT OR REPLACE INTO key_value VALUES (?1, ?2, ?3)";
        self.execute(insert, params![store, key, value])?;
        Ok(())
    }

    /// Deletes the value under `key`, if there is one.
    pub(crate) fn delete_value(&self, store: &str, key: &str) -> Result<()> {
        self.execute("DELETE FROM key_value WHERE store = ?1 AND key = ?2", [store, key])?;
        Ok(())
    }

    /// Every key of `store`, in order.
    pub(crate) fn keys(&self, store: &str) -> Result<Vec<String>> {
        let select = "SELECT key FROM key_value WHERE store = ?1 ORDER BY key LIMIT ?2";
        let keys: Vec<String> =
            self.query_all(select, params![store, KEYS_MAX + 1], |row| row.get(0))?;
        if keys.len() > KEYS_MAX {
            return Err(Error::TooLarge("a store with more than 100,000 keys cannot be listed"));
        }
        Ok(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database() -> (tempfile::TempDir, IndexDatabase) {
        let folder = tempfile::tempdir().unwrap();
        let database = IndexDatabase::open(folder.path().join("firstframe.sqlite")).unwrap();
        (folder, database)
    }

    #[test]
    fn value_is_the_one_that_was_set_last() {
        let (_folder, database) = database();
        assert_eq!(database.value("default", "a").unwrap(), None);
        database.set_value("default", "a", b"1").unwrap();
        database.set_value("default", "a", b"2").unwrap();
        database.set_value("default", "b", b"").unwrap();
        database.set_value("other", "c", b"3").unwrap();
        assert_eq!(database.value("default", "a").unwrap().unwrap(), b"2");
        assert_eq!(database.keys("default").unwrap(), ["a", "b"]);
        assert!(database.has_value("default", "b").unwrap());
        database.delete_value("default", "b").unwrap();
        database.delete_value("default", "b").unwrap();
        assert!(!database.has_value("default", "b").unwrap());
    }

    #[test]
    fn keys_and_values_have_their_caps() {
        let (_folder, database) = database();
        database.set_value("default", &"k".repeat(255), &vec![0; 1_000_000]).unwrap();
        assert!(database.set_value("default", &"k".repeat(256), b"").is_err());
        assert!(database.set_value("default", "", b"").is_err());
        assert!(database.set_value("default", "k", &vec![0; 1_000_001]).is_err());
    }
}
