//! Codecs: one table says which box configures each, how RFC 6381 names it, and where it plays.

use super::codec_name::{CodecName, DOLBY, JPEG, MP3, MPEG_4_VIDEO, PNG, Support, put, somewhere};
use super::object_types::{mp4a, mp4v};
use crate::boxes::{be16, be32, esds};

/// A codec with a rule for its RFC 6381 string: its sample entries, the boxes that may configure it, and
/// the violation where none is there.
struct Known {
    codes: &'static [[u8; 4]],
    config: &'static [[u8; 4]],
    missing: &'static str,
    name: &'static str,
    string: Form,
    support: Support,
}

/// How the string is formed.
#[derive(Clone, Copy)]
enum Form {
    /// The entry's FourCC, then fields of the configuration.
    Of(fn(&[u8], &mut String) -> Option<()>),
    ObjectTypes,
    Fixed(&'static str),
}

const HEVC: Support = somewhere(
    "HEVC plays in Safari, and elsewhere where the system or its graphics card decodes it",
);
const AV1: Support =
    somewhere("AV1 plays everywhere but in Safari on devices that do not decode it");
#[rustfmt::skip]
static KNOWN: &[Known] = &[
    Known { codes: &[*b"avc1", *b"avc3"], config: &[*b"avcC"],
        missing: "H.264 track has no avcC box; 14496-15 § 5.4.2",
        name: "H.264", string: Form::Of(avc), support: Support::Everywhere },
    Known { codes: &[*b"hvc1", *b"hev1"], config: &[*b"hvcC"],
        missing: "HEVC track has no hvcC box; 14496-15 § 8.4.1",
        name: "HEVC", string: Form::Of(hevc), support: HEVC },
    Known { codes: &[*b"dvh1", *b"dvhe", *b"dva1", *b"dvav", *b"dav1"],
        config: &[*b"dvcC", *b"dvvC"],
        missing: "Dolby Vision track has no dvcC or dvvC box; Dolby-ISOBMFF § 3",
        name: "Dolby Vision", string: Form::Of(dolby_vision), support: DOLBY },
    Known { codes: &[*b"vp09"], config: &[*b"vpcC"],
        missing: "VP9 track has no vpcC box; VP-ISOBMFF",
        name: "VP9", string: Form::Of(vp), support: Support::Everywhere },
    Known { codes: &[*b"vp08"], config: &[*b"vpcC"],
        missing: "VP8 track has no vpcC box; VP-ISOBMFF",
        name: "VP8", string: Form::Of(vp), support: Support::Nowhere },
    Known { codes: &[*b"av01"], config: &[*b"av1C"],
        missing: "AV1 track has no av1C box; AV1-ISOBMFF § 2.2",
        name: "AV1", string: Form::Of(av1), support: AV1 },
    Known { codes: &[*b"mp4a"], config: &[*b"esds"],
        missing: "MPEG-4 audio track has no esds box; 14496-14 § 5.6",
        name: "MPEG-4 audio", string: Form::ObjectTypes, support: Support::Everywhere },
    // In lowercase, unlike their entries: all browsers accept that.
    Known { codes: &[*b"Opus"], config: &[*b"dOps"],
        missing: "Opus track has no dOps box; Opus-in-ISOBMFF § 4.3.2",
        name: "Opus", string: Form::Fixed("opus"), support: Support::Everywhere },
    Known { codes: &[*b"fLaC"], config: &[*b"dfLa"],
        missing: "FLAC sample entry has no dfLa box; FLAC-in-ISOBMFF § 3.3.1",
        name: "FLAC", string: Form::Fixed("flac"), support: Support::Everywhere },
    Known { codes: &[*b"ac-3"], config: &[*b"dac3"],
        missing: "AC-3 track has no dac3 box; TS 102 366 § F.3",
        name: "AC-3", string: Form::Fixed("ac-3"), support: DOLBY },
    Known { codes: &[*b"ec-3"], config: &[*b"dec3"],
        missing: "E-AC-3 track has no dec3 box; TS 102 366 § F.5",
        name: "E-AC-3", string: Form::Fixed("ec-3"), support: DOLBY },
    Known { codes: &[*b".mp3"], config: &[], missing: "",
        name: "MP3", string: Form::Fixed("mp3"), support: MP3 },
];

/// Codecs that Media Source Extensions do not have: sample entry types in a row, and a name.
#[rustfmt::skip]
static NOWHERE: &[(&[u8], &str)] = &[
    (b"lpcmipcmfpcmsowttwosraw NONEin24in32fl32fl64", "PCM audio"),
    (b"alac", "ALAC"), (b"alaw", "G.711 A-law"), (b"ulaw", "G.711 mu-law"),
    (b"dtsc", "DTS"), (b"dtsh", "DTS-HD"), (b"dtsl", "DTS-HD Lossless"), (b"dtse", "DTS Express"),
    (b"dtsxdtsy", "DTS:X"), (b"mlpa", "Dolby TrueHD"), (b"ac-4", "AC-4"),
    (b"mha1mha2mhm1mhm2", "MPEG-H audio"), (b"samrsawbsawp", "AMR"), (b"ima4", "IMA ADPCM"),
    (b"QDM2QDMC", "QDesign audio"), (b"mp4v", MPEG_4_VIDEO), (b"vvc1vvi1", "VVC"),
    (b"s263h263", "H.263"), (b"vc-1", "VC-1"), (b"SVQ1SVQ3", "Sorenson video"),
    (b"cvid", "Cinepak"), (b"rle ", "QuickTime Animation"), (b"png ", PNG),
    (b"mjpamjpbmjpgjpeg", JPEG), (b"mjp2", "Motion JPEG 2000"),
    (b"apchapcnapcsapcoap4hap4x", "ProRes"), (b"AVdnAVdh", "DNxHD"),
];

fn find(code: [u8; 4]) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.codes.contains(&code))
}

