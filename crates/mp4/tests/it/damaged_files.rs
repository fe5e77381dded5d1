//! Damaged files cause errors and never a panic: two seconds of random damage, as a small libFuzzer.

use mp4::Index;
use mp4::start_index::{StartPosition, StartRequest};

use crate::fuzz_targets;
use crate::mp4_writer::{self, PLAIN};
use crate::playback;
use crate::start_index;

/// Marsaglia's xorshift: the same bytes in every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % limit.max(1)
    }
}

/// One to four random changes: cut off, overwritten, inserted, repeated or flipped bytes.
pub(crate) fn damage(random: &mut Random, file: &[u8]) -> Vec<u8> {
    let mut file = file.to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(file.len());
        match random.below(6) {
            0 => file.truncate(at),
            1 => drop(file.splice(at..at, [0xff; 3])),
            2 if at + 4 <= file.len() => {
                let extremes = [0, 1, 7, 8, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff_u32];
                let number = extremes[random.below(7)].to_be_bytes();
                file[at..at + 4].copy_from_slice(&number);
            }
            3 => {
                let from = random.below(file.len());
                let to = (from + random.below(64)).min(file.len());
                let piece = file[from..to].to_vec();
                drop(file.splice(at..at, piece));
            }
            _ if !file.is_empty() => file[at] ^= 1 << random.below(8),
            _ => {}
        }
    }
    file
}

#[test]
fn damaged_files_cause_no_panic() {
    let plain = mp4_writer::file(&[mp4_writer::video(40, 12), mp4_writer::audio(70)], &PLAIN);
    let wide = mp4_writer::Shape { wide: true, moov_first: true, chunk: [5, 3], ..PLAIN };
    let wide = mp4_writer::file(&[mp4_writer::video(30, 30), mp4_writer::audio(20)], &wide);
    let fragmented = playback::remux(&wide, 300);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..4000 {
        let damaged = damage(&mut random, &fragmented);
        fuzz_targets::feed(&damaged);
        fuzz_targets::fragment_walk(&damaged);
    }
    for file in [&plain, &wide] {
        damage_and_read(&mut random, file);
    }
}

/// Reads many damaged copies of the file and of its `moov`.
fn damage_and_read(random: &mut Random, file: &[u8]) {
    let moov = playback::moov(file);
    for _ in 0..4000 {
        let damaged = damage(random, moov);
        fuzz_targets::index(&damaged);
        fuzz_targets::write_init(&damaged);
        fuzz_targets::plan(&damaged);
    }
    for _ in 0..1000 {
        fuzz_targets::start_index_builder(&damage(random, moov));
    }
    for _ in 0..2000 {
        let damaged = damage(random, file);
        fuzz_targets::locate(&damaged);
        fuzz_targets::feed(&damaged);
        fuzz_targets::repeat_clip(&damaged);
    }
}

#[test]
fn damaged_start_indexes_and_starts_cause_no_panic() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let file = mp4_writer::file(&[mp4_writer::video(900, 12), mp4_writer::audio(1700)], &PLAIN);
    let index = Index::parse(playback::moov(&file)).unwrap();
    let stored = start_index::store(&index);
    let (selection, from) = (playback::defaults(&index), StartPosition::Time(9_000));
    let ask = StartRequest { selection, from, span_ms: 4_000, count: 3 };
    let answer = mp4::start_index::encode(&stored.ask(ask).unwrap().0);
    let len = u32::try_from(stored.head.len()).unwrap().to_be_bytes();
    let pack = stored.packs.concat();
    for _ in 0..4000 {
        fuzz_targets::start_wire_form(&damage(&mut random, &answer));
        // Damage keeps the length, so that the end of the head is known.
        let mut both = [&stored.head[..], &pack].concat();
        let limit = if random.below(2) == 0 { stored.head.len() } else { both.len() };
        for _ in 0..=random.below(3) {
            both[random.below(limit)] ^= 1 << random.below(8);
        }
        fuzz_targets::start_index_packs(&[&both, &len[1..]].concat());
    }
}
