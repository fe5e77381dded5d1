//! Films by repetition.

use mp4::synth::{self, MoovAt};
use mp4::{Index, TrackKind};

use crate::fmp4;
use crate::mp4_writer::{self, PLAIN};
use crate::playback;

fn synthesized(clip: &[u8], film: &synth::SynthFile) -> Vec<u8> {
    let media = playback::cut(clip, film.media).repeat(film.repeats as usize);
    [film.head.as_slice(), &media, &film.tail].concat()
}

#[test]
fn synthetic_films_repeat_the_clip() {
    // Two seconds: 48 frames, and 94 AAC frames, of which 93 fit behind the priming one.
    let clip = mp4_writer::file(&[mp4_writer::video(48, 24), mp4_writer::audio(100)], &PLAIN);
    let once = fmp4::packets(&playback::remux(&clip, 10_000));
    for moov_at in [MoovAt::Head, MoovAt::Tail] {
        let film = synth::repeat_clip(&clip, 50, moov_at).unwrap();
        let long = synthesized(&clip, &film);
        assert_eq!(long.len() as u64, film.size_bytes());
        assert_eq!(film.tail.is_empty(), moov_at == MoovAt::Head);
        let index = Index::parse(playback::moov(&long)).unwrap();
        assert_eq!(index.duration_ms(), 100_000);
        assert_eq!(index.tracks()[0].sample_count, 48 * 50);
        let packets = fmp4::packets(&playback::remux(&long, 10_000));
        for (track, ticks) in index.tracks().iter().zip([24_576, 96_000]) {
            let number = if track.kind == TrackKind::Video { 1 } else { 2 };
            let of = |p: &&fmp4::Packet| p.track == number && p.pts >= 0;
            let base: Vec<_> = once.iter().filter(of).collect();
            let all: Vec<_> = packets.iter().filter(of).collect();
            let each = all.len() / 50;
            assert_eq!(all.len(), each * 50);
            for (i, packet) in all.iter().enumerate() {
                let (r, base) = (i64::try_from(i / each).unwrap(), base[i % each]);
                assert_eq!((packet.pts, packet.key), (base.pts + r * ticks, base.key), "{i}");
                assert_eq!(packet.data, base.data);
            }
        }
    }
}

#[test]
fn films_over_four_gibibytes_have_64_bit_offsets() {
    let clip = mp4_writer::file(&[mp4_writer::video(48, 24)], &PLAIN);
    let film = synth::repeat_clip(&clip, 10, MoovAt::Tail).unwrap();
    assert!(
        fmp4::find(&film.tail, &[b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stco"]).is_some()
    );
    let mut huge = mp4_writer::video(4, 4);
    huge.units.iter_mut().for_each(|u| u.size = 1 << 20);
    let clip = mp4_writer::file(&[huge], &PLAIN);
    let film = synth::repeat_clip(&clip, 2000, MoovAt::Tail).unwrap();
    let index = Index::parse(film.tail.as_slice()).unwrap();
    assert!(index.media_end() > 1 << 32);
    assert_eq!(index.media_end(), film.size_bytes() - film.tail.len() as u64);
}

#[test]
fn invalid_clips_are_refused() {
    assert!(synth::repeat_clip(b"", 3, MoovAt::Tail).is_err());
    let clip = mp4_writer::file(&[mp4_writer::video(48, 24)], &PLAIN);
    assert!(synth::repeat_clip(&clip, u32::MAX, MoovAt::Tail).is_err());
}
