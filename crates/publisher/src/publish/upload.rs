//! Uploads one film into the object store: linked where the server can reach the file, else sent in
//! parts, so that a later run resumes an upload that was interrupted.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::summary::Summary;
use crate::deployment::object_store::{ObjectStore, UploadedPart};
use crate::deployment::object_store_response::PendingUpload;
use crate::film::file::{FileStamp, read_at};
use crate::film::probe::ProbedFilm;
use crate::library_folder::open_regular;
use crate::output::console::Console;
use crate::parallel::in_parallel;

/// Bytes of a part: S3 wants at least 5 MiB, and a cut costs at most this much again.
const PART_BYTES_MIN: u64 = 16 << 20;
/// Parts that S3 allows.
const PARTS_MAX: u64 = 10_000;
/// Parts that are sent at once: two keep a line busy while a third is read; 48 MiB of memory.
const PARALLEL: usize = 3;

/// What became of a film.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UploadOutcome {
    /// The store had it already.
    Present,
    Linked,
    Sent,
    /// The file changed since it was probed.
    Changed,
}

/// Uploads films into one object store.
pub(crate) struct Uploads<'a> {
    pub(crate) store: &'a ObjectStore<'a>,
    /// Folder of the server on this machine.
    pub(crate) incoming: Option<&'a Path>,
    /// Uploads that earlier runs left incomplete.
    pub(crate) pending: Vec<PendingUpload>,
    pub(crate) console: &'a Console,
}

impl Uploads<'_> {
    /// Uploads one film, unless the store has it.
    pub(crate) fn film(&self, film: &ProbedFilm, summary: &mut Summary) -> Result<UploadOutcome> {
        let key = api::paths::media_key(&film.source_id);
        if self.store.size(&key)? == Some(film.stamp.size_bytes) {
            self.remove_leftovers(&key, &film.source_id);
            summary.present += 1;
            return Ok(UploadOutcome::Present);
        }
        if is_changed(film) {
            return Ok(UploadOutcome::Changed);
        }
        let outcome = if self.link(film, &key) {
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
            // The key is made from the film's bytes, and these are other bytes.
            self.store.delete(&key)?;
            return Ok(UploadOutcome::Changed);
        }
        let size = self.store.size(&key)?;
        if size != Some(film.stamp.size_bytes) {
            bail!("{key} was stored and has {size:?} bytes instead of {}", film.stamp.size_bytes);
        }
        Ok(outcome)
    }

    /// Removes what earlier runs left behind of a film that is stored.
    fn remove_leftovers(&self, key: &str, source_id: &str) {
        for upload in self.pending.iter().filter(|upload| upload.key == key) {
            let _ = self.store.abort(key, &upload.upload_id);
        }
        if let Some(incoming) = self.incoming {
            let _ = fs::remove_file(incoming.join(source_id));
        }
    }

    /// Has the server link the file. `false` where it cannot: then the film is sent.
    fn link(&self, film: &ProbedFilm, key: &str) -> bool {
        let Some(incoming) = self.incoming else { return false };
        let link = incoming.join(&film.source_id);
        // A run that was killed may have left one.
        let _ = fs::remove_file(&link);
        if fs::hard_link(&film.path, &link).is_err() {
            return false;
        }
        let Err(error) = self.store.link(&film.source_id, key) else { return true };
        // The response was lost, and the film is linked.
        if self.store.size(key).is_ok_and(|size| size == Some(film.stamp.size_bytes)) {
            return true;
        }
        let _ = fs::remove_file(&link);
        self.console.line(format_args!("  cannot be linked ({error:#}): sending it"));
        false
    }

    /// Sends a film: how many bytes that took, or `None` where the file changed meanwhile.
    fn send(&self, film: &ProbedFilm, key: &str) -> Result<Option<u64>> {
        if film.stamp.size_bytes <= PART_BYTES_MIN {
            self.send_whole(film, key)
        } else {
            self.send_in_parts(film, key)
        }
    }

    fn send_whole(&self, film: &ProbedFilm, key: &str) -> Result<Option<u64>> {
        let size = film.stamp.size_bytes;
        let mut bytes = Vec::new();
        open_regular(&film.path)
            .and_then(|file| file.take(PART_BYTES_MIN + 1).read_to_end(&mut bytes))
            .with_context(|| format!("reading {}", film.path.display()))?;
        if is_changed(film) || bytes.len() as u64 != size {
            return Ok(None);
        }
        self.store.put(key, &bytes)?;
        self.console.sent(size);
        Ok(Some(size))
    }

    fn send_in_parts(&self, film: &ProbedFilm, key: &str) -> Result<Option<u64>> {
        let size = film.stamp.size_bytes;
        let part_bytes = part_bytes(size);
        let (upload_id, stored) = self.resume(key, size, part_bytes)?;
        let stored_bytes: u64 = stored.values().map(|part| part.size_bytes).sum();
        if stored_bytes > 0 {
            self.console.line(format_args!("  resumes: the store has {} parts", stored.len()));
            self.console.sent(stored_bytes);
        }
        let mut missing = parts(size, part_bytes);
        missing.retain(|part| !stored.contains_key(&part.number));
        let mut etags: BTreeMap<u16, String> =
            stored.into_iter().map(|(number, part)| (number, part.etag)).collect();
        let sent =
            in_parallel(missing, PARALLEL, |part| self.send_part(film, key, &upload_id, &part));
        if is_changed(film) {
            self.store.abort(key, &upload_id)?;
            return Ok(None);
        }
        etags.extend(sent?);
        let etags: Vec<String> = etags.into_values().collect();
        if let Err(error) = self.store.complete(key, &upload_id, &etags) {
            // The response was lost, or another run completed the same film.
            if self.store.size(key)? != Some(size) {
                return Err(error);
            }
        }
        Ok(Some(size - stored_bytes))
    }

    fn send_part(
        &self,
        film: &ProbedFilm,
        key: &str,
        upload_id: &str,
        part: &FilePart,
    ) -> Result<(u16, String)> {
        let mut opened =
            open_regular(&film.path).with_context(|| format!("opening {}", film.path.display()))?;
        let bytes = read_at(&mut opened, part.start, part.length)
            .with_context(|| format!("reading {}", film.path.display()))?;
        let etag = self.store.put_part(key, upload_id, part.number, &bytes)?;
        self.console.sent(part.length);
        Ok((part.number, etag))
    }

    /// The newest pending upload of this key with its parts, else a new one. Older ones are aborted.
    fn resume(
        &self,
        key: &str,
        size: u64,
        part_bytes: u64,
    ) -> Result<(String, BTreeMap<u16, UploadedPart>)> {
        let mut pending = self.pending.iter().filter(|upload| upload.key == key).rev();
        let mut found = None;
        for upload in pending.by_ref() {
            if let Some(mut parts) = self.store.parts(key, &upload.upload_id)? {
                parts.retain(|number, part| is_part(*number, part, size, part_bytes));
                found = Some((upload.upload_id.clone(), parts));
                break;
            }
        }
        for stale in pending {
            self.store.abort(key, &stale.upload_id)?;
        }
        match found {
            Some(found) => Ok(found),
            None => Ok((self.store.create_upload(key)?, BTreeMap::new())),
        }
    }
}

