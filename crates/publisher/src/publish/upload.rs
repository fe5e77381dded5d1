//! Brings one film into the object store: linked where the server can reach the file, else sent in
//! parts that survive the end of this process.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use anyhow::{Context, Result, anyhow, bail};

use super::summary::Summary;
use crate::deployment::object_store::{ObjectStore, PendingUpload, UploadedPart};
use crate::film::probe::{FileStamp, ProbedFilm};
use crate::output::console::Console;

/// Bytes of a part: S3 wants at least 5 MiB, and a cut costs at most this much again.
const PART_BYTES_MIN: u64 = 16 << 20;
/// Parts that S3 allows.
const PARTS_MAX: u64 = 10_000;
/// Parts on their way at once: two keep a line busy while a third is read; 48 MiB of memory.
const PARALLEL: usize = 3;

/// What came of a film.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UploadOutcome {
    /// The store had it.
    Present,
    Linked,
    Sent,
    /// The file is another one than the one that was probed.
    Changed,
}

/// What uploads need.
pub(crate) struct Uploads<'a> {
    pub(crate) store: &'a ObjectStore<'a>,
    /// Folder of the server on this machine.
    pub(crate) incoming: Option<&'a Path>,
    /// What earlier runs began.
    pub(crate) pending: Vec<PendingUpload>,
    pub(crate) console: &'a Console,
}

impl Uploads<'_> {
    /// Brings one film in, unless it is there.
    pub(crate) fn film(&self, film: &ProbedFilm, summary: &mut Summary) -> Result<UploadOutcome> {
        let key = api::paths::media_key(&film.source_id);
        if self.store.size(&key)? == Some(film.stamp.size_bytes) {
            self.tidy(&key, &film.source_id);
            summary.there += 1;
            return Ok(UploadOutcome::Present);
        }
        if is_changed(film) {
            return Ok(UploadOutcome::Changed);
        }
        let brought = if self.link(film, &key) {
            summary.linked_bytes += film.stamp.size_bytes;
            UploadOutcome::Linked
        } else {
            self.console.begin(&film.path.display().to_string(), film.stamp.size_bytes);
            let sent = self.send(film, &key);
            self.console.end();
            let Some(bytes) = sent? else { return Ok(UploadOutcome::Changed) };
            summary.sent_bytes += bytes;
            UploadOutcome::Sent
        };
        if is_changed(film) {
            // The key says which bytes these are, and they are not: nobody may find them there.
            self.store.delete(&key)?;
            return Ok(UploadOutcome::Changed);
        }
        let size = self.store.size(&key)?;
        if size != Some(film.stamp.size_bytes) {
            bail!("{key} was stored and has {size:?} bytes instead of {}", film.stamp.size_bytes);
        }
        Ok(brought)
    }

    /// What earlier runs began for a film that is there.
    fn tidy(&self, key: &str, source_id: &str) {
        for begun in self.pending.iter().filter(|begun| begun.key == key) {
            let _ = self.store.abort(key, &begun.upload_id);
        }
        if let Some(incoming) = self.incoming {
            let _ = fs::remove_file(incoming.join(source_id));
        }
    }

    /// Gives the server a second name of the file; where that cannot be, it is to be sent.
    fn link(&self, film: &ProbedFilm, key: &str) -> bool {
        let Some(incoming) = self.incoming else { return false };
        let link = incoming.join(&film.source_id);
        // A run that was killed may have left it.
        let _ = fs::remove_file(&link);
        if fs::hard_link(&film.path, &link).is_err() {
            return false;
        }
        let Err(error) = self.store.link(&film.source_id, key) else { return true };
        // An answer that was lost, with the film in its place.
        if self.store.size(key).is_ok_and(|size| size == Some(film.stamp.size_bytes)) {
            return true;
        }
        let _ = fs::remove_file(&link);
        self.console.line(format_args!("  cannot be linked ({error:#}), so it is sent"));
        false
    }

    /// Sends a film; how many bytes that took, or none where the file changed meanwhile.
    fn send(&self, film: &ProbedFilm, key: &str) -> Result<Option<u64>> {
        let size = film.stamp.size_bytes;
        if size <= PART_BYTES_MIN {
            let mut bytes = Vec::new();
            File::open(&film.path)
                .and_then(|file| file.take(PART_BYTES_MIN + 1).read_to_end(&mut bytes))
                .with_context(|| format!("reading {}", film.path.display()))?;
            if is_changed(film) || bytes.len() as u64 != size {
                return Ok(None);
            }
            self.store.put(key, &bytes)?;
            self.console.sent(size);
            return Ok(Some(size));
        }
        let part_bytes = part_bytes(size);
        let (upload_id, there) = self.resume(key, size, part_bytes)?;
        let parts: Vec<(u16, u64, u64)> = (1..)
            .zip(0..size.div_ceil(part_bytes))
            .map(|(number, place)| {
                let start = place * part_bytes;
                (number, start, part_bytes.min(size - start))
            })
            .collect();
        let had: u64 = there.values().map(|part| part.size_bytes).sum();
        if had > 0 {
            self.console.line(format_args!("  goes on: {} parts of it are there", there.len()));
            self.console.sent(had);
        }
        let missing: Vec<_> =
            parts.iter().copied().filter(|(number, ..)| !there.contains_key(number)).collect();
        let mut etags: BTreeMap<u16, String> =
            there.into_iter().map(|(number, part)| (number, part.etag)).collect();
        let sent = self.send_parts(film, key, &upload_id, missing);
        if is_changed(film) {
            self.store.abort(key, &upload_id)?;
            return Ok(None);
        }
        etags.extend(sent?);
        let etags: Vec<String> = etags.into_values().collect();
        if let Err(error) = self.store.complete(key, &upload_id, &etags) {
            // An answer that was lost, or another run that was faster.
            if self.store.size(key)? != Some(size) {
                return Err(error);
            }
        }
        Ok(Some(size - had))
    }

    /// The newest upload that was begun for this key with the parts that it has, else a new one.
    fn resume(
        &self,
        key: &str,
        size: u64,
        part_bytes: u64,
    ) -> Result<(String, BTreeMap<u16, UploadedPart>)> {
        let mut begun = self.pending.iter().filter(|begun| begun.key == key).rev();
        let mut found = None;
        for begun in begun.by_ref() {
            if let Some(mut parts) = self.store.parts(key, &begun.upload_id)? {
                parts.retain(|number, part| is_part(*number, part, size, part_bytes));
                found = Some((begun.upload_id.clone(), parts));
                break;
            }
        }
        for stale in begun {
            self.store.abort(key, &stale.upload_id)?;
        }
        match found {
            Some(found) => Ok(found),
            None => Ok((self.store.create_upload(key)?, BTreeMap::new())),
        }
    }

    fn send_parts(
        &self,
        film: &ProbedFilm,
        key: &str,
        upload_id: &str,
        parts: Vec<(u16, u64, u64)>,
    ) -> Result<Vec<(u16, String)>> {
        let workers = PARALLEL.min(parts.len());
        let queue = Mutex::new((parts.into_iter(), Vec::new(), None));
        let worker = || -> Result<()> {
            let mut bytes_of = File::open(&film.path)?;
            loop {
                let taken = match queue.lock() {
                    Ok(mut queue) if queue.2.is_none() => queue.0.next(),
                    _ => None,
                };
                let Some((number, start, length)) = taken else { return Ok(()) };
                let mut bytes = vec![0; usize::try_from(length)?];
                bytes_of.seek(SeekFrom::Start(start))?;
                bytes_of
                    .read_exact(&mut bytes)
                    .with_context(|| format!("reading {}", film.path.display()))?;
                let etag = self.store.put_part(key, upload_id, number, &bytes)?;
                self.console.sent(length);
                if let Ok(mut queue) = queue.lock() {
                    queue.1.push((number, etag));
                }
            }
        };
        thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    if let Err(error) = worker()
                        && let Ok(mut queue) = queue.lock()
                    {
                        queue.2.get_or_insert(error);
                    }
                });
            }
        });
        let (_, etags, failed) =
            queue.into_inner().map_err(|_| anyhow!("a thread that sends parts has panicked"))?;
        failed.map_or(Ok(etags), Err)
    }
}

