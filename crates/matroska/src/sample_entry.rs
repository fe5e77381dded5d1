//! Sample entries of MP4 for the codecs of Matroska (RFC 9559 § 27.4; ISO/IEC 14496-12 § 8.5.2).

use mp4::box_writer::{boxed, full, put_all};

use crate::dolby;
use crate::track_entry::{Kind, TrackEntry};

/// The entry of frames that no entry describes.
const UNKNOWN: [u8; 4] = *b"none";

/// Writes the sample entry of a track, whose first frame begins with `first`.
pub(crate) fn write(out: &mut Vec<u8>, track: &TrackEntry, first: &[u8]) {
    if track.kind == Kind::Video {
        let (kind, config) = video(track, first);
        boxed(out, kind, |out| {
            visual(out, track);
            out.extend(&config);
            aspect(out, track);
            colour(out, track);
        });
    } else {
        let (kind, config) = audio(track, first);
        boxed(out, kind, |out| {
            sound(out, track);
            out.extend(&config);
        });
    }
}

/// A box around bytes that Matroska has as MP4 does.
fn config(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    boxed(&mut out, kind, |out| out.extend(content));
    out
}

fn video(track: &TrackEntry, first: &[u8]) -> ([u8; 4], Vec<u8>) {
    let private = track.private.as_slice();
    match track.codec.as_str() {
        "V_MPEG4/ISO/AVC" if !private.is_empty() => (*b"avc1", config(*b"avcC", private)),
        "V_MPEGH/ISO/HEVC" if private.len() > 23 => {
            // Whether all parameter sets are in the first array's kind, and none in the frames.
            let is_complete = private.get(23).is_some_and(|array| array & 0x80 != 0);
            (if is_complete { *b"hvc1" } else { *b"hev1" }, config(*b"hvcC", private))
        }
        "V_AV1" if !private.is_empty() => (*b"av01", config(*b"av1C", private)),
        "V_VP9" => (*b"vp09", vpcc(track, first)),
        "V_VP8" => (*b"vp08", vpcc(track, &[])),
        "V_MPEG4/ISO/ASP" | "V_MPEG4/ISO/SP" | "V_MPEG4/ISO/AP" => {
            (*b"mp4v", esds(0x20, 0x11, private))
        }
        "V_MPEG2" => (*b"mp4v", esds(0x61, 0x11, &[])),
        "V_MPEG1" => (*b"mp4v", esds(0x6a, 0x11, &[])),
        // A BITMAPINFOHEADER names its codec as QuickTime does.
        "V_MS/VFW/FOURCC" => {
            let name = private.get(16..20).and_then(|four| four.first_chunk());
            (name.copied().unwrap_or(UNKNOWN), Vec::new())
        }
        _ => (UNKNOWN, Vec::new()),
    }
}

fn audio(track: &TrackEntry, first: &[u8]) -> ([u8; 4], Vec<u8>) {
    let private = track.private.as_slice();
    let codec = track.codec.as_str();
    match codec {
        "A_OPUS" => dops(private).map_or((UNKNOWN, Vec::new()), |dops| (*b"Opus", dops)),
        "A_FLAC" => dfla(private).map_or((UNKNOWN, Vec::new()), |dfla| (*b"fLaC", dfla)),
        "A_MPEG/L3" => (*b"mp4a", esds(0x6b, 0x15, &[])),
        "A_MPEG/L1" | "A_MPEG/L2" => (*b".mp2", Vec::new()),
        "A_VORBIS" => (*b"mp4a", esds(0xdd, 0x15, &[])),
        "A_AC3" => (*b"ac-3", dolby::dac3(first)),
        "A_EAC3" => (*b"ec-3", dolby::dec3(first)),
        "A_TRUEHD" | "A_MLP" => (*b"mlpa", Vec::new()),
        "A_ALAC" => (*b"alac", Vec::new()),
        "A_PCM/INT/LIT" => (*b"sowt", Vec::new()),
        "A_PCM/INT/BIG" => (*b"twos", Vec::new()),
        "A_PCM/FLOAT/IEEE" => (*b"fl32", Vec::new()),
        _ if codec.starts_with("A_AAC") && !private.is_empty() => {
            (*b"mp4a", esds(0x40, 0x15, private))
        }
        _ if codec.starts_with("A_DTS") => (*b"dtsc", Vec::new()),
        _ => (UNKNOWN, Vec::new()),
    }
}

