//! How many samples of sound a frame has, which its codec says and Matroska does not.

use crate::track_entry::TrackEntry;

/// How the frames of a track of sound are timed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct FrameClock {
    /// Ticks of one second.
    pub(crate) rate: u32,
    frame: Frame,
}

/// Ticks of a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Frame {
    Ticks(u32),
    /// RFC 6716 § 3.1: its first two bytes say it.
    Opus,
    /// ISO/IEC 11172-3 and 13818-3: its header says it.
    MpegAudio,
    /// Only the times of the frames say it.
    Unknown,
}

/// Bytes at the beginning of a frame that say its duration, or its codec's parameters.
pub(crate) const FRAME_HEAD_BYTES: usize = 16;

impl FrameClock {
    /// Frames whose times alone say how long they last.
    pub(crate) const fn at(rate: u32) -> Self {
        Self { rate, frame: Frame::Unknown }
    }

    pub(crate) fn of(track: &TrackEntry) -> Self {
        let rate =
            if (1.0..=4_294_967_295.0).contains(&track.rate) { track.rate } else { 48_000.0 };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is in range"
        )]
        let rate = rate.round() as u32;
        let codec = track.codec.as_str();
        match codec {
            "A_OPUS" => Self { rate: 48_000, frame: Frame::Opus },
            "A_MPEG/L3" | "A_MPEG/L2" | "A_MPEG/L1" => Self { rate, frame: Frame::MpegAudio },
            "A_AC3" | "A_EAC3" => Self { rate, frame: Frame::Ticks(1536) },
            "A_FLAC" => Self { rate, frame: flac(&track.private) },
            _ if codec.starts_with("A_AAC") => {
                let rate = aac_rate(&track.private).unwrap_or(rate);
                Self { rate, frame: Frame::Ticks(1024) }
            }
            _ => Self::at(rate),
        }
    }

    /// Ticks of a frame that begins with these bytes.
    pub(crate) fn ticks(self, head: &[u8]) -> Option<u32> {
        match self.frame {
            Frame::Ticks(ticks) => Some(ticks),
            Frame::Opus => opus(head),
            Frame::MpegAudio => mpeg_audio(head),
            Frame::Unknown => None,
        }
    }
}

/// The rate that an `AudioSpecificConfig` gives its frames (ISO/IEC 14496-3 § 1.6.2.1).
fn aac_rate(config: &[u8]) -> Option<u32> {
    const RATES: [u32; 13] = [
        96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025,
        8000, 7350,
    ];
    let [first, second] = *config.first_chunk()?;
    RATES.get(usize::from((first & 7) << 1 | second >> 7)).copied()
}

/// Blocks of one size, of which STREAMINFO says the least and the largest (RFC 9639 § 8.2).
fn flac(private: &[u8]) -> Frame {
    let blocks = private.strip_prefix(b"fLaC").and_then(|rest| rest.get(4..8));
    match blocks.and_then(|sizes| sizes.first_chunk()) {
        Some([a, b, c, d]) if (a, b) == (c, d) => Frame::Ticks(u16::from_be_bytes([*a, *b]).into()),
        _ => Frame::Unknown,
    }
}

fn opus(head: &[u8]) -> Option<u32> {
    let toc = *head.first()?;
    let config = toc >> 3;
    let ticks = match config {
        0..12 => [480, 960, 1920, 2880].get(usize::from(config & 3)).copied()?,
        12..16 => [480, 960].get(usize::from(config & 1)).copied()?,
        _ => [120, 240, 480, 960].get(usize::from(config & 3)).copied()?,
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(*head.get(1)? & 63),
    };
    Some(ticks * frames)
}

fn mpeg_audio(head: &[u8]) -> Option<u32> {
    let [0xff, second, ..] = *head else { return None };
    let is_mpeg_1 = second >> 3 & 3 == 3;
    match second >> 1 & 3 {
        3 => Some(384),
        1 if !is_mpeg_1 => Some(576),
        1 | 2 => Some(1152),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_say_their_ticks() {
        // 20 ms of CELT, twice 20 ms, three times 20 ms.
        assert_eq!(opus(&[0xfc]), Some(960));
        assert_eq!(opus(&[0xfd]), Some(1920));
        assert_eq!(opus(&[0xff, 3]), Some(2880));
        assert_eq!(mpeg_audio(&[0xff, 0xfb, 0x90, 0]), Some(1152));
        assert_eq!(mpeg_audio(&[0xff, 0xf3, 0x90, 0]), Some(576));
        assert_eq!(mpeg_audio(&[0, 0xfb]), None);
    }

    #[test]
    fn aac_frames_have_the_rate_of_their_core() {
        assert_eq!(aac_rate(&[0x12, 0x10]), Some(44_100));
        // HE-AAC: 24 kHz, and twice that by SBR.
        assert_eq!(aac_rate(&[0x2b, 0x11, 0x88, 0]), Some(24_000));
        assert_eq!(aac_rate(&[0x17, 0x80]), None);
    }

    #[test]
    fn flac_blocks_of_one_size_have_one_duration() {
        let private = b"fLaC\x80\0\0\x22\x10\0\x10\0rest";
        assert_eq!(flac(private), Frame::Ticks(4096));
        assert_eq!(flac(b"fLaC\x80\0\0\x22\x10\0\x11\0rest"), Frame::Unknown);
    }
}
