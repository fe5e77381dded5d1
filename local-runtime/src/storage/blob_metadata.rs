//! Metadata of an object, beside its row, in an extended attribute of its blob: `--rebuild` makes the row
//! from it when the database is lost. File systems without such attributes do not keep it.

use std::path::Path;

use rustix::{
    fs::{XattrFlags, getxattr, removexattr, setxattr},
    io::Errno,
};

use super::{DataFolder, ObjectMetadata, Result};

/// Bytes of the longest attribute that Linux has.
const ATTRIBUTE_BYTES_MAX: usize = 64 << 10;

/// The name of the attribute. Blobs may be links to one file, so that each has an attribute of its own.
fn attribute(blob: &str) -> String {
    let id = blob.split('.').next().unwrap_or_default();
    format!("user.firstframe.{id}")
}

/// Notes the metadata of the object whose blob is in this folder, unless it is noted already. Nothing but a
/// rebuild needs it.
pub(super) fn note(folder: &Path, blob: &str, json: &str) {
    let noted = setxattr(folder.join(blob), attribute(blob), json.as_bytes(), XattrFlags::CREATE);
    if let Err(error) =
        noted.or_else(|error| if error == Errno::EXIST { Ok(()) } else { Err(error) })
    {
        tracing::debug!(blob, %error, "a rebuild would not know the metadata of this object");
    }
}

/// The metadata that is noted of the blob at this path; `None` where there is none.
pub(super) fn of(path: &Path) -> Option<ObjectMetadata> {
    let mut json = vec![0; ATTRIBUTE_BYTES_MAX];
    let length = getxattr(path, attribute(path.file_name()?.to_str()?), &mut *json).ok()?;
    serde_json::from_slice(json.get(..length)?).ok()
}

/// Removes what is noted of a blob, whose file may have other names.
pub(super) fn remove(folder: &Path, blob: &str) {
    // Most blobs have none.
    let _absent = removexattr(folder.join(blob), attribute(blob));
}

impl DataFolder {
    /// Notes the metadata of all objects: a restore, and versions before this one, did not.
    pub(super) fn note_metadata(&self) -> Result<()> {
        let select = "SELECT blob, metadata FROM objects WHERE metadata IS NOT NULL";
        let rows: Vec<(String, String)> =
            self.database.query_all(select, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (blob, json) in &rows {
            note(&self.objects, blob, json);
        }
        Ok(())
    }
}
