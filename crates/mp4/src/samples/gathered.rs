//! Sample tables of one track, gathered from samples in the order of decoding.

use super::tables::Sample;
use crate::boxes::write::{boxed, full, put_all, table};
use crate::error::{Error, Result};

const BACKWARDS: &str = "decoding times of a track go back, or jump by 2^32 ticks; § 8.8.12";

/// The samples of a track, in the forms of its tables.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// Ticks from one sample to the next, for all but the last: how often, and how many.
    deltas: Vec<(u32, u32)>,
    /// Composition offsets: how often, and how many ticks.
    offsets: Vec<(u32, i32)>,
    sizes: Vec<u32>,
    /// Numbers of key frames, from 1.
    keys: Vec<u32>,
    chunks: Vec<Chunk>,
    /// Decoding time of the first sample.
    base: i64,
    last: Option<Sample>,
    /// Ticks of one sample where durations were last stated, or found.
    usual: u32,
}

/// Samples side by side in the file.
#[derive(Clone, Copy, Debug)]
struct Chunk {
    offset: u64,
    end: u64,
    samples: u32,
    description: u32,
}

impl Gathered {
    /// Adds the next sample; `is_key`: whether playing may begin with it.
    pub(crate) fn add(&mut self, sample: Sample, is_key: bool) -> Result<()> {
        let fault = |violation| Error { path: "moof/traf", ..Error::file(sample.moof, violation) };
        let offset = i32::try_from(sample.pts - sample.dts);
        let offset = offset
            .map_err(|_| fault("composition offset is over 2^31 ticks; not read by Firstframe"))?;
        if let Some(last) = self.last {
            let delta = u32::try_from(sample.dts - last.dts).map_err(|_| fault(BACKWARDS))?;
            self.step(delta, last.duration);
        } else {
            self.base = sample.dts;
        }
        count(&mut self.offsets, offset);
        self.sizes.push(sample.size);
        if is_key {
            self.keys.push(self.samples());
        }
        self.add_to_chunks(&sample);
        self.last = Some(sample);
        Ok(())
    }

    fn add_to_chunks(&mut self, sample: &Sample) {
        match self.chunks.last_mut() {
            Some(last) if last.end == sample.offset && last.description == sample.description => {
                last.end = sample.end();
                last.samples += 1;
            }
            _ => self.chunks.push(Chunk {
                offset: sample.offset,
                end: sample.end(),
                samples: 1,
                description: sample.description,
            }),
        }
    }

    /// Records the ticks from the last sample to the next. Where the samples in front state no
    /// duration, all of them share the ticks.
    fn step(&mut self, delta: u32, stated: u32) {
        let zeros = self.deltas.last().filter(|run| run.1 == 0).map_or(0, |run| run.0);
        if delta == 0 || stated > 0 || zeros == 0 {
            self.usual = if delta > 0 { delta } else { self.usual };
            return count(&mut self.deltas, delta);
        }
        self.deltas.pop();
        let among = zeros + 1;
        self.usual = delta / among;
        many(&mut self.deltas, among - delta % among, self.usual);
        many(&mut self.deltas, delta % among, self.usual + 1);
    }

    /// How many samples there are.
    pub(crate) fn samples(&self) -> u32 {
        u32::try_from(self.sizes.len()).unwrap_or(u32::MAX)
    }

    /// Decoding time of the first sample, which is 0 in the tables.
    pub(crate) fn base(&self) -> i64 {
        self.base
    }

    /// When the last sample ends.
    pub(crate) fn end(&self) -> Option<i64> {
        self.last.map(|last| last.dts + i64::from(last.duration))
    }

    /// Whether a sample is a key frame, and another is none.
    pub(crate) fn marks_keys(&self) -> bool {
        !self.keys.is_empty() && self.keys.len() < self.sizes.len()
    }