fn visual(out: &mut Vec<u8>, track: &TrackEntry) {
    let pixels = |count: u64| u32::from(u16::try_from(count).unwrap_or(u16::MAX));
    let size = pixels(track.picture.width) << 16 | pixels(track.picture.height);
    put_all(out, &[0, 1, 0, 0, 0, 0, size, 0x48_0000, 0x48_0000, 0]);
    // One frame a sample, and a name of no letters.
    out.extend([0, 1]);
    out.extend([0; 32]);
    out.extend([0, 24, 0xff, 0xff]);
}

fn sound(out: &mut Vec<u8>, track: &TrackEntry) {
    let channels = u32::from(u16::try_from(track.channels).unwrap_or(u16::MAX));
    let bits = u32::from(u16::try_from(track.bits).unwrap_or(0));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in range")]
    let rate = if (1.0..65_536.0).contains(&track.rate) { track.rate as u32 } else { 0 };
    let bits = if bits == 0 { 16 } else { bits };
    put_all(out, &[0, 1, 0, 0, channels << 16 | bits, 0, rate << 16]);
}

/// ISO/IEC 14496-12 § 12.1.4.
fn aspect(out: &mut Vec<u8>, track: &TrackEntry) {
    let picture = track.picture;
    let Some((width, height)) = picture.display else { return };
    let product = |a: u64, b: u64| a.checked_mul(b);
    let sides = product(width, picture.height).zip(product(height, picture.width));
    let Some((horizontal, vertical)) = sides.filter(|(h, v)| h != v && *h > 0 && *v > 0) else {
        return;
    };
    let divisor = gcd(horizontal, vertical);
    let side = |length: u64| u32::try_from(length / divisor).ok();
    if let Some((horizontal, vertical)) = side(horizontal).zip(side(vertical)) {
        boxed(out, *b"pasp", |out| put_all(out, &[horizontal, vertical]));
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn colour(out: &mut Vec<u8>, track: &TrackEntry) {
    let Some((codes, is_full)) = track.picture.colour else { return };
    boxed(out, *b"colr", |out| {
        out.extend(b"nclx");
        out.extend(codes.iter().flat_map(|code| code.to_be_bytes()));
        out.push(if is_full { 0x80 } else { 0 });
    });
}

/// ISO/IEC 14496-1 § 7.2.6: one decoder, with what it is configured by.
fn esds(object_type: u8, stream_type: u8, specific: &[u8]) -> Vec<u8> {
    let mut decoder = vec![object_type, stream_type, 0, 0, 0];
    decoder.extend([0; 8]);
    if !specific.is_empty() {
        decoder.extend(descriptor(5, specific));
    }
    let mut content = vec![0, 0, 0];
    content.extend(descriptor(4, &decoder));
    content.extend(descriptor(6, &[2]));
    let mut out = Vec::new();
    full(&mut out, *b"esds", 0, 0, |out| out.extend(descriptor(3, &content)));
    out
}

fn descriptor(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let seven = |shift: usize| u8::try_from(length >> shift & 0x7f).unwrap_or(0);
    let mut out = vec![tag, 0x80 | seven(21), 0x80 | seven(14), 0x80 | seven(7), seven(0)];
    out.extend(content);
    out
}

/// `OpusHead` (RFC 7845 § 5.1) with its numbers the other way around (Opus in ISOBMFF § 4.3.2).
fn dops(head: &[u8]) -> Option<Vec<u8>> {
    let fields = head.strip_prefix(b"OpusHead")?;
    let [_, channels, skip0, skip1, rate0, rate1, rate2, rate3, gain0, gain1, family] =
        *fields.first_chunk()?;
    let mut content =
        vec![0, channels, skip1, skip0, rate3, rate2, rate1, rate0, gain1, gain0, family];
    if family != 0 {
        content.extend(fields.get(11..13 + usize::from(channels))?);
    }
    Some(config(*b"dOps", &content))
}

/// The block STREAMINFO alone (FLAC in ISOBMFF § 3.3.2).
fn dfla(private: &[u8]) -> Option<Vec<u8>> {
    let block = private.strip_prefix(b"fLaC")?.get(..38)?;
    let mut out = Vec::new();
    full(&mut out, *b"dfLa", 0, 0, |out| {
        out.push(0x80);
        out.extend(block.iter().skip(1));
    });
    Some(out)
}

/// VP Codec ISO Media File Format Binding § 2.2, from the head of a key frame of VP9.
fn vpcc(track: &TrackEntry, frame: &[u8]) -> Vec<u8> {
    let Vp9 { profile, depth, chroma } = vp9(frame);
    let (codes, is_full) = track.picture.colour.unwrap_or(([2; 3], false));
    let pixels = track.picture.width.saturating_mul(track.picture.height);
    let mut out = Vec::new();
    full(&mut out, *b"vpcC", 1, 0, |out| {
        out.extend([profile, level(pixels), depth << 4 | chroma << 1 | u8::from(is_full)]);
        out.extend(codes.map(|code| u8::try_from(code).unwrap_or(2)));
        out.extend([0; 2]);
    });
    out
}

/// The lowest level whose pictures may be so large (VP9 levels, webmproject.org).
fn level(pixels: u64) -> u8 {
    const LEVELS: [(u64, u8); 9] = [
        (36_864, 10),
        (73_728, 11),
        (122_880, 20),
        (245_760, 21),
        (552_960, 30),
        (983_040, 31),
        (2_228_224, 40),
        (8_912_896, 50),
        (35_651_584, 60),
    ];
    LEVELS.iter().find(|(most, _)| pixels <= *most).map_or(62, |(_, level)| *level)
}

/// What the uncompressed header of a key frame says.
struct Vp9 {
    profile: u8,
    depth: u8,
    /// 1: 4:2:0. 2: 4:2:2. 3: 4:4:4.
    chroma: u8,
}

/// VP9 Bitstream § 6.2.
fn vp9(frame: &[u8]) -> Vp9 {
    let mut padded = [0; 16];
    padded.iter_mut().zip(frame).for_each(|(to, from)| *to = *from);
    let bits = u128::from_be_bytes(padded);
    let bit = |at: u32| u8::try_from(bits >> (127 - at) & 1).unwrap_or(0);
    let profile = bit(2) | bit(3) << 1;
    // Behind the profile: a reserved bit of profile 3, four flags, and the sync code.
    let mut at = 4 + u32::from(profile == 3) + 4 + 24;
    let depth = match (profile, bit(at)) {
        (0 | 1, _) => 8,
        (_, 0) => 10,
        _ => 12,
    };
    at += u32::from(profile >= 2);
    let is_rgb = bit(at) & bit(at + 1) & bit(at + 2) == 1;
    let chroma = match (profile & 1, is_rgb) {
        (0, _) => 1,
        (_, true) => 3,
        // Behind colour space and range: whether chroma is halved across, and down.
        _ if bit(at + 4) == 1 => 2,
        _ => 3,
    };
    Vp9 { profile, depth, chroma }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_frame_of_vp9_says_its_profile() {
        // Marker 2, profile 0, key frame, shown; sync code; colour space 2.
        let Vp9 { profile, depth, chroma } = vp9(&[0x82, 0x49, 0x83, 0x42, 0x40]);
        assert_eq!((profile, depth, chroma), (0, 8, 1));
        // Profile 2, 10 bits.
        let Vp9 { profile, depth, chroma } = vp9(&[0x92, 0x49, 0x83, 0x42, 0x20]);
        assert_eq!((profile, depth, chroma), (2, 10, 1));
        let Vp9 { profile, depth, .. } = vp9(&[]);
        assert_eq!((profile, depth), (0, 8));
    }

    #[test]
    fn opus_head_is_turned_around() {
        let head = b"OpusHead\x01\x02\x38\x01\x80\xbb\0\0\0\0\0";
        assert_eq!(dops(head).unwrap()[8..], [0, 2, 1, 0x38, 0, 0, 0xbb, 0x80, 0, 0, 0]);
        assert!(dops(b"OpusHead").is_none());
    }

    #[test]
    fn descriptors_have_four_bytes_of_length() {
        assert_eq!(descriptor(5, &[0; 200])[..5], [5, 0x80, 0x80, 0x81, 0x48]);
    }
}
