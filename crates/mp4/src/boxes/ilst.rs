//! `ilst`: of its items only the gapless playback note of iTunes and Apple's encoders, which counts
//! where there is no edit list.

use super::BoxAt;
use super::write::{boxed, full, put_all};

/// Audio samples of a track, by the note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gapless {
    /// Samples before the first audible one.
    pub(crate) priming: u64,
    /// Audible samples; 0: not stated.
    pub(crate) length: u64,
}

/// Reads the note `iTunSMPB` in a `udta`: numbers in hexadecimal, of which the second is the
/// priming, the third the padding, and the fourth the length.
pub(crate) fn gapless(data: &[u8], udta: BoxAt) -> Option<Gapless> {
    let body = udta.content(data);
    let name = body.windows(8).position(|w| w == b"iTunSMPB")?;
    // Size, type, kind and language of the `data` box behind the name.
    let value = body.get(name + 8..)?;
    let text = value.get(16..).filter(|_| value.get(4..8) == Some(b"data"))?;
    let text = text.get(..120.min(text.len()))?;
    let mut numbers = text.split(|b| *b == b' ').filter(|word| !word.is_empty()).map(|word| {
        let word = str::from_utf8(word).ok()?;
        u64::from_str_radix(word.get(..16.min(word.len()))?, 16).ok()
    });
    let (_, priming, _) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let length = numbers.next().flatten().unwrap_or(0);
    // No encoder primes a second.
    (priming > 0 && priming < 1 << 16 && length < 1 << 48).then_some(Gapless { priming, length })
}

/// Writes a `udta` with such a note: the only form in which ffmpeg reads the priming of a fragmented
/// track.
pub(crate) fn write(out: &mut Vec<u8>, priming: u64) {
    boxed(out, *b"udta", |out| {
        full(out, *b"meta", 0, 0, |out| {
            full(out, *b"hdlr", 0, 0, |out| out.extend(b"\0\0\0\0mdirappl\0\0\0\0\0\0\0\0\0"));
            boxed(out, *b"ilst", |out| {
                boxed(out, *b"----", |out| {
                    full(out, *b"mean", 0, 0, |out| out.extend(b"com.apple.iTunes"));
                    full(out, *b"name", 0, 0, |out| out.extend(b"iTunSMPB"));
                    boxed(out, *b"data", |out| {
                        put_all(out, &[1, 0]);
                        let note = format!(" 00000000 {priming:08X} 00000000 {:016X}", 0);
                        out.extend(note.as_bytes());
                    });
                });
            });
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn itunsmpb_note_is_read() {
        let note = b" 00000000 00000840 000001CA 00000000003F31F6 00000000 00000000";
        let mut data = b"....----....name....iTunSMPB".to_vec();
        data.extend(u32::try_from(note.len() + 16).unwrap().to_be_bytes());
        data.extend(b"data\0\0\0\x01\0\0\0\0");
        data.extend(note);
        let b = BoxAt { kind: *b"udta", start: 0, body: 0, end: data.len() };
        let found = gapless(&data, b);
        assert_eq!(found, Some(Gapless { priming: 2112, length: 0x3f_31f6 }));
        assert_eq!(gapless(&data, BoxAt { end: 40, ..b }), None);
        let mut data = Vec::new();
        write(&mut data, 2112);
        let b = BoxAt { kind: *b"udta", start: 0, body: 8, end: data.len() };
        assert_eq!(gapless(&data, b), Some(Gapless { priming: 2112, length: 0 }));
    }
}
