//! Films in MP4: their `moov` box says where their frames lie.

use std::fs::File;

use mp4::limits::MOOV_BYTES_MAX;
use mp4::locate::{LocateStep, Locator};
use mp4::{ByteRange, Index};

use super::file::read_at;
use super::found_film::{Container, FoundFilm, is_whole};
use super::fragments;
use super::reason::{Reason, broken, unreadable};

/// Reads until `moov` is found: more than the locator itself walks.
const STEPS_MAX: u32 = 4 * mp4::limits::BOXES_BEFORE_MOOV_MAX;
/// Bytes of one read: the locator wants at most `MOOV_GUESS_BYTES`.
const STEP_BYTES_MAX: u64 = mp4::limits::MOOV_GUESS_BYTES;

/// The film in a file with this `moov` box, at `range`.
pub(super) fn probe(
    file: &mut File,
    size_bytes: u64,
    range: ByteRange,
    moov: Vec<u8>,
) -> Result<FoundFilm, Reason> {
    let mut index = Index::parse(moov).map_err(broken)?;
    index.set_file(range, Some(size_bytes));
    index.playable().map_err(|why| format!("does not play: {why}"))?;
    if index.is_fragmented() {
        // Its own length is known only when all of it was walked; what cannot be gathered still plays.
        let moov = read_at(file, range.start, range.len()).map_err(unreadable)?;
        let again = Index::parse(moov).map_err(broken)?;
        if let Ok(gathered) =
            fragments::gather(file, again, range, size_bytes).map_err(unreadable)?
        {
            index = gathered;
        }
    }
    is_whole(file, &mut index, size_bytes)?;
    Ok(FoundFilm { container: Container::Mp4(range), index, note: "" })
}

/// The byte range of the `moov` box, and its bytes. `head` is the beginning of the file.
pub(super) fn moov(
    file: &mut File,
    size_bytes: u64,
    head: Vec<u8>,
) -> Result<(ByteRange, Vec<u8>), Reason> {
    let mut locator = Locator::new(Some(size_bytes));
    locator.feed(0, &head);
    drop(head);
    for _ in 0..STEPS_MAX {
        match locator.next().map_err(broken)? {
            LocateStep::Need(range) => {
                let length = range.len().min(STEP_BYTES_MAX);
                let bytes = read_at(file, range.start, length).map_err(unreadable)?;
                locator.feed(range.start, &bytes);
            }
            LocateStep::Moov(range) if range.len() > MOOV_BYTES_MAX => {
                return Err(format!(
                    "is not read: its `moov` box has {} bytes, and at most {MOOV_BYTES_MAX} are",
                    range.len()
                ));
            }
            LocateStep::Moov(range) => {
                let bytes = read_at(file, range.start, range.len()).map_err(unreadable)?;
                return Ok((range, bytes));
            }
        }
    }
    Err(format!("is not a film: {STEPS_MAX} boxes and no `moov` among them"))
}