    pub(crate) fn has_keys(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Bytes of its tables.
    pub(crate) fn bytes(&self) -> u64 {
        let runs = self.deltas.len() + self.offsets.len();
        let words = 2 * runs + self.sizes.len() + self.keys.len() + 5 * self.chunks.len();
        4 * words as u64
    }

    /// Ticks of the last sample. Where it states none, it lasts as long as others.
    fn last_ticks(&self) -> u32 {
        let stated = self.last.map_or(0, |last| last.duration);
        if stated > 0 { stated } else { self.usual.max(1) }
    }

    /// Writes a `trak` box with nothing but sample tables.
    pub(crate) fn write(&self, out: &mut Vec<u8>, lists_keys: bool) {
        let mut deltas = self.deltas.clone();
        if let Some((zeros, _)) = deltas.pop_if(|run| run.1 == 0 && self.usual > 0) {
            many(&mut deltas, zeros, self.usual);
        }
        count(&mut deltas, self.last_ticks());
        let stbl = |out: &mut Vec<u8>| {
            table(out, *b"stts", 0, deltas.iter().map(|run| [run.0, run.1]));
            if self.offsets.iter().any(|run| run.1 != 0) {
                let offsets = self.offsets.iter().map(|run| [run.0, run.1.cast_unsigned()]);
                table(out, *b"ctts", 1, offsets);
            }
            if lists_keys {
                table(out, *b"stss", 0, self.keys.iter().map(|key| [*key]));
            }
            full(out, *b"stsz", 0, 0, |out| {
                put_all(out, &[0, self.samples()]);
                put_all(out, &self.sizes);
            });
            self.write_chunks(out);
        };
        boxed(out, *b"trak", |out| {
            boxed(out, *b"mdia", |out| boxed(out, *b"minf", |out| boxed(out, *b"stbl", stbl)));
        });
    }

    fn write_chunks(&self, out: &mut Vec<u8>) {
        let mut before = None;
        let entries = (1_u32..).zip(&self.chunks).filter(|(_, chunk)| {
            let this = Some((chunk.samples, chunk.description));
            std::mem::replace(&mut before, this) != this
        });
        let entries = entries.map(|(number, chunk)| [number, chunk.samples, chunk.description]);
        table(out, *b"stsc", 0, entries);
        let offsets = self.chunks.iter().map(|chunk| chunk.offset);
        let halves = offsets.map(|at| [(at >> 32) as u32, (at & 0xffff_ffff) as u32]);
        table(out, *b"co64", 0, halves);
    }
}

/// Adds a value to runs of equal ones.
fn count<T: PartialEq>(runs: &mut Vec<(u32, T)>, value: T) {
    many(runs, 1, value);
}

fn many<T: PartialEq>(runs: &mut Vec<(u32, T)>, times: u32, value: T) {
    match runs.last_mut() {
        _ if times == 0 => {}
        Some(run) if run.1 == value => run.0 += times,
        _ => runs.push((times, value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(dts: i64, duration: u32) -> Sample {
        Sample {
            moof: 0,
            index: 0,
            segment: 0,
            offset: 0,
            size: 1,
            duration,
            dts,
            pts: dts,
            decoded: dts,
            description: 1,
            key: true,
        }
    }

    fn gathered(samples: &[(i64, u32)]) -> Gathered {
        let mut gathered = Gathered::default();
        for (dts, duration) in samples {
            gathered.add(sample(*dts, *duration), true).unwrap();
        }
        gathered
    }

    #[test]
    fn samples_without_a_duration_share_the_time_until_the_next_fragment() {
        let gathered = gathered(&[(0, 0), (0, 0), (0, 0), (10, 0), (10, 0), (20, 0), (20, 0)]);
        assert_eq!(gathered.deltas, [(2, 3), (1, 4), (2, 5), (1, 0)]);
        let mut out = Vec::new();
        gathered.write(&mut out, false);
        let stts = out.windows(4).position(|four| four == b"stts").unwrap();
        let ends = [2, 3, 1, 4, 4, 5].map(u32::to_be_bytes).concat();
        assert_eq!(out[stts + 12..stts + 12 + ends.len()], ends);
    }

    #[test]
    fn durations_last_until_the_next_sample() {
        // A hole between two samples, and one that ends a tick too late.
        assert_eq!(
            gathered(&[(5, 10), (15, 10), (95, 11), (105, 10)]).deltas,
            [(1, 10), (1, 80), (1, 10)]
        );
        let mut back = gathered(&[(5, 10)]);
        assert!(back.add(sample(4, 10), true).is_err());
    }
}