fn is_changed(film: &ProbedFilm) -> bool {
    FileStamp::of(&film.path).ok() != Some(film.stamp)
}

/// A part of a film's file.
struct FilePart {
    /// From 1.
    number: u16,
    start: u64,
    length: u64,
}

fn parts(size: u64, part_bytes: u64) -> Vec<FilePart> {
    (1..)
        .zip(0..size.div_ceil(part_bytes))
        .map(|(number, position)| {
            let start = position * part_bytes;
            FilePart { number, start, length: part_bytes.min(size - start) }
        })
        .collect()
}

/// Bytes of a part: whole MiB, so that every run divides a film in the same way.
fn part_bytes(size: u64) -> u64 {
    const MIB: u64 = 1 << 20;
    size.div_ceil(PARTS_MAX).div_ceil(MIB).saturating_mul(MIB).max(PART_BYTES_MIN)
}

/// Whether a stored part is cut as this version cuts: a run of another version may differ.
fn is_part(number: u16, part: &UploadedPart, size: u64, part_bytes: u64) -> bool {
    let Some(position) = u64::from(number).checked_sub(1) else { return false };
    let start = position.saturating_mul(part_bytes);
    start < size && part.size_bytes == part_bytes.min(size - start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_size_keeps_parts_few_enough_and_large_enough() {
        for size in [1, PART_BYTES_MIN, 10 << 30, 5 << 40, u64::from(u32::MAX)] {
            let part = part_bytes(size);
            assert!(part >= PART_BYTES_MIN && size.div_ceil(part) <= PARTS_MAX, "{size}");
        }
    }

    #[test]
    fn stored_part_of_another_size_is_not_reused() {
        let part = |size_bytes| UploadedPart { etag: String::new(), size_bytes };
        let size = PART_BYTES_MIN + 5;
        assert!(is_part(1, &part(PART_BYTES_MIN), size, PART_BYTES_MIN));
        assert!(is_part(2, &part(5), size, PART_BYTES_MIN));
        for (number, bytes) in [(0, 5), (1, 5), (2, 6), (3, 5), (u16::MAX, 0)] {
            assert!(!is_part(number, &part(bytes), size, PART_BYTES_MIN), "{number}");
        }
    }
}
