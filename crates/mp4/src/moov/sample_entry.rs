//! Sample entries of an `stsd`, and the boxes in them that configure codec and protection.

use super::codecs;
use crate::boxes::esds::AudioConfig;
use crate::boxes::write::{boxed, put_all};
use crate::boxes::{BoxAt, be16, be32, be64, boxes, esds, find};
use crate::limits::CONFIG_BYTES_MAX;

/// The sample entries of an `stsd` (§ 8.5.2).
pub(crate) fn entries(data: &[u8], stsd: BoxAt) -> impl Iterator<Item = BoxAt> + '_ {
    let count = be32(stsd.content(data), 4).unwrap_or(0) as usize;
    let entries = boxes(data, stsd.body.saturating_add(8), stsd.end, "mdia/minf/stbl/stsd");
    entries.map_while(Result::ok).take(count)
}

/// Bytes of an entry in front of the boxes in it (§ 12.1.3.2 and § 12.2.3.2); versions 1 and 2 of
/// audio are `QuickTime`'s.
pub(crate) fn fixed_len(data: &[u8], entry: BoxAt, is_video: bool) -> usize {
    match (is_video, be16(entry.content(data), 8)) {
        (true, _) => 78,
        (false, Some(1)) => 44,
        (false, Some(2)) => 64,
        (false, _) => 28,
    }
}

/// Whether an entry for audio has a version of `QuickTime`.
pub(crate) fn is_quicktime(data: &[u8], entry: BoxAt) -> bool {
    matches!(fixed_len(data, entry, false), 44 | 64)
}

/// Channels, and samples a second, of an entry for audio: version 2 has its own fields for them.
pub(crate) fn sound(content: &[u8]) -> (u16, u32) {
    let field = |at| be16(content, at).unwrap_or(0);
    if field(8) != 2 {
        return (field(16), u32::from(field(24)));
    }
    let rate = f64::from_bits(be64(content, 32).unwrap_or(0));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    let rate = rate as u32;
    (be32(content, 40).and_then(|count| u16::try_from(count).ok()).unwrap_or(0), rate)
}

/// Writes an entry in the form of ISO/IEC 14496-12, the only one that Chromium reads: without the
/// versions and the `wave` of `QuickTime`'s audio, and without the zeros that end its lists of boxes.
pub(crate) fn write(out: &mut Vec<u8>, data: &[u8], entry: BoxAt, is_video: bool) {
    let content = entry.content(data);
    let fixed = fixed_len(data, entry, is_video);
    boxed(out, entry.kind, |out| {
        if !is_video && is_quicktime(data, entry) {
            let (channels, rate) = sound(content);
            // A rate that does not fit is 0, and the codec's configuration has it (§ 12.2.3.1).
            let rate = if rate > 0xffff { 0 } else { rate << 16 };
            out.extend(content.iter().take(8));
            put_all(out, &[0, 0, u32::from(channels) << 16 | 16, 0, rate]);
        } else {
            out.extend(content.iter().take(fixed));
        }
        let children = boxes(data, entry.body.saturating_add(fixed), entry.end, "");
        for child in children.map_while(Result::ok) {
            if is_video || &child.kind != b"wave" {
                out.extend(child.whole(data));
            } else if let Some(config) = config(data, entry, false)
                && (child.start..child.end).contains(&config.start)
            {
                out.extend(config.whole(data));
            }
        }
    });
}

/// The first box of one of these types in an entry; for audio also in `QuickTime`'s `wave`.
pub(crate) fn child(data: &[u8], entry: BoxAt, is_video: bool, kinds: &[[u8; 4]]) -> Option<BoxAt> {
    let from = entry.body.saturating_add(fixed_len(data, entry, is_video));
    find(data, from, entry.end, kinds).or_else(|| {
        let wave = find(data, from, entry.end, &[*b"wave"]).filter(|_| !is_video)?;
        find(data, wave.body, wave.end, kinds)
    })
}

/// The box that configures the entry's codec.
pub(crate) fn config(data: &[u8], entry: BoxAt, is_video: bool) -> Option<BoxAt> {
    small_child(data, entry, is_video, codecs::config(original(data, entry, is_video).1))
}

fn small_child(data: &[u8], entry: BoxAt, is_video: bool, kinds: &[[u8; 4]]) -> Option<BoxAt> {
    child(data, entry, is_video, kinds).filter(|b| b.end - b.start <= CONFIG_BYTES_MAX)
}

/// `dOps` of an entry for Opus.
pub(crate) fn opus(data: &[u8], entry: BoxAt) -> Option<BoxAt> {
    small_child(data, entry, false, &[*b"dOps"]).filter(|_| &entry.kind == b"Opus")
}

/// The configuration of AAC-LC, alone or as the core of HE-AAC.
pub(crate) fn aac(data: &[u8], entry: BoxAt) -> Option<AudioConfig> {
    // Without the table of codecs, of which a player by headers has no other use.
    let is_mpeg4 = &original(data, entry, false).1 == b"mp4a";
    let config = small_child(data, entry, false, &[*b"esds"]).filter(|_| is_mpeg4)?;
    let found = esds::object_type(config.content(data).get(4..)?)?;
    let is_aac = matches!(found.indication, 0x40 | 0x66 | 0x67);
    found.config.filter(|config| is_aac && config.core == 2)
}

/// The codec's FourCC and where it lies: the entry's type, or in `frma` where it is encrypted
/// (§ 8.12.3).
pub(crate) fn original(data: &[u8], entry: BoxAt, is_video: bool) -> (usize, [u8; 4]) {
    let sinf = sinf(data, entry, is_video);
    let frma = sinf.and_then(|sinf| find(data, sinf.body, sinf.end, &[*b"frma"]));
    let name = frma.and_then(|b| Some((b.body, *b.content(data).first_chunk()?)));
    name.unwrap_or((entry.start + 4, entry.kind))
}

/// Whether an entry's type is one of encrypted entries (§ 8.12).
pub(crate) fn is_encrypted(entry: BoxAt) -> bool {
    [*b"encv", *b"enca", *b"drmi", *b"drms"].contains(&entry.kind)
}

/// The first `sinf` of an encrypted entry.
pub(crate) fn sinf(data: &[u8], entry: BoxAt, is_video: bool) -> Option<BoxAt> {
    is_encrypted(entry).then(|| child(data, entry, is_video, &[*b"sinf"])).flatten()
}
