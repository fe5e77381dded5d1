//! Colours of an initialization segment: those that Chromium's own player assumes where a film states none.
//!
//! Through Media Source Extensions, Chromium takes BT.709 for all of them, and it does not read the
//! `nclc` of QuickTime. Its own player reads that; else it takes BT.601 for H.264 of fewer than 720 lines,
//! and for VP9 of any size. Colours that an H.264 stream states come before those of the file, and Firefox
//! reads no others.

use crate::boxes::avcc::{is_known, states_colours};
use crate::boxes::write::{boxed, patch};
use crate::boxes::{BoxAt, be16, boxes, find};
use crate::moov::sample_entry::{child, entries, fixed_len, original};

/// Code points of ISO/IEC 23091-2: primaries, transfer and matrix of BT.601 with 525 lines.
const BT_601: [u32; 3] = [6, 6, 6];
/// From so many lines on, H.264 is BT.709.
const HD_LINES: u16 = 720;

/// The segment of one track, with a `colr` box (§ 12.1.5) in front of others where it needs one.
pub(crate) fn complete(mut init: Vec<u8>) -> Vec<u8> {
    let path = [*b"moov", *b"trak", *b"mdia", *b"minf", *b"stbl", *b"stsd"];
    let mut around = Vec::with_capacity(path.len() + 1);
    let mut parent = BoxAt { kind: [0; 4], start: 0, body: 0, end: init.len() };
    for kind in path {
        let Some(found) = find(&init, parent.body, parent.end, &[kind]) else { return init };
        around.push(found);
        parent = found;
    }
    let all: Vec<_> = entries(&init, parent).collect();
    // From the last on, so that the places of those before it stay.
    for entry in all.into_iter().rev() {
        let Some(code_points) = assumed(&init, entry) else { continue };
        let mut colr = Vec::new();
        boxed(&mut colr, *b"colr", |out| {
            out.extend(b"nclx");
            // In limited range: one that the stream states comes before it.
            out.extend(code_points.iter().flat_map(|n| [0, n.to_be_bytes()[3]]).chain([0]));
        });
        let at = entry.body + fixed_len(&init, entry, true);
        let added = colr.len();
        init.splice(at..at, colr);
        for grown in around.iter_mut().chain([&mut { entry }]) {
            grown.end += added;
            patch(&mut init, grown.start, u32::try_from(grown.end - grown.start).unwrap_or(0));
        }
    }
    init
}

/// The colours that a video entry is to state, unless a browser finds them as it is.
fn assumed(init: &[u8], entry: BoxAt) -> Option<[u32; 3]> {
    let (_, code) = original(init, entry, true);
    let from = entry.body + fixed_len(init, entry, true);
    for colr in boxes(init, from, entry.end, "").of(*b"colr") {
        let content = colr.content(init);
        let code_points = [4, 6, 8].map(|at| be16(content, at).map_or(0, u32::from));
        match content.get(..4) {
            Some(b"nclx") if is_known(code_points) => return None,
            Some(b"nclc") if is_known(code_points) => return Some(code_points),
            _ => {}
        }
    }
    let config = |kind| child(init, entry, true, &[kind]).map(|b| b.content(init));
    let is_unstated = match &code {
        b"avc1" | b"avc3" => {
            let lines = be16(entry.content(init), 26)?;
            (1..HD_LINES).contains(&lines) && !config(*b"avcC").is_some_and(states_colours)
        }
        // Version 1 has code points, and version 0 none of these.
        b"vp09" => match config(*b"vpcC")? {
            [1, _, _, _, _, _, _, primaries, transfer, matrix, ..] => {
                !is_known([*primaries, *transfer, *matrix].map(u32::from))
            }
            _ => false,
        },
        _ => false,
    };
    is_unstated.then_some(BT_601)
}
