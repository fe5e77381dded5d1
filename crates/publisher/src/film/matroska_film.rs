//! Films in Matroska and WebM: read from their first byte to their last, because nothing in them says
//! where their frames lie.

use std::fs::File;
use std::io;

use matroska::Scan;
use mp4::Index;

use super::file::read_at;
use super::found_film::{Container, FoundFilm, is_whole};
use super::reason::{Reason, unreadable};

/// What a film plays up to, for people.
const CUT: &str = "; the file ends within a frame: it plays up to there";

/// The film in a file that begins with [`matroska::MAGIC`].
pub(super) fn probe(file: &mut File, size_bytes: u64) -> Result<FoundFilm, Reason> {
    let scan = scan(file, size_bytes).map_err(unreadable)?.map_err(broken)?;
    let container = if scan.is_webm() { Container::WebM } else { Container::Matroska };
    let note = if scan.is_cut() { CUT } else { "" };
    let moov = scan.moov().map_err(broken)?;
    let mut index = Index::parse(moov).map_err(|why| format!("is broken: {why}"))?;
    index.playable().map_err(|why| format!("does not play: {why}"))?;
    is_whole(file, &mut index, size_bytes)?;
    Ok(FoundFilm { container, index, note })
}

/// A `moov` box that names the film's frames.
pub(crate) fn moov(file: &mut File, size_bytes: u64) -> io::Result<Vec<u8>> {
    let scanned = scan(file, size_bytes)?.and_then(Scan::moov);
    scanned.map_err(io::Error::other)
}

fn scan(file: &mut File, size_bytes: u64) -> io::Result<matroska::Result<Scan>> {
    let mut scan = Scan::new(size_bytes);
    while let Some(need) = scan.need() {
        let bytes = read_at(file, need.start, need.len())?;
        if let Err(why) = scan.feed(need.start, &bytes) {
            return Ok(Err(why));
        }
    }
    Ok(Ok(scan))
}

fn broken(error: matroska::Error) -> Reason {
    if error.is_limit() { format!("is not read: {error}") } else { format!("is broken: {error}") }
}
