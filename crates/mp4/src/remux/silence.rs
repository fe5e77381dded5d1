//! Silence for the times at which an audio track has no samples: a browser stands where one of its
//! `SourceBuffer`s has nothing, so that fragments of silent frames fill it.

use crate::boxes::write::{boxed, full, put, put_all};
use crate::boxes::{BoxAt, be32, find};
use crate::limits::SILENCE_MS_MAX;
use crate::moov::sample_entry;
use crate::ticks::rescale;

/// Writes silence for a track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    track_id: u32,
    timescale: u32,
    /// Ticks of a frame.
    ticks: u32,
    frame: Vec<u8>,
}

impl Silence {
    /// For the track of an initialization segment that [`init::write`](crate::init::write()) wrote; `None`
    /// for codecs other than AAC-LC, HE-AAC and Opus.
    pub fn of(init_segment: &[u8]) -> Option<Self> {
        let data = init_segment;
        let file = BoxAt { kind: [0; 4], start: 0, body: 0, end: data.len() };
        let inside = |b: BoxAt, kinds: &[[u8; 4]]| {
            kinds.iter().try_fold(b, |b, kind| find(data, b.body, b.end, &[*kind]))
        };
        let trak = inside(file, &[*b"moov", *b"trak"])?;
        let tkhd = inside(trak, &[*b"tkhd"])?.content(data);
        let track_id = be32(tkhd, if tkhd.first() == Some(&1) { 20 } else { 12 })?;
        let timescale = be32(inside(trak, &[*b"mdia", *b"mdhd"])?.content(data), 12)?;
        let stsd = inside(trak, &[*b"mdia", *b"minf", *b"stbl", *b"stsd"])?;
        let (frame, samples, rate) = frame(data, sample_entry::entries(data, stsd).next()?)?;
        let ticks = u32::try_from(rescale(samples, rate, timescale)).ok()?;
        (ticks > 0).then_some(Self { track_id, timescale, ticks, frame })
    }

    /// Whole frames that fit in between, of at most [`SILENCE_MS_MAX`], as a fragment with its media;
    /// nothing where none fits.
    pub fn fragment(&self, start_ms: u64, end_ms: u64) -> Vec<u8> {
        let Self { timescale, ticks, ref frame, .. } = *self;
        let length_ms = end_ms.saturating_sub(start_ms).min(SILENCE_MS_MAX);
        let count = rescale(length_ms, 1000, timescale) / u64::from(ticks);
        let count = u32::try_from(count).unwrap_or(0);
        if count == 0 {
            return Vec::new();
        }
        let mut out = self.moof(rescale(start_ms, 1000, timescale), count);
        boxed(&mut out, *b"mdat", |out| {
            for _ in 0..count {
                out.extend(frame);
            }
        });
        out
    }

    fn moof(&self, start: u64, count: u32) -> Vec<u8> {
        let size = u32::try_from(self.frame.len()).unwrap_or(0);
        let mut out = Vec::new();
        boxed(&mut out, *b"moof", |out| {
            full(out, *b"mfhd", 0, 0, |out| put(out, 1));
            boxed(out, *b"traf", |out| {
                // Offsets count from `moof`; duration, size and flags of all samples.
                full(out, *b"tfhd", 0, 0x02_0038, |out| {
                    put_all(out, &[self.track_id, self.ticks, size, 0x0200_0000]);
                });
                full(out, *b"tfdt", 1, 0, |out| out.extend(start.to_be_bytes()));
                full(out, *b"trun", 0, 1, |out| put_all(out, &[count, MOOF_BYTES + 8]));
            });
        });
        out
    }
}

/// Bytes of the `moof` above: headers of six boxes, and their fields.
const MOOF_BYTES: u32 = 8 + 16 + 8 + 28 + 20 + 20;

