//! Films by repetition.

use mp4::synth::{self, MoovAt};
use mp4::{Index, TrackKind};

use crate::fmp4;
use crate::make::{self, PLAIN};
use crate::play;

fn written(clip: &[u8], film: &synth::SynthFile) -> Vec<u8> {
    let media = play::cut(clip, film.media).repeat(film.repeats as usize);
    [film.head.as_slice(), &media, &film.tail].concat()
}

#[test]
fn a_film_shows_the_clip_again_and_again() {
    // Two seconds: 48 frames, and 94 AAC frames, of which 93 fit behind the priming one.
    let clip = make::file(&[make::video(48, 24), make::audio(100)], &PLAIN);
    let once = fmp4::packets(&play::remux(&clip, 10_000));
    for moov_at in [MoovAt::Head, MoovAt::Tail] {
        let film = synth::repeat_clip(&clip, 50, moov_at).unwrap();
        let long = written(&clip, &film);
        assert_eq!(long.len() as u64, film.size_bytes());
        assert_eq!(film.tail.is_empty(), moov_at == MoovAt::Head);
        let index = Index::parse(play::moov(&long)).unwrap();
        assert_eq!(index.duration_ms(), 100_000);
        assert_eq!(index.tracks()[0].sample_count, 48 * 50);
        let packets = fmp4::packets(&play::remux(&long, 10_000));
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
fn four_gibibytes_need_wide_offsets() {
    let clip = make::file(&[make::video(48, 24)], &PLAIN);
    let film = synth::repeat_clip(&clip, 10, MoovAt::Tail).unwrap();
    assert!(
        fmp4::find(&film.tail, &[b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stco"]).is_some()
    );
    let mut huge = make::video(4, 4);
    huge.units.iter_mut().for_each(|u| u.size = 1 << 20);
    let clip = make::file(&[huge], &PLAIN);
    let film = synth::repeat_clip(&clip, 2000, MoovAt::Tail).unwrap();
    let index = Index::parse(film.tail.as_slice()).unwrap();
    assert!(index.media_end() > 1 << 32);
    assert_eq!(index.media_end(), film.size_bytes() - film.tail.len() as u64);
}

#[test]
fn a_clip_that_is_none_is_refused() {
    assert!(synth::repeat_clip(b"", 3, MoovAt::Tail).is_err());
    let clip = make::file(&[make::video(48, 24)], &PLAIN);
    assert!(synth::repeat_clip(&clip, u32::MAX, MoovAt::Tail).is_err());
}
