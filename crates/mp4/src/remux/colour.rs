//! Colours of an initialization segment: those that Chromium's own player assumes where a film states none.
//!
//! Through Media Source Extensions, Chromium takes BT.709 for all of them, and it does not read the
//! `nclc` of `QuickTime`. Its own player reads that; else it takes BT.601 for H.264 of fewer than 720 lines,
//! and for VP9 and AV1 of any size. Colours that a stream of H.264 or AV1 states come before those of the
//! file, and Firefox reads no others.

use crate::boxes::avcc::{is_known, states_colours};
use crate::boxes::write::patch;
use crate::boxes::{BoxAt, be16, be32, boxes, find};
use crate::moov::sample_entry::{child, original};

/// A `colr` box (§ 12.1.5) of BT.601 with 525 lines, in limited range: one that the stream states comes
/// before it.
static BT_601: [u8; 19] = *b"\0\0\0\x13colrnclx\0\x06\0\x06\0\x06\0";
const ADDED: u32 = 19;
/// From so many lines on, H.264 is BT.709.
const HD_LINES: u16 = 720;
/// Bytes of a video entry in front of the boxes in it.
const FIXED: usize = 78;

/// The segment of one track, with a `colr` box in front of the others of its entry where it needs one.
#[inline(never)] // The player is smaller so.
pub(crate) fn complete(mut init: Vec<u8>) -> Vec<u8> {
    let mut found = BoxAt { kind: [0; 4], start: 0, body: 0, end: init.len() };
    let mut around = [0; 7];
    for (kind, start) in
        [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"].iter().zip(&mut around)
    {
        let Some(inner) = find(&init, found.body, found.end, &[**kind]) else { return init };
        (found, *start) = (inner, inner.start);
    }
    // Entries of one segment are equal, and are written as such; the first one counts.
    let entry = boxes(&init, found.body.saturating_add(8), found.end, "").next();
    let Some(Ok(entry)) = entry else { return init };
    let Some(colr) = assumed(&init, entry) else { return init };
    let [.., last] = &mut around;
    *last = entry.start;
    let rest = init.split_off(init.len().min(entry.body + FIXED));
    init.extend(colr);
    init.extend(rest);
    for start in around {
        let size = be32(&init, start).unwrap_or(0);
        patch(&mut init, start, size.saturating_add(ADDED));
    }
    init
}

/// The `colr` box that a video entry lacks, unless a browser finds its colours as it is.
fn assumed(init: &[u8], entry: BoxAt) -> Option<[u8; 19]> {
    for colr in boxes(init, entry.body.saturating_add(FIXED), entry.end, "").of(*b"colr") {
        // Its type, then the low bytes of three code points.
        let content = colr.content(init);
        let Some(&[.., primaries, _, transfer, _, matrix]) = content.get(..10) else { continue };
        let code_points = [primaries, transfer, matrix];
        if content.starts_with(b"ncl") && is_known(&code_points) {
            let mut translated = BT_601;
            for (byte, code_point) in translated.iter_mut().skip(13).step_by(2).zip(code_points) {
                *byte = code_point;
            }
            return content.starts_with(b"nclc").then_some(translated);
        }
    }
    is_bt_601(init, entry).then_some(BT_601)
}

/// Whether the own player assumes BT.601 for an entry without colours.
fn is_bt_601(init: &[u8], entry: BoxAt) -> bool {
    let config = |kind| child(init, entry, true, &[kind]).map_or(&[][..], |b| b.content(init));
    let (_, code) = original(init, entry, true);
    match &code {
        b"avc1" | b"avc3" => {
            let lines = be16(entry.content(init), 26).unwrap_or(0);
            (1..HD_LINES).contains(&lines) && !states_colours(config(*b"avcC"))
        }
        // Version 1 has code points, and version 0 none of these.
        b"vp09" => {
            let vpcc = config(*b"vpcC");
            vpcc.first() == Some(&1) && !vpcc.get(7..10).is_some_and(is_known)
        }
        // Colours that its stream states come first.
        b"av01" => true,
        _ => false,
    }
}