/// The boxes that may configure the codec of an entry `code`.
pub(crate) fn config(code: [u8; 4]) -> &'static [[u8; 4]] {
    const OF_MP4V: &[[u8; 4]] = &[*b"esds"];
    let others = if &code == b"mp4v" { OF_MP4V } else { &[] };
    find(code).map_or(others, |known| known.config)
}

/// The codec of an entry `code`, by the content of the box that configures it; else what is wrong.
pub(crate) fn name(code: [u8; 4], config: Option<&[u8]>) -> Result<CodecName, &'static str> {
    let Some(known) = find(code) else {
        let name = lookup(NOWHERE, &code).unwrap_or("an unknown codec");
        let unnamed = CodecName { name, string: fourcc(code), support: Support::Nowhere };
        let found = config.and_then(|config| esds::object_type(config.get(4..)?));
        return Ok(found.filter(|_| &code == b"mp4v").map_or(unnamed, mp4v));
    };
    let content = match config {
        None if !known.config.is_empty() => return Err(known.missing),
        content => content.unwrap_or_default(),
    };
    let Known { mut name, support, .. } = *known;
    let string = match known.string {
        Form::ObjectTypes => return Ok(mp4a(content.get(4..).and_then(esds::object_type))),
        Form::Of(form) => {
            let mut string = fourcc(code);
            let violation = "codec configuration is cut off or unknown";
            form(content, &mut string).ok_or(violation)?;
            string
        }
        Form::Fixed(string) => {
            if code == *b"ec-3" && has_joc(content) {
                name = "E-AC-3 with Dolby Atmos";
            }
            string.to_owned()
        }
    };
    Ok(CodecName { name, string, support })
}

/// Numbers of two decimal digits, each behind a dot.
fn put_all(out: &mut String, numbers: &[u8]) {
    for number in numbers {
        out.push('.');
        put(out, u32::from(*number), 10, 2);
    }
}

/// Of `avcC`: profile, constraints, level (ISO/IEC 14496-15 § 5.3.3.1, RFC 6381 § 3.3).
fn avc(config: &[u8], out: &mut String) -> Option<()> {
    let [1, profile, constraints, level, _, _, _, ..] = config else { return None };
    out.push('.');
    put(out, u32::from_be_bytes([0, *profile, *constraints, *level]), 16, 6);
    out.make_ascii_lowercase();
    Some(())
}

/// Of `hvcC`: profile, compatibility, tier and level, constraints (ISO/IEC 14496-15 § E.3).
fn hevc(config: &[u8], out: &mut String) -> Option<()> {
    let [1, first, rest @ ..] = config else { return None };
    let (constraints, level) = (rest.get(4..10)?, rest.get(10)?);
    out.push('.');
    out.extend([None, Some('A'), Some('B'), Some('C')].get(usize::from(first >> 6))?);
    put(out, u32::from(first & 0x1f), 10, 1);
    out.push('.');
    put(out, be32(rest, 0)?.reverse_bits(), 16, 1);
    out.push_str(if first & 0x20 == 0 { ".L" } else { ".H" });
    put(out, u32::from(*level), 10, 1);
    let count = constraints.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    for byte in constraints.iter().take(count) {
        out.push('.');
        put(out, u32::from(*byte), 16, 1);
    }
    Some(())
}

