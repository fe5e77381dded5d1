//! Lists of objects, page by page, as S3 has them.

use super::{
    DataFolder, Result,
    objects::{COLUMNS, Object},
};

/// Objects and prefixes on one page of a list: S3's cap.
pub(crate) const LIST_PAGE_MAX: usize = 1000;

/// One page of a list.
#[derive(Debug, Default)]
pub(crate) struct ListPage {
    pub(crate) objects: Vec<Object>,
    pub(crate) prefixes: Vec<String>,
    /// Where the next page starts, if there is one.
    pub(crate) next: Option<String>,
}

impl DataFolder {
    /// Lists, in order, the objects whose keys start with `prefix` and come after `after`. Keys with
    /// `delimiter` behind the prefix are listed as one common prefix.
    pub(crate) fn list_objects(
        &self,
        prefix: &str,
        delimiter: &str,
        after: &str,
        count: usize,
    ) -> Result<ListPage> {
        let count = count.min(LIST_PAGE_MAX);
        let mut page = ListPage::default();
        if count == 0 {
            return Ok(page);
        }
        let select = format!(
            "SELECT {COLUMNS} FROM objects WHERE key > ?1 AND key >= ?2 ORDER BY key LIMIT 1"
        );
        let mut after = after.to_owned();
        let mut last = None;
        loop {
            let next =
                self.database.query_first(&select, [after.as_str(), prefix], Object::from_row)?;
            let Some(object) = next.filter(|object| object.key.starts_with(prefix)) else {
                return Ok(page);
            };
            if page.objects.len() + page.prefixes.len() == count {
                page.next = last;
                return Ok(page);
            }
            after = page.push(object, prefix, delimiter);
            last = Some(after.clone());
        }
    }
}

impl ListPage {
    /// Adds an object or its common prefix; returns the string after which the next key comes.
    fn push(&mut self, object: Object, prefix: &str, delimiter: &str) -> String {
        if let Some(common) = common_prefix(&object.key, prefix, delimiter) {
            // Sorts behind every key that starts with the common prefix.
            let after = format!("{common}{}", char::MAX);
            self.prefixes.push(common);
            return after;
        }
        let after = object.key.clone();
        self.objects.push(object);
        after
    }
}

/// The part of `key` up to the first delimiter behind the prefix (S3's `CommonPrefixes`).
fn common_prefix(key: &str, prefix: &str, delimiter: &str) -> Option<String> {
    if delimiter.is_empty() {
        return None;
    }
    let at = key.get(prefix.len()..)?.find(delimiter)?;
    key.get(..prefix.len() + at + delimiter.len()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_has_pages_and_common_prefixes() {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(root.path(), None).unwrap();
        for key in ["image/1", "media/1", "media/2", "media/x/1", "media/x/2", "z"] {
            let blob = folder.create_blob(8).unwrap();
            folder.put_object(key, None, blob).unwrap();
        }
        let page = folder.list_objects("media/", "/", "", 2).unwrap();
        let keys: Vec<_> = page.objects.iter().map(|object| object.key.as_str()).collect();
        assert_eq!(keys, ["media/1", "media/2"]);
        let page = folder.list_objects("media/", "/", &page.next.unwrap(), 2).unwrap();
        assert_eq!((page.prefixes, page.next), (vec!["media/x/".to_owned()], None));
        let page = folder.list_objects("", "/", "", 1000).unwrap();
        assert_eq!((page.objects.len(), page.prefixes.len(), page.next), (1, 2, None));
        assert_eq!(folder.list_objects("", "", "", 1000).unwrap().objects.len(), 6);
    }
}