fn is_changed(film: &ProbedFilm) -> bool {
    FileStamp::of(&film.path).ok() != Some(film.stamp)
}

/// Whole MiB, so that every run cuts a film in the same places.
fn part_bytes(size: u64) -> u64 {
    const MIB: u64 = 1 << 20;
    size.div_ceil(PARTS_MAX).div_ceil(MIB).saturating_mul(MIB).max(PART_BYTES_MIN)
}

/// Whether a part is one of ours: a run of another version may have cut elsewhere.
fn is_part(number: u16, part: &UploadedPart, size: u64, part_bytes: u64) -> bool {
    let Some(place) = u64::from(number).checked_sub(1) else { return false };
    let start = place.saturating_mul(part_bytes);
    start < size && part.size_bytes == part_bytes.min(size - start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_few_enough_and_large_enough() {
        for size in [1, PART_BYTES_MIN, 10 << 30, 5 << 40, u64::from(u32::MAX)] {
            let part = part_bytes(size);
            assert!(part >= PART_BYTES_MIN && size.div_ceil(part) <= PARTS_MAX, "{size}");
        }
    }

    #[test]
    fn a_part_of_another_size_is_sent_again() {
        let part = |size_bytes| UploadedPart { etag: String::new(), size_bytes };
        let size = PART_BYTES_MIN + 5;
        assert!(is_part(1, &part(PART_BYTES_MIN), size, PART_BYTES_MIN));
        assert!(is_part(2, &part(5), size, PART_BYTES_MIN));
        for (number, bytes) in [(0, 5), (1, 5), (2, 6), (3, 5), (u16::MAX, 0)] {
            assert!(!is_part(number, &part(bytes), size, PART_BYTES_MIN), "{number}");
        }
    }
}
