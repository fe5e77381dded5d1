//! `esds`: the audio codec, by its descriptors (ISO/IEC 14496-1 § 7.2.6).

use super::bits::Bits;

/// Object type indication, and the audio object type where there is a decoder configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ObjectType {
    pub(crate) indication: u8,
    pub(crate) audio: Option<u8>,
    pub(crate) config: Option<AudioConfig>,
}

/// The beginning of an `AudioSpecificConfig` (ISO/IEC 14496-3 § 1.6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AudioConfig {
    /// Audio object type: 5 or 29 for HE-AAC, however it is signalled.
    kind: u8,
    /// Of the core codec: for HE-AAC what it is based on.
    pub(crate) core: u8,
    /// Samples a second of the core codec.
    pub(crate) sample_rate: u32,
    /// 0: not stated here.
    pub(crate) channels: u16,
}

/// From the descriptors behind version and flags.
pub(crate) fn object_type(esds: &[u8]) -> Option<ObjectType> {
    let es = descriptor(esds, 3)?;
    let flags = *es.get(2)?;
    let mut at = 3;
    if flags & 0x80 != 0 {
        at += 2;
    }
    if flags & 0x40 != 0 {
        at += 1 + usize::from(*es.get(at)?);
    }
    if flags & 0x20 != 0 {
        at += 2;
    }
    let config = descriptor(es.get(at..)?, 4)?;
    let indication = *config.first()?;
    let specific = config.get(13..).and_then(|rest| descriptor(rest, 5));
    let config = specific.and_then(audio_config);
    let first = || object_type_of(&mut Bits::of(specific?));
    let audio = config.map(|config| config.kind).or_else(first);
    Some(ObjectType { indication, audio, config })
}

fn audio_config(specific: &[u8]) -> Option<AudioConfig> {
    const RATES: [u32; 13] =
        [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];
    let mut bits = Bits::of(specific);
    let rate = |bits: &mut Bits<'_>| match bits.take(4) {
        15 => Some(bits.take(24)),
        index => RATES.get(index as usize).copied(),
    };
    let mut kind = object_type_of(&mut bits)?;
    let mut core = kind;
    let sample_rate = rate(&mut bits)?;
    let channels = match bits.take(4) {
        // 6.1 and 7.1 in the layouts that came later.
        11 => 7,
        7 | 12 | 14 => 8,
        count => u16::try_from(count).unwrap_or(0),
    };
    // HE-AAC names itself first, then its output rate, then its core.
    if matches!(core, 5 | 29) {
        rate(&mut bits)?;
        core = object_type_of(&mut bits)?;
    }
    if bits.is_past_end() {
        return None;
    }
    // Or it names itself AAC, with the extension behind the part that old decoders read.
    if !matches!(kind, 5 | 29) && bits.take(3) == 0 && bits.take(17) == SBR {
        rate(&mut bits);
        kind = if bits.take(12) == PS { 29 } else { 5 };
    }
    Some(AudioConfig { kind, core, sample_rate, channels })
}

fn object_type_of(bits: &mut Bits<'_>) -> Option<u8> {
    let kind = match bits.take(5) {
        31 => 32 + bits.take(6),
        kind => kind,
    };
    u8::try_from(kind).ok().filter(|_| !bits.is_past_end())
}

/// The sync word of SBR, object type 5, and the presence flag (ISO/IEC 14496-3 § 1.6.5.3).
const SBR: u32 = 0x2b7 << 6 | 5 << 1 | 1;
/// The sync word of PS, and its presence flag.
const PS: u32 = 0x548 << 1 | 1;

/// The content of the first descriptor with `tag`.
fn descriptor(mut data: &[u8], tag: u8) -> Option<&[u8]> {
    loop {
        let (&found, rest) = data.split_first()?;
        let (mut size, mut used) = (0_usize, 0);
        for &byte in rest.iter().take(4) {
            size = size << 7 | usize::from(byte & 0x7f);
            used += 1;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let rest = rest.get(used..)?;
        let size = size.min(rest.len());
        if found == tag {
            return rest.get(..size);
        }
        data = rest.get(size..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_types_are_read_through_long_and_short_lengths() {
        let mut esds = vec![3, 0x80, 0x80, 0x80, 24, 0, 1, 0, 4, 17, 0x40, 0x15];
        esds.extend([0; 11]);
        esds.extend([5, 2, 0xf9, 0x40]);
        let found = object_type(&esds).unwrap();
        assert_eq!((found.indication, found.audio), (0x40, Some(42)));
        assert_eq!(object_type(&esds[..12]).unwrap().audio, None);
        assert_eq!(object_type(&esds[..4]), None);
    }

    #[test]
    fn he_aac_has_the_sample_rate_of_its_core() {
        let lc = audio_config(&[0x11, 0x90]).unwrap();
        assert_eq!(lc, AudioConfig { kind: 2, core: 2, sample_rate: 48000, channels: 2 });
        // 5, 22050, stereo, 44100, 2.
        let he = audio_config(&[0x2b, 0x92, 0x08, 0x00]).unwrap();
        assert_eq!(he, AudioConfig { kind: 5, core: 2, sample_rate: 22050, channels: 2 });
        let explicit_rate = audio_config(&[0x17, 0x80, 0x1f, 0x40, 0x08]).unwrap();
        assert_eq!(
            explicit_rate,
            AudioConfig { kind: 2, core: 2, sample_rate: 16000, channels: 1 }
        );
        assert_eq!(audio_config(&[0x11]), None);
    }
}
