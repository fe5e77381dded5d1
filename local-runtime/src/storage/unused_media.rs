//! Since when films and pictures are of no title, as far as the server has seen.

use std::{collections::HashSet, time::Duration};

use super::{DataFolder, Result};

impl DataFolder {
    /// Notes that the films and pictures with these ids, and no others, are of no title at the time
    /// `now_ms`. Returns those that have been of no title for `grace`.
    pub(crate) fn note_unused<'a>(
        &self,
        ids: impl Iterator<Item = &'a str>,
        now_ms: i64,
        grace: Duration,
    ) -> Result<HashSet<String>> {
        let ids: HashSet<&str> = ids.collect();
        let before_ms = now_ms.saturating_sub(i64::try_from(grace.as_millis()).unwrap_or(i64::MAX));
        let noted = self.database.query_all("SELECT id FROM unused_media", [], |row| row.get(0))?;
        self.database.transaction(|transaction| {
            let used = noted.iter().filter(|id: &&String| !ids.contains(id.as_str()));
            let mut delete =
                transaction.prepare_cached("DELETE FROM unused_media WHERE id = ?1")?;
            used.into_iter().try_for_each(|id| delete.execute([id]).map(drop))?;
            let insert = "INSERT OR IGNORE INTO unused_media (id, since_ms) VALUES (?1, ?2)";
            let mut insert = transaction.prepare_cached(insert)?;
            ids.iter().try_for_each(|id| insert.execute((id, now_ms)).map(drop))
        })?;
        let select = "SELECT id FROM unused_media WHERE since_ms <= ?1";
        let due = self.database.query_all(select, [before_ms], |row| row.get(0))?;
        Ok(due.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(10);

    #[test]
    fn media_is_due_when_it_was_unused_all_the_time() {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(root.path(), None).unwrap();
        let note = |ids: &[&str], now_ms: i64| {
            let due = folder.note_unused(ids.iter().copied(), now_ms, GRACE).unwrap();
            let mut due: Vec<_> = due.into_iter().collect();
            due.sort_unstable();
            due
        };
        assert_eq!(note(&["a", "b"], 1_000), Vec::<String>::new());
        // Meanwhile a title has `a`.
        assert_eq!(note(&["b"], 5_000), Vec::<String>::new());
        assert_eq!(note(&["a", "b"], 10_999), Vec::<String>::new());
        assert_eq!(note(&["a", "b"], 11_000), ["b"]);
        assert_eq!(note(&["a"], 20_999), ["a"]);
        assert_eq!(note(&[], 30_000), Vec::<String>::new());
    }
}