/// Of `dvcC` or `dvvC`: profile and level (Dolby Vision Streams Within ISOBMFF, § 3.2).
fn dolby_vision(config: &[u8], out: &mut String) -> Option<()> {
    let [_, _, profile, level, ..] = config else { return None };
    put_all(out, &[profile >> 1, (profile & 1) << 5 | level >> 3]);
    Some(())
}

/// Of `vpcC` (VP Codec ISO Media File Format Binding): its first version knows other colours.
fn vp(config: &[u8], out: &mut String) -> Option<()> {
    let [version, _, _, _, profile, level, depth, primaries, transfer, matrix, ..] = *config else {
        return None;
    };
    put_all(out, &[profile, level, depth >> 4]);
    if version == 1 {
        put_all(out, &[depth >> 1 & 7, primaries, transfer, matrix, depth & 1]);
    }
    Some(())
}

/// Of `av1C`: profile, level, tier, depth (AV1 Codec ISO Media File Format Binding, § 5).
fn av1(config: &[u8], out: &mut String) -> Option<()> {
    let [0x81, first, second, _, ..] = *config else { return None };
    out.push('.');
    put(out, u32::from(first >> 5), 10, 1);
    put_all(out, &[first & 0x1f]);
    out.push(if second & 0x80 == 0 { 'M' } else { 'H' });
    // A flag for more than 8 bits, and one for 12.
    put_all(out, &[8 + (second >> 5 & 2) + (second >> 4 & 2)]);
    Some(())
}

/// Whether `dec3` signals Atmos objects (ETSI TS 102 366 § F.6, TS 103 420 § 8.3): a flag behind the
/// substreams.
fn has_joc(config: &[u8]) -> bool {
    let count = be16(config, 0).map_or(0, |packed| usize::from(packed & 7) + 1);
    let mut at = 2;
    for _ in 0..count {
        // Three bytes; four where other substreams depend on it.
        let dependent = config.get(at + 2).is_some_and(|byte| byte >> 1 & 15 != 0);
        at += if dependent { 4 } else { 3 };
    }
    config.get(at).is_some_and(|flags| flags & 1 == 1)
}

