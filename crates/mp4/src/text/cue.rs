//! Cues, and how they are read from the samples of each text format.

use crate::boxes::{BoxAt, be16, boxes};
use crate::moov::text_format::TextFormat;

/// Previous cues that a new one is compared with: more are not shown at once.
const SHOWN_MAX: usize = 64;

/// A timed text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cue {
    /// When it appears, in milliseconds.
    pub start_ms: u64,
    /// When it disappears, in milliseconds.
    pub end_ms: u64,
    /// Lines of plain text; for `WebVTT` with its markup, for TTML an XML document.
    pub text: String,
    /// The `WebVTT` cue identifier.
    pub id: Option<String>,
    /// The `WebVTT` cue settings, such as its position.
    pub settings: Option<String>,
}

/// Appends the cues of a sample that is shown between these times.
pub(super) fn read(
    format: TextFormat,
    data: &[u8],
    (start_ms, end_ms): (u64, u64),
    cues: &mut Vec<Cue>,
) {
    let mut cue = Cue { start_ms, end_ms, text: String::new(), id: None, settings: None };
    match format {
        TextFormat::Tx3g | TextFormat::QuickTime => cue.text = length_prefixed_text(data),
        TextFormat::Ttml => cue.text = String::from_utf8_lossy(data).into_owned(),
        TextFormat::WebVtt => return web_vtt(data, &cue, cues),
    }
    if !cue.text.is_empty() {
        cues.push(cue);
    }
}

/// Text behind its length (TS 26.245 § 5.17.1): UTF-8, or UTF-16 with a byte order mark.
fn length_prefixed_text(data: &[u8]) -> String {
    let length = be16(data, 0).map_or(0, usize::from);
    let text = data.get(2..).unwrap_or_default();
    let text = text.get(..length).unwrap_or(text);
    let wide = |from_bytes: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = text.as_chunks().0.iter().skip(1).map(|u| from_bytes(*u)).collect();
        String::from_utf16_lossy(&units)
    };
    let text = match text {
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xef, 0xbb, 0xbf, text @ ..] | text => String::from_utf8_lossy(text).into_owned(),
    };
    let mut lines = String::new();
    for line in text.split('\n').flat_map(|line| line.trim_end_matches('\r').split('\r')) {
        lines.push_str(if lines.is_empty() { "" } else { "\n" });
        lines.push_str(line);
    }
    lines
}

/// Every `vttc` of a sample.
fn web_vtt(data: &[u8], shown: &Cue, cues: &mut Vec<Cue>) {
    let known = cues.len();
    for vttc in inside(data, 0, data.len()).filter(|b| &b.kind == b"vttc") {
        let cue = vttc_cue(data, vttc, shown);
        let same = |other: &&mut Cue| {
            let content = (&other.text, &other.id, &other.settings);
            other.end_ms == cue.start_ms && content == (&cue.text, &cue.id, &cue.settings)
        };
        // A cue that ends here is among the last ones: few are shown at once.
        match cues.iter_mut().take(known).rev().take(SHOWN_MAX).find(same) {
            Some(before) => before.end_ms = cue.end_ms,
            None => cues.push(cue),
        }
    }
}

/// The cue of a `vttc` box, shown as long as `shown`.
fn vttc_cue(data: &[u8], vttc: BoxAt, shown: &Cue) -> Cue {
    let mut cue = shown.clone();
    for part in inside(data, vttc.body, vttc.end) {
        let text = String::from_utf8_lossy(part.content(data));
        match &part.kind {
            b"payl" => cue.text = text.into_owned(),
            b"iden" => cue.id = Some(text.into_owned()),
            b"sttg" => cue.settings = Some(text.into_owned()),
            _ => {}
        }
    }
    cue
}

fn inside(data: &[u8], from: usize, to: usize) -> impl Iterator<Item = BoxAt> + '_ {
    boxes(data, from, to, "vttc").map_while(Result::ok)
}
