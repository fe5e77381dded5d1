//! Deletes films and pictures of the object store that no title has: an interrupted run leaves them.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use catalog::Title;

use crate::deployment::admin_api::AdminApi;
use crate::deployment::current_catalog;
use crate::deployment::dropped_media::DroppedMedia;
use crate::deployment::object_store::{ObjectStore, StoredObject};
use crate::deployment::target::Deployment;
use crate::output::console::Console;

/// How long an object stays that no title has: a publisher stores films before it makes its titles
/// current.
const GRACE: Duration = Duration::from_hours(24);

/// Deletes films, start indexes and pictures that no title of the catalog has and that were stored more
/// than a day ago, and reports on standard output. The answer is whether all of them were deleted.
///
/// # Errors
/// The deployment does not answer, or has no catalog. Then nothing was done.
pub fn remove_unused(deployment: &Deployment, dry_run: bool) -> Result<bool> {
    let console = Console::new();
    let admin = AdminApi::new(&deployment.api, &console)?;
    let Some((_, unused)) = find(deployment, &admin, &console, GRACE)? else {
        bail!("the deployment has no catalog, so nothing says which films are used");
    };
    if dry_run {
        console.line(format_args!("Would delete {unused} that no title has."));
        return Ok(true);
    }
    let is_done = unused.delete(&admin, &console);
    console.line(format_args!("Deleted {unused} that no title had."));
    Ok(is_done)
}

/// Films and pictures of a server that no title of its catalog has, for the server itself, which prints
/// nothing.
pub struct UnusedMedia(DroppedMedia);

impl UnusedMedia {
    /// What no title has and was stored before `age`, or a day ago; `None` where the catalog has no title:
    /// it may be lost, and nothing says which films are used.
    ///
    /// # Errors
    /// The server does not answer.
    pub fn find(deployment: &Deployment, age: Duration) -> Result<Option<Self>> {
        let console = Console::silent();
        let admin = AdminApi::new(&deployment.api, &console)?;
        let found = find(deployment, &admin, &console, age.min(GRACE))?;
        Ok(found.filter(|(title_count, _)| *title_count > 0).map(|(_, unused)| Self(unused)))
    }

    /// Ids of the films and pictures.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.films.keys().chain(&self.0.pictures).map(String::as_str)
    }

    /// Only those with these ids.
    #[must_use]
    pub fn only(mut self, ids: &HashSet<String>) -> Self {
        self.0.films.retain(|id, _| ids.contains(id));
        self.0.pictures.retain(|id| ids.contains(id));
        self
    }

    /// Deletes them from every store; whether all of them are deleted.
    ///
    /// # Errors
    /// The server does not answer.
    pub fn delete(&self, deployment: &Deployment) -> Result<bool> {
        let console = Console::silent();
        let admin = AdminApi::new(&deployment.api, &console)?;
        Ok(self.0.delete(&admin, &console))
    }
}

impl std::fmt::Display for UnusedMedia {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// How many titles the catalog has, and what none of them has and was stored before `age`; `None` where
/// there is no catalog.
fn find(
    deployment: &Deployment,
    admin: &AdminApi<'_>,
    console: &Console,
    age: Duration,
) -> Result<Option<(usize, DroppedMedia)>> {
    let store = ObjectStore::new(&deployment.object_store, console)?;
    if admin.first_root()?.is_none() {
        return Ok(None);
    }
    let mut objects = Vec::new();
    for prefix in ["media/", "index/", "image/"] {
        objects.extend(store.list(prefix)?);
    }
    // Read after the objects were listed: what was published meanwhile is used.
    let current = current_catalog::read(admin, admin.root()?)?;
    let used: HashSet<&str> = current.titles.values().flat_map(Title::media).collect();
    let unused = unused(&objects, &used, &stored_before(now(), age));
    Ok(Some((current.titles.len(), unused)))
}

#[expect(clippy::disallowed_methods, reason = "the time of this run is read here and nowhere else")]
fn now() -> SystemTime {
    SystemTime::now()
}

/// What no title has and was stored before `before`, a time in ISO 8601.
fn unused(objects: &[StoredObject], used: &HashSet<&str>, before: &str) -> DroppedMedia {
    let mut films: BTreeMap<String, u64> = BTreeMap::new();
    let (mut pictures, mut recent) = (BTreeSet::new(), HashSet::new());
    for object in objects {
        let Some((kind, rest)) = object.key.split_once('/') else { continue };
        let id = rest.split('/').next().unwrap_or_default();
        if used.contains(id) || !api::limits::is_id(id) {
            continue;
        }
        if object.modified.as_str() >= before {
            recent.insert(id);
        } else if kind == "image" {
            pictures.insert(id.to_owned());
        } else {
            *films.entry(id.to_owned()).or_default() += object.size_bytes;
        }
    }
    films.retain(|id, _| !recent.contains(id.as_str()));
    pictures.retain(|id| !recent.contains(id.as_str()));
    DroppedMedia { films, pictures }
}

/// The time `age` before `now`, as S3 writes times.
fn stored_before(now: SystemTime, age: Duration) -> String {
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().saturating_sub(age).as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Days since 0000-03-01 in years that begin in March, so that a leap day ends its year.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let year = 400 * era + year + u64::from(month >= 10);
    let month = if month < 10 { month + 3 } else { month - 9 };
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_old_objects_that_no_title_has_are_unused() {
        let object = |key: &str, modified: &str| StoredObject {
            key: key.to_owned(),
            size_bytes: 5,
            modified: format!("{modified}.000Z"),
        };
        let objects = [
            object("media/used", "2026-01-01T00:00:00"),
            object("index/used/root.1", "2026-01-01T00:00:00"),
            object("media/old", "2026-01-01T00:00:00"),
            object("index/old/root.1", "2026-01-01T00:00:00"),
            object("index/lost/root.1", "2026-01-01T00:00:00"),
            object("media/new", "2026-02-01T00:00:00"),
            object("index/new/root.1", "2026-01-01T00:00:00"),
            object("image/old", "2026-01-01T00:00:00"),
            object("image/used", "2026-01-01T00:00:00"),
            object("media/No id", "2026-01-01T00:00:00"),
        ];
        let unused = unused(&objects, &HashSet::from(["used"]), "2026-01-15T00:00:00");
        let films: Vec<_> = unused.films.iter().map(|(id, bytes)| (id.as_str(), *bytes)).collect();
        assert_eq!(films, [("lost", 5), ("old", 10)]);
        assert_eq!(unused.pictures.into_iter().collect::<Vec<_>>(), ["old"]);
    }

    #[test]
    fn grace_ends_a_day_ago() {
        for (seconds, wanted) in [
            (86_400, "1970-01-01T00:00:00"),
            (951_868_799, "2000-02-28T23:59:59"),
            (951_868_800, "2000-02-29T00:00:00"),
            (1_798_761_599, "2026-12-30T23:59:59"),
        ] {
            assert_eq!(stored_before(UNIX_EPOCH + Duration::from_secs(seconds), GRACE), wanted);
        }
    }
}