/// A silent frame for a sample entry, and how many samples it has at which rate.
fn frame(data: &[u8], entry: BoxAt) -> Option<(Vec<u8>, u64, u32)> {
    if let Some(config) = sample_entry::aac(data, entry) {
        return Some((aac(config.channels)?, 1024, config.sample_rate));
    }
    Some((opus(sample_entry::opus(data, entry)?.content(data))?, 960, 48_000))
}

/// The syntactic elements of each number of channels: a single channel, a pair, or low frequencies
/// (ISO/IEC 14496-3, table 1.19).
const ELEMENTS: [&[u8]; 8] = [
    &[SINGLE],
    &[PAIR],
    &[SINGLE, PAIR],
    &[SINGLE, PAIR, SINGLE],
    &[SINGLE, PAIR, PAIR],
    &[SINGLE, PAIR, PAIR, LOW],
    &[SINGLE, PAIR, PAIR, SINGLE, LOW],
    &[SINGLE, PAIR, PAIR, PAIR, LOW],
];
const SINGLE: u8 = 0;
const PAIR: u8 = 1;
const LOW: u8 = 3;

/// A frame of AAC-LC without a scale factor band in any channel (ISO/IEC 14496-3 § 4.4.2.1).
fn aac(channels: u16) -> Option<Vec<u8>> {
    let elements = ELEMENTS.get(usize::from(channels).checked_sub(1)?)?;
    let mut frame = Bits::default();
    for (i, element) in elements.iter().enumerate() {
        let before = elements.iter().take(i).filter(|other| *other == element).count();
        frame.put(u64::from(*element) << 4 | before as u64, 7);
        // Gain, a long window without bands, and no tools; a pair has one window for both.
        if *element == PAIR {
            frame.put(1, 1);
            frame.put(0, 35);
        } else {
            frame.put(0, 22);
        }
    }
    frame.put(7, 3);
    Some(frame.bytes)
}

/// Bits, the highest first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn put(&mut self, number: u64, count: u32) {
        for i in (0..count).rev() {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= u8::from(number >> i & 1 == 1) << (7 - self.used % 8);
            }
            self.used += 1;
        }
    }
}

/// A packet of 20 ms without sound (RFC 6716 § 3), for each stream that `dOps` names; all but the last
/// one with their lengths (appendix B).
fn opus(dops: &[u8]) -> Option<Vec<u8>> {
    let streams = if *dops.get(10)? == 0 { 1 } else { *dops.get(11)? };
    let mut packet = Vec::new();
    for _ in 1..streams {
        packet.extend([0xf8, 2, 0xff, 0xfe]);
    }
    packet.extend([0xf8, 0xff, 0xfe]);
    Some(packet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silent_frames_have_the_elements_of_their_channels() {
        assert_eq!(aac(1).unwrap(), [0, 0, 0, 7]);
        assert_eq!(aac(2).unwrap(), [0x21, 0, 0, 0, 0, 0x1c]);
        assert_eq!(aac(0), None);
        assert_eq!(aac(9), None);
        assert_eq!(opus(&[0; 11]).unwrap(), [0xf8, 0xff, 0xfe]);
        let surround = [0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2];
        assert_eq!(opus(&surround).unwrap(), [0xf8, 2, 0xff, 0xfe, 0xf8, 0xff, 0xfe]);
    }

    #[test]
    fn silence_is_as_long_as_whole_frames_allow() {
        let silence = Silence { track_id: 2, timescale: 48_000, ticks: 1024, frame: vec![1, 2, 3] };
        let fragment = silence.fragment(1_000, 1_100);
        assert_eq!(be32(&fragment, 0), Some(MOOF_BYTES));
        assert_eq!(&fragment[MOOF_BYTES as usize + 8..], [1, 2, 3].repeat(4));
        assert_eq!(silence.fragment(1_000, 1_020), []);
        assert_eq!(silence.fragment(5, 4), []);
        assert_eq!(silence.fragment(0, u64::MAX).len(), MOOF_BYTES as usize + 8 + 3 * 1406);
    }
}