/// The name of a code in a table.
pub(crate) fn lookup(table: &[(&[u8], &'static str)], code: &[u8]) -> Option<&'static str> {
    table.iter().find(|(codes, _)| codes.chunks(4).any(|c| c == code)).map(|(_, name)| *name)
}

/// A FourCC as text; bytes that are not printable become `?`.
pub(crate) fn fourcc(kind: [u8; 4]) -> String {
    let plain = |b: u8| if (b' '..=b'~').contains(&b) { char::from(b) } else { '?' };
    kind.into_iter().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moov::codec_name::XHE;

    fn string_of(code: [u8; 4], config: &[u8]) -> String {
        name(code, Some(config)).unwrap().string
    }

    fn esds(indication: u8, specific: &[u8]) -> CodecName {
        let len = u8::try_from(specific.len()).unwrap();
        let mut esds = vec![0, 0, 0, 0, 3, 20 + len, 0, 1, 0, 4, 15 + len, indication];
        esds.extend([0; 12]);
        esds.extend([5, len]);
        esds.extend(specific);
        name(*b"mp4a", Some(&esds)).unwrap()
    }

    #[test]
    fn video_strings_are_those_of_rfc_6381() {
        assert_eq!(string_of(*b"avc1", &[1, 0x64, 0, 0x1f, 0xff, 0xe1, 0]), "avc1.64001f");
        let main = [1, 1, 0x60, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 93];
        assert_eq!(string_of(*b"hvc1", &main), "hvc1.1.6.L93.B0");
        // ISO/IEC 14496-15 § E.3 has these.
        let space = [1, 0x41, 0x60, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 93];
        assert_eq!(string_of(*b"hev1", &space), "hev1.A1.6.L93.80");
        let high = [1, 0x24, 8, 0, 0, 0, 0x9e, 8, 0, 0, 0, 0, 120];
        assert_eq!(string_of(*b"hev1", &high), "hev1.4.10.H120.9E.8");
        assert_eq!(string_of(*b"dvh1", &[1, 0, 0x0a, 0x35, 0x10]), "dvh1.05.06");
        assert_eq!(string_of(*b"dva1", &[1, 0, 0x12, 0x2d, 0x10]), "dva1.09.05");
        let vp9 = [1, 0, 0, 0, 2, 10, 0xa3, 9, 16, 9, 0, 0];
        assert_eq!(string_of(*b"vp09", &vp9), "vp09.02.10.10.01.09.16.09.01");
        assert_eq!(string_of(*b"vp08", &[0, 0, 0, 0, 0, 10, 0x80, 0, 0, 0, 0, 0]), "vp08.00.10.08");
        assert_eq!(string_of(*b"av01", &[0x81, 8, 0x0c, 0]), "av01.0.08M.08");
        assert_eq!(string_of(*b"av01", &[0x81, 0x4d, 0xe0, 0]), "av01.2.13H.12");
        for code in [b"avc1", b"hvc1", b"dvh1", b"vp09", b"av01"] {
            assert!(name(*code, None).is_err(), "{code:?}");
            assert!(name(*code, Some(&[1])).is_err(), "{code:?}");
            assert!(name(*code, Some(&[0; 9])).is_err() || code == b"dvh1", "{code:?}");
        }
    }

    #[test]
    fn audio_strings_are_by_object_type() {
        let support = |named: CodecName| (named.string, named.support);
        let everywhere = |string: &str| (string.to_owned(), Support::Everywhere);
        assert_eq!(support(esds(0x40, &[0x11, 0x90])), everywhere("mp4a.40.2"));
        assert_eq!(support(esds(0x40, &[0x2b, 0x92, 8, 0])), everywhere("mp4a.40.5"));
        assert_eq!(support(esds(0x40, &[0xeb, 0x8a, 8, 0])), everywhere("mp4a.40.29"));
        assert_eq!(support(esds(0x40, &[0x13, 0x10, 0x56, 0xe5, 0x98])), everywhere("mp4a.40.5"));
        assert_eq!(support(esds(0x40, &[0x13, 0x10, 0x56, 0xe5, 0x18])), everywhere("mp4a.40.2"));
        let ps = [0x13, 0x08, 0x56, 0xe5, 0x9d, 0x48, 0x80];
        assert_eq!(support(esds(0x40, &ps)), everywhere("mp4a.40.29"));
        assert_eq!(support(esds(0x67, &[0x11, 0x90])), everywhere("mp4a.67"));
        assert_eq!(support(esds(0x40, &[0xf9, 0x40])), ("mp4a.40.42".into(), XHE));
        assert_eq!(support(esds(0x6b, &[])), ("mp4a.6B".into(), MP3));
        assert_eq!(support(esds(0xa5, &[])), ("mp4a.A5".into(), DOLBY));
        let nowhere = |string: &str, name| {
            (CodecName { name, string: string.into(), support: Support::Nowhere }, ())
        };
        assert_eq!((esds(0xa9, &[]), ()), nowhere("mp4a.A9", "DTS"));
        assert_eq!((esds(0xdd, &[]), ()), nowhere("mp4a.DD", "Vorbis"));
        assert_eq!((esds(0x40, &[0x09, 0x90]), ()), nowhere("mp4a.40.1", "AAC Main"));
        assert_eq!(name(*b"Opus", Some(&[])).unwrap().string, "opus");
        assert_eq!(name(*b".mp3", None).unwrap().string, "mp3");
        assert!(name(*b"fLaC", None).is_err());
    }

    #[test]
    fn atmos_flag_is_read_behind_the_substreams() {
        let name = |config: &[u8]| name(*b"ec-3", Some(config)).unwrap().name;
        assert_eq!(name(&[0x06, 0, 0x20, 0x0f, 0]), "E-AC-3");
        assert_eq!(name(&[0x06, 0, 0x20, 0x0f, 0, 1, 16]), "E-AC-3 with Dolby Atmos");
        assert_eq!(name(&[0x06, 0, 0x20, 0x0f, 0x02, 1, 1, 16]), "E-AC-3 with Dolby Atmos");
        assert_eq!(name(&[]), "E-AC-3");
    }

    #[test]
    fn unsupported_codecs_have_a_name() {
        for (code, known) in [
            (b"alac", "ALAC"),
            (b"dtsx", "DTS:X"),
            (b"fpcm", "PCM audio"),
            (b"mp4v", "MPEG-4 Part 2 video"),
            (b"cipc", "an unknown codec"),
        ] {
            let CodecName { name, support, .. } = name(*code, None).unwrap();
            assert_eq!((name, support), (known, Support::Nowhere));
        }
        assert_eq!(fourcc([0xa9, b'x', b'y', b'z']), "?xyz");
    }
}
