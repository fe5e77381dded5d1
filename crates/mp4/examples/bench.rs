//! The native half of `cargo xtask bench mp4`: `bench CLIP FOLDER`.
//!
//! Makes films of 10 minutes, 2 and 10 hours that repeat the clip, writes into the folder what the
//! other half needs of them, and prints one JSON object a line of how they do here; what the index
//! takes is left out, for a process does not know it. Media is never
//! written out: what a film repeats is in memory, and pieces of it are views.
#![expect(clippy::print_stdout, reason = "a bench prints what it finds")]

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use mp4::fragment::Payload;
use mp4::locate::{LocateStep, Locator};
use mp4::plan::{self, Selection, Window};
use mp4::synth::{self, MoovAt, SynthFile};
use mp4::{ByteRange, Index, init};

/// Each figure is the best of as many runs: what else a machine does only adds to them.
const RUNS: usize = 9;
const WINDOW_MS: u64 = 10_000;
/// What a network hands out at once.
const PIECE_BYTES: usize = 64 << 10;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, clip, folder] = arguments.as_slice() else {
        return Err("usage: bench CLIP FOLDER".into());
    };
    let clip = fs::read(clip)?;
    let clip_ms = Index::parse(moov(&clip)?)?.duration_ms();
    for (case, minutes) in [("10min", 10), ("2h", 120), ("10h", 600)] {
        let repeats = u32::try_from(minutes * 60_000 / clip_ms)?;
        let film = synth::repeat_clip_wide(&clip, repeats, MoovAt::Tail)?;
        let media = slice(&clip, film.media)?;
        let part = |name: &str| Path::new(folder).join(format!("{case}.{name}"));
        fs::write(part("head"), &film.head)?;
        fs::write(part("media"), media)?;
        fs::write(part("tail"), &film.tail)?;
        fs::write(part("repeats"), repeats.to_string())?;
        measure(case, &film, media)?;
    }
    Ok(())
}

fn measure(case: &str, film: &SynthFile, media: &[u8]) -> Result<(), Box<dyn Error>> {
    let print = |metric: &str, value: f64| {
        let what = format!(r#""bench":"mp4","case":"{case}","subject":"firstframe-native""#);
        println!(r#"{{{what},"metric":"{metric}","value":{value}}}"#);
    };
    let index = Index::parse(film.tail.as_slice())?;
    let index_ms = best(|| {
        let index = Index::parse(film.tail.as_slice())?;
        black_box(init::write(&index, index.default_video().unwrap_or(0))?);
        Ok(())
    })?;
    print("index_ms", index_ms);
    let selection = Selection { video: index.default_video(), audio: index.default_audio() };
    let at = index.duration_ms() / 10 * 7;
    let headers_at_70_ms = best(|| {
        let (cursor, _) = plan::seek(&index, selection, at)?;
        black_box(plan::next(&index, selection, cursor, WINDOW_MS)?);
        Ok(())
    })?;
    print("headers_at_70_ms", headers_at_70_ms);
    let (cursor, _) = plan::seek(&index, selection, at)?;
    let window = plan::next(&index, selection, cursor, WINDOW_MS)?;
    print("headers_at_70_bytes", float(window.as_ref().map_or(0, headers)));
    // Twice in a row, so that every piece is one slice.
    let ring = media.repeat(2);
    let begin = Instant::now();
    let (fetched, copied, most) = remux(&index, selection, film, &ring)?;
    let seconds = begin.elapsed().as_secs_f64();
    print("remux_mb_s", float(fetched) / seconds / 1e6);
    print("copied_ratio", float(copied) / float(fetched));
    print("headers_most_bytes", float(most));
    Ok(())
}

/// Remuxes the whole film: bytes fetched, bytes copied, and the most header bytes of a window.
fn remux(
    index: &Index<&[u8]>,
    selection: Selection,
    film: &SynthFile,
    ring: &[u8],
) -> Result<(u64, u64, u64), Box<dyn Error>> {
    let (mut cursor, _) = plan::seek(index, selection, 0)?;
    let (mut fetched, mut copied, mut most) = (0, 0, 0);
    while let Some(window) = plan::next(index, selection, cursor, WINDOW_MS)? {
        let done = append(&window, ring, film.head.len() as u64)?;
        (fetched, copied) = (fetched + done.0, copied + done.1);
        most = most.max(headers(&window));
        cursor = window.next;
    }
    Ok((fetched, copied, most))
}

/// Bytes of a window's headers.
fn headers(window: &Window) -> u64 {
    let fragments = window.fetches.iter().flat_map(|fetch| &fetch.fragments);
    fragments.map(|fragment| fragment.header.len() as u64).sum()
}

/// Appends what a window fetches, as a page would: bytes fetched, and bytes copied.
fn append(window: &Window, ring: &[u8], head: u64) -> Result<(u64, u64), Box<dyn Error>> {
    let (mut fetched, mut copied) = (0, 0);
    let period = ring.len() as u64 / 2;
    for fetch in &window.fetches {
        fetched += fetch.range.len();
        for fragment in &fetch.fragments {
            black_box(&fragment.header);
            match &fragment.payload {
                Payload::AsIs => {
                    let start = usize::try_from((fetch.range.start - head) % period)?;
                    pass_on(ring, start, usize::try_from(fetch.range.len())?);
                }
                Payload::Gather(runs) => {
                    let len: u64 = runs.iter().map(ByteRange::len).sum();
                    copied += len;
                    let from = fetch.range.start - head;
                    black_box(gather(ring, from, runs, usize::try_from(len)?)?);
                }
            }
        }
    }
    Ok((fetched, copied))
}

/// Hands `len` bytes on in pieces, without a copy.
fn pass_on(ring: &[u8], start: usize, len: usize) {
    for i in 0..len.div_ceil(PIECE_BYTES) {
        let at = (start + i * PIECE_BYTES) % (ring.len() / 2);
        black_box(ring.get(at..at + PIECE_BYTES.min(ring.len() / 2)));
    }
}

/// Copies these runs, which count from `from`.
fn gather(
    ring: &[u8],
    from: u64,
    runs: &[ByteRange],
    len: usize,
) -> Result<Vec<u8>, Box<dyn Error>> {
    let period = ring.len() as u64 / 2;
    let mut part: Vec<u8> = Vec::with_capacity(len);
    for run in runs {
        let start = (from + run.start) % period;
        part.extend(slice(ring, ByteRange::of(start, run.len()))?);
    }
    Ok(part)
}

fn moov(clip: &[u8]) -> Result<&[u8], Box<dyn Error>> {
    let mut locator = Locator::new(Some(clip.len() as u64));
    locator.feed(0, clip);
    match locator.next()? {
        LocateStep::Moov(range) => slice(clip, range),
        LocateStep::Need(range) => Err(format!("the clip lacks bytes {range:?}").into()),
    }
}

fn slice(bytes: &[u8], range: ByteRange) -> Result<&[u8], Box<dyn Error>> {
    let range = usize::try_from(range.start)?..usize::try_from(range.end)?;
    Ok(bytes.get(range).ok_or("clip is cut off")?)
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn float(number: u64) -> f64 {
    number as f64
}

/// The shortest time in milliseconds.
fn best(mut run: impl FnMut() -> Result<(), Box<dyn Error>>) -> Result<f64, Box<dyn Error>> {
    let mut least = f64::INFINITY;
    for _ in 0..RUNS {
        let started = Instant::now();
        run()?;
        least = least.min(started.elapsed().as_secs_f64() * 1e3);
    }
    Ok(least)
}
