//! Writes a plain MP4 as one fragmented MP4: `cargo run --release -p mp4 --example remux -- IN OUT`.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::process::ExitCode;

use mp4::fragment::Payload;
use mp4::locate::{LocateStep, Locator};
use mp4::plan::{self, PlanTarget, Selection, Window};
use mp4::{ByteRange, Index, init};

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (Some(from), Some(to), None) = (args.next(), args.next(), args.next()) else {
        return refuse("usage: remux IN OUT");
    };
    match remux(&from, &to) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&format!("{from}: {error}")),
    }
}

#[expect(clippy::print_stderr, reason = "this is how a command line tool says why it failed")]
fn refuse(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::FAILURE
}

fn remux(from: &str, to: &str) -> Result<(), Box<dyn Error>> {
    let mut file = File::open(from)?;
    let size = file.metadata()?.len();
    let moov = locate(&mut file, size)?;
    let mut index = Index::parse(read(&mut file, moov)?)?.for_file();
    index.set_file(moov, Some(size));
    index.playable()?;
    let selection = Selection { video: index.default_video(), audio: index.default_audio() };
    let tracks: Vec<usize> = selection.video.into_iter().chain(selection.audio).collect();
    let mut out = BufWriter::new(File::create(to)?);
    out.write_all(&init::write_many(&index, &tracks)?)?;
    feed(&mut file, &mut index, selection, PlanTarget::Time(0))?;
    let (mut cursor, _) = plan::seek(&index, selection, 0)?;
    loop {
        feed(&mut file, &mut index, selection, PlanTarget::Window(cursor))?;
        let Some(window) = plan::next(&index, selection, cursor, 10_000)? else { break };
        write(&mut file, &mut out, &window)?;
        cursor = window.next;
    }
    out.flush()?;
    Ok(())
}

/// Writes the fragments of a window: headers, and the media bytes after them.
fn write(file: &mut File, out: &mut impl Write, window: &Window) -> Result<(), Box<dyn Error>> {
    for fetch in &window.fetches {
        let bytes = read(file, fetch.range)?;
        for fragment in &fetch.fragments {
            out.write_all(&fragment.header)?;
            match &fragment.payload {
                Payload::AsIs => out.write_all(&bytes)?,
                Payload::Gather(runs) => {
                    for run in runs {
                        let run = usize::try_from(run.start)?..usize::try_from(run.end)?;
                        out.write_all(bytes.get(run).ok_or("a run lies outside its range")?)?;
                    }
                }
            }
        }
    }
    Ok(())
}

/// Feeds the boxes of a fragmented file that planning `target` needs.
fn feed(
    file: &mut File,
    index: &mut Index<Vec<u8>>,
    selection: Selection,
    target: PlanTarget,
) -> Result<(), Box<dyn Error>> {
    while let Some(range) = plan::need(index, selection, target)? {
        let bytes = read(file, range)?;
        index.feed(range.start, &bytes)?;
    }
    Ok(())
}

fn locate(file: &mut File, size: u64) -> Result<ByteRange, Box<dyn Error>> {
    let mut locator = Locator::new(Some(size));
    loop {
        match locator.next()? {
            LocateStep::Need(range) => {
                let bytes = read(file, range)?;
                locator.feed(range.start, &bytes);
            }
            LocateStep::Moov(range) => return Ok(range),
        }
    }
}

/// The bytes of `range`; fewer than asked for is an error that says where the file ends.
fn read(file: &mut File, range: ByteRange) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(range.start))?;
    file.take(range.len()).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < range.len() {
        let end = range.start + bytes.len() as u64;
        return Err(
            format!("the file ends at byte {end}, within samples up to {}", range.end).into()
        );
    }
    Ok(bytes)
}
