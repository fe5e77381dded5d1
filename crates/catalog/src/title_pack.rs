//! Title packs: titles in order of their ids, one JSON object a line.

use crate::{Error, Result, Title, pack};

/// A pack is closed at the next fitting title once it has this many bytes: small enough to read
/// for one title, large enough that 25,000 titles need some 300 packs (Spin documents 1,024 keys).
const PACK_BYTES_MIN: usize = 128 * 1024;
/// One title in this many may begin a pack. Boundaries depend on ids, not on positions, so a title
/// added in the middle leaves nearly every other pack, and its hash, unchanged.
const BOUNDARY_ONE_IN: u8 = 8;

/// Finds a title in the pack that [`Manifest::pack_with_title`](crate::Manifest::pack_with_title)
/// names for it; `None` where the pack does not have it.
///
/// # Errors
/// The title's line is not the JSON of a title.
pub fn find_title(pack: &[u8], catalog_id: &str) -> Result<Option<Title>> {
    let opening = opening(catalog_id);
    let line = pack.split(|&b| b == b'\n').find(|line| line.starts_with(opening.as_bytes()));
    line.map(|line| {
        serde_json::from_slice(line)
            .map_err(|e| Error::Malformed { what: "title pack", detail: e.to_string() })
    })
    .transpose()
}

/// The first bytes of a title's line: its id is its first field, and an id needs no escapes.
fn opening(catalog_id: &str) -> String {
    format!("{{\"id\":\"{catalog_id}\",")
}

/// Packs of titles that are in order of their ids, each with the id of its first title.
pub(crate) fn write(titles: &[Title]) -> Result<Vec<(String, pack::Pack)>> {
    let mut packs = Vec::new();
    let mut first = String::new();
    let mut bytes: Vec<u8> = Vec::new();
    for title in titles {
        let line = line(title)?;
        let full = bytes.len() + line.len() > api::limits::VALUE_BYTES_MAX;
        if full || (bytes.len() >= PACK_BYTES_MIN && may_begin(&title.id)) {
            packs.push((first, pack::Pack::new(std::mem::take(&mut bytes))));
            first = String::new();
        }
        if bytes.is_empty() {
            first.clone_from(&title.id);
        }
        bytes.extend_from_slice(&line);
    }
    if !bytes.is_empty() {
        packs.push((first, pack::Pack::new(bytes)));
    }
    Ok(packs)
}

fn line(title: &Title) -> Result<Vec<u8>> {
    let what = || format!("the title `{}`", title.id);
    let mut line = serde_json::to_vec(title)
        .map_err(|e| Error::Malformed { what: "title", detail: e.to_string() })?;
    line.push(b'\n');
    if line.len() > api::limits::VALUE_BYTES_MAX {
        return Err(Error::TooLarge { what: what(), size_bytes: line.len() });
    }
    Ok(line)
}

fn may_begin(catalog_id: &str) -> bool {
    let [byte, ..] = *blake3::hash(catalog_id.as_bytes()).as_bytes();
    byte % BOUNDARY_ONE_IN == 0
}
