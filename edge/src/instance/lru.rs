//! A few values by key: those used last.

/// Values by key, least recently used first, at most `COUNT_MAX` of them.
#[derive(Debug)]
pub(super) struct LruMap<V, const COUNT_MAX: usize>(Vec<(String, V)>);

impl<V, const COUNT_MAX: usize> Default for LruMap<V, COUNT_MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V, const COUNT_MAX: usize> LruMap<V, COUNT_MAX> {
    /// The value of a key, which is thereby the last one used.
    pub(super) fn get(&mut self, key: &str) -> Option<&mut V> {
        let at = self.0.iter().position(|(known, _)| known == key)?;
        let entry = self.0.remove(at);
        self.0.push(entry);
        self.0.last_mut().map(|(_, value)| value)
    }

    /// Puts a value in place of any other, and forgets what was not used for longest.
    pub(super) fn put(&mut self, key: &str, value: V) {
        self.remove(key);
        if self.0.len() == COUNT_MAX {
            self.0.remove(0);
        }
        self.0.push((key.to_owned(), value));
    }

    /// Forgets a value.
    pub(super) fn remove(&mut self, key: &str) {
        self.0.retain(|(known, _)| known != key);
    }

    /// Forgets every value whose key begins like this.
    pub(super) fn remove_under(&mut self, prefix: &str) {
        self.0.retain(|(known, _)| !known.starts_with(prefix));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_used_goes_first() {
        let mut map = LruMap::<u8, 2>::default();
        map.put("a", 1);
        map.put("b", 2);
        assert_eq!(map.get("a"), Some(&mut 1));
        map.put("c", 3);
        assert_eq!(map.get("b"), None);
        map.put("a", 4);
        assert_eq!(map.get("a"), Some(&mut 4));
        assert_eq!(map.0.len(), 2);
        map.remove_under("a");
        assert_eq!(map.0, [("c".to_owned(), 3)]);
    }
}
