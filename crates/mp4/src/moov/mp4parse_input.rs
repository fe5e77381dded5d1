//! A `moov` of one track for mp4parse: its headers and sample description, without the tables.
//!
//! mp4parse expands every table, and refuses a file for one irregular box. So its input has only what it
//! is to read: headers cut to their exact length, one sample entry with its fixed part and its codec's
//! configuration.

use super::sample_entry::{config, fixed_len};
use super::track_boxes::TrackBoxes;
use crate::boxes::BoxAt;
use crate::boxes::write::{boxed, full, put};
use crate::limits::ESDS_BYTES_MAX;

/// A `moov` with the headers of the movie and one track.
pub(crate) fn headers(data: &[u8], mvhd: Option<BoxAt>, trak: &TrackBoxes) -> Vec<u8> {
    let mut out = Vec::new();
    let kind = trak.hdlr.and_then(|b| b.content(data).get(8..)?.first_chunk().copied());
    boxed(&mut out, *b"moov", |out| {
        write_truncated(out, data, mvhd, [108, 120]);
        boxed(out, *b"trak", |out| {
            write_truncated(out, data, trak.tkhd, [92, 104]);
            boxed(out, *b"mdia", |out| {
                write_truncated(out, data, trak.mdhd, [32, 44]);
                handler(out, kind.unwrap_or_default());
            });
        });
    });
    out
}

/// A `moov` with one sample entry.
pub(crate) fn entry(data: &[u8], entry: BoxAt, is_video: bool) -> Vec<u8> {
    let mut out = Vec::new();
    boxed(&mut out, *b"moov", |out| {
        boxed(out, *b"trak", |out| {
            boxed(out, *b"mdia", |out| {
                handler(out, if is_video { *b"vide" } else { *b"soun" });
                boxed(out, *b"minf", |out| {
                    boxed(out, *b"stbl", |out| {
                        full(out, *b"stsd", 0, 0, |out| {
                            put(out, 1);
                            sample_entry(out, data, entry, is_video);
                        });
                    });
                });
            });
        });
    });
    out
}

/// Writes a header box, cut to the length of its version.
fn write_truncated(out: &mut Vec<u8>, data: &[u8], header_box: Option<BoxAt>, lens: [usize; 2]) {
    let Some(header_box) = header_box else { return };
    let content = header_box.content(data);
    let [v0_len, v1_len] = lens;
    let len = if content.first() == Some(&1) { v1_len } else { v0_len };
    boxed(out, header_box.kind, |out| out.extend(content.iter().take(len - 8)));
}

/// `hdlr` with its type only: flags and names vary.
fn handler(out: &mut Vec<u8>, kind: [u8; 4]) {
    full(out, *b"hdlr", 0, 0, |out| {
        put(out, 0);
        out.extend(kind);
        out.extend([0; 13]);
    });
}

fn sample_entry(out: &mut Vec<u8>, data: &[u8], entry: BoxAt, is_video: bool) {
    boxed(out, entry.kind, |out| {
        out.extend(entry.content(data).iter().take(fixed_len(data, entry, is_video)));
        let config = config(data, entry, is_video);
        let deep = |b: &BoxAt| &b.kind == b"esds" && b.end - b.start > ESDS_BYTES_MAX;
        if let Some(config) = config.filter(|b| !deep(b)) {
            out.extend(config.whole(data));
        }
    });
}
