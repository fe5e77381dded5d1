//! `avcC`: whether its sequence parameter set states colours (ISO/IEC 14496-15 § 5.3.3.1, 14496-10 § 7.3.2.1
//! and E.1.1).

use super::be16;
use super::bits::Bits;

/// Code point 2, "unspecified", and 0, which is reserved.
pub(crate) fn is_known(code_points: &[u8]) -> bool {
    code_points.iter().all(|code_point| ![0, 2].contains(code_point))
}

/// Whether the first parameter set states primaries, transfer and matrix.
pub(crate) fn states_colours(avcc: &[u8]) -> bool {
    let len = be16(avcc, 6).map_or(0, usize::from);
    let (mut unit, mut zeros) = (Vec::new(), 0);
    for byte in avcc.iter().skip(8).take(len) {
        // Without the bytes that keep a start code from appearing (14496-10 § 7.4.1).
        if zeros < 2 || *byte != 3 {
            unit.push(*byte);
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
    }
    let mut bits = Bits::of(&unit);
    let code_points = colours(&mut bits);
    is_known(&code_points) && !bits.is_past_end()
}

/// Primaries, transfer and matrix of a parameter set; 0 where it states none.
fn colours(bits: &mut Bits<'_>) -> [u8; 3] {
    // The header of the unit, then the profile.
    bits.take(8);
    let profile = bits.byte();
    bits.take(16);
    bits.code();
    // Baseline, Main and Extended have no fields of chroma.
    if ![66, 77, 88].contains(&profile) {
        skip_chroma(bits);
    }
    bits.code();
    skip_picture(bits);
    if bits.take(1) == 1 { of_vui(bits) } else { [0; 3] }
}

/// Steps over the order count, and the references and the size of pictures.
fn skip_picture(bits: &mut Bits<'_>) {
    match bits.code() {
        0 => bits.skip_codes(1),
        1 => {
            bits.take(1);
            bits.skip_codes(2);
            let cycle = bits.code();
            bits.skip_codes(cycle);
        }
        _ => {}
    }
    bits.code();
    bits.take(1);
    bits.skip_codes(2);
    // Frames only, or a flag for fields; direct inference; cropping.
    if bits.take(1) == 0 {
        bits.take(1);
    }
    bits.take(1);
    if bits.take(1) == 1 {
        bits.skip_codes(4);
    }
}

fn of_vui(bits: &mut Bits<'_>) -> [u8; 3] {
    // 255: an aspect ratio in two numbers.
    if bits.take(1) == 1 && bits.byte() == 255 {
        bits.take(32);
    }
    if bits.take(1) == 1 {
        bits.take(1);
    }
    // Video signal type, with a format and a range; then whether it states colours.
    if bits.take(1) == 0 || bits.take(5) & 1 == 0 {
        return [0; 3];
    }
    [0; 3].map(|_: u8| bits.byte())
}

/// Steps over the fields of chroma, depth and scaling lists.
fn skip_chroma(bits: &mut Bits<'_>) {
    let is_444 = bits.code() == 3;
    if is_444 {
        bits.take(1);
    }
    bits.skip_codes(2);
    bits.take(1);
    let lists = if bits.take(1) == 0 { 0 } else { 8 + 4 * u32::from(is_444) };
    for list in 0..lists {
        let mut left = if bits.take(1) == 0 { 0 } else { 16 + 48 * u32::from(list >= 6) };
        // A list (14496-10 § 7.3.2.1.1.1) ends early at a scale of 0. Odd codes of `se(v)` are positive.
        let mut scale = 8_u32;
        while left > 0 && !scale.is_multiple_of(256) {
            let code = bits.code();
            let half = code.div_ceil(2);
            scale = scale.wrapping_add(if code % 2 == 1 { half } else { half.wrapping_neg() });
            left -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `avcC` with this parameter set alone.
    fn avcc(unit: &str) -> Vec<u8> {
        let unit: Vec<u8> = (0..unit.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&unit[at..at + 2], 16).unwrap())
            .collect();
        let len = u8::try_from(unit.len()).unwrap();
        [&[1, 0x64, 0, 0x16, 0xff, 0xe1, 0, len], unit.as_slice()].concat()
    }

    // What x264 writes for 640x360, and `h264_metadata` of ffmpeg makes of it.
    const UNSTATED: &str = "67640016acb405017fcb8088000003000800000300a078b175";
    const BT_709: &str = "67640016acb405017fcb80b501010140000003004000000503c58ba8";
    const FULL_RANGE: &str = "67640016acb405017fcb80b640000003004000000503c58ba8";
    const PRIMARIES_ONLY: &str = "67640016acb405017fcb80b501020240000003004000000503c58ba8";

    #[test]
    fn colours_are_stated_where_all_three_are_known() {
        assert!(states_colours(&avcc(BT_709)));
        for unit in [UNSTATED, FULL_RANGE, PRIMARIES_ONLY, "", "67", &BT_709[..20]] {
            assert!(!states_colours(&avcc(unit)), "{unit}");
        }
        for len in 0..avcc(BT_709).len() {
            // Neither a panic nor a claim, until the last of the code points is there.
            assert_eq!(states_colours(&avcc(BT_709)[..len]), len >= 23, "{len}");
        }
    }

    #[test]
    fn fields_of_all_profiles_are_stepped_over() {
        // Bits of a parameter set: baseline, order count type 1 with a cycle of two, fields, cropping,
        // an extended aspect ratio, overscan, and BT.601.
        let baseline = bits(&[
            "01000010 00000000 00011110 1 1 010 1 011 011 011 1 1 1 0 011 011",
            "0 1 1 1 010 010 010 010 1",
            "1 11111111 0000000000000001 0000000000000001 1 1 1 101 0 1 00000110 00000110 00000110",
        ]);
        assert!(states_colours(&avcc(&baseline)));
        // High 4:4:4 with scaling lists: one that ends at once, one of 64 scales.
        let scales = "1".repeat(64);
        let high = bits(&[
            "11110100 00000000 00011110 1 00100 0 1 1 0 1",
            "1 000010001 0 0 0 0 0 1",
            &scales,
            "0 0 0 0 0 1 1 010 1 0 1 1 1 1 0 1 0 0 1 101 1 1 00000001 00000001 00000001",
        ]);
        assert!(states_colours(&avcc(&high)));
    }

    /// A unit of these bits, in hexadecimal digits.
    fn bits(parts: &[&str]) -> String {
        let mut bits = parts.concat().replace(' ', "");
        bits.push_str("10000000");
        let bytes = bits.as_bytes().chunks(8).map(|byte| std::str::from_utf8(byte).unwrap());
        let bytes = bytes.filter(|byte| byte.len() == 8).map(|byte| {
            let byte = u8::from_str_radix(byte, 2).unwrap();
            assert!(byte != 3, "an emulation prevention byte would be needed");
            format!("{byte:02x}")
        });
        format!("67{}", bytes.collect::<String>())
    }
}
