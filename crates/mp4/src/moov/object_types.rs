//! Codecs of an `esds` box by their object types (registered with the MP4 Registration Authority).

use super::codec_name::{CodecName, DOLBY, JPEG, MP3, MPEG_4_VIDEO, PNG, Support, XHE, put};
use crate::boxes::esds::ObjectType;

/// `mp4a.OO[.A]` (RFC 6381 § 3.3).
pub(super) fn mp4a(found: Option<ObjectType>) -> CodecName {
    let Some(ObjectType { indication, audio, config }) = found else {
        let name = "audio without a codec description";
        return CodecName { name, string: "mp4a".to_owned(), support: Support::Nowhere };
    };
    let mut string = "mp4a.".to_owned();
    put(&mut string, u32::from(indication), 16, 2);
    if let Some(audio) = audio.filter(|_| indication == 0x40) {
        string.push('.');
        put(&mut string, u32::from(audio), 10, 1);
    }
    let is_lc = config.is_some_and(|config| config.core == 2);
    let (name, support) = match (indication, audio.unwrap_or(0)) {
        (0x40, 2) if is_lc => ("AAC", Support::Everywhere),
        (0x40, 5) if is_lc => ("HE-AAC", Support::Everywhere),
        (0x40, 29) if is_lc => ("HE-AAC v2", Support::Everywhere),
        (0x40, 42) => ("xHE-AAC", XHE),
        (0x67, _) if is_lc => ("MPEG-2 AAC", Support::Everywhere),
        (0x69 | 0x6b, _) => ("MP3", MP3),
        (0xa5, _) => ("AC-3", DOLBY),
        (0xa6, _) => ("E-AC-3", DOLBY),
        (0x40, kind) => (mpeg4_name(kind), Support::Nowhere),
        (indication, _) => (object_type_name(indication), Support::Nowhere),
    };
    CodecName { name, string, support }
}

/// `mp4v.OO` (RFC 6381 § 3.3).
pub(super) fn mp4v(found: ObjectType) -> CodecName {
    let mut string = "mp4v.".to_owned();
    put(&mut string, u32::from(found.indication), 16, 2);
    let name = match found.indication {
        0x60..=0x65 => "MPEG-2 video",
        0x6a => "MPEG-1 video",
        0x6c => JPEG,
        0x6d => PNG,
        0x6e => "Motion JPEG 2000",
        _ => MPEG_4_VIDEO,
    };
    CodecName { name, string, support: Support::Nowhere }
}

/// Audio object types (ISO/IEC 14496-3 § 1.5.1.1) that no browser plays.
fn mpeg4_name(kind: u8) -> &'static str {
    match kind {
        1 => "AAC Main",
        3 => "AAC SSR",
        4 => "AAC LTP",
        8 => "CELP",
        23 => "AAC-LD",
        32..=34 => "MPEG audio as an MPEG-4 object",
        36 => "MPEG-4 ALS",
        39 => "AAC-ELD",
        _ => "this kind of MPEG-4 audio",
    }
}

/// Object types (registered with the MP4 Registration Authority) that no browser plays.
fn object_type_name(indication: u8) -> &'static str {
    match indication {
        0x66..=0x68 => "MPEG-2 AAC",
        0xa9 | 0xac => "DTS",
        0xaa | 0xab => "DTS-HD",
        0xad => "Opus in an esds box",
        0xdd => "Vorbis",
        0xe1 => "QCELP",
        _ => "an audio codec of an unknown object type",
    }
}
