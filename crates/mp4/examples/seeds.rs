//! Writes files for the fuzz targets to begin with: `seeds FOLDER` makes one folder a target.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    dead_code,
    reason = "the makers are shared with the tests, which use all of them"
)]

#[path = "../tests/it/fmp4.rs"]
mod fmp4;
#[path = "../tests/it/mp4_writer.rs"]
mod mp4_writer;
#[path = "../tests/it/playback.rs"]
mod playback;

use std::path::Path;

use mp4::Index;
use mp4::start_index::{self, Builder, StartPosition, StartRequest};
use mp4_writer::{PLAIN, Shape};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: seeds FOLDER")?;
    let wide = Shape { wide: true, moov_first: true, chunk: [5, 3], ..PLAIN };
    let mut edited = mp4_writer::video(40, 12);
    edited.edits = vec![(500, -1), (300, 7000), (200, 1024), (0, 9000)];
    let films = [
        mp4_writer::file(&[mp4_writer::video(20, 12), mp4_writer::audio(30)], &PLAIN),
        mp4_writer::file(&[mp4_writer::video(30, 30), mp4_writer::audio(20)], &wide),
        mp4_writer::file(&[edited, mp4_writer::audio(40)], &PLAIN),
    ];
    for (i, film) in films.iter().enumerate() {
        for target in ["locate", "synth", "fragments", "fragment_walk"] {
            write(&folder, target, i, film)?;
        }
        for target in ["index", "init", "plan", "start_index_builder"] {
            write(&folder, target, i, playback::moov(film))?;
        }
        let fragmented = playback::remux(film, 300);
        for target in ["fragments", "fragment_walk"] {
            write(&folder, target, i + films.len(), &fragmented)?;
        }
    }
    for (i, film) in films.iter().take(2).enumerate() {
        write_start_index(&folder, i, film)?;
    }
    Ok(())
}

/// Seeds out of a start index of `film`: a start as boxes, and a head with a pack.
fn write_start_index(
    folder: &str,
    i: usize,
    film: &[u8],
) -> Result<(), Box<dyn std::error::Error>> {
    let index = Index::parse(playback::moov(film))?;
    let (selection, from) = (playback::defaults(&index), StartPosition::Time(500));
    let request = StartRequest { selection, from, span_ms: 300, count: 2 };
    let start = start_index::plan_from_moov(&index, request)?;
    write(folder, "start_wire_form", i, &start_index::encode(&start))?;
    let mut builder = Builder::new(&index)?;
    let pack = builder.next_pack()?.unwrap();
    let head = builder.head()?;
    // The last three bytes are the length of the head.
    let len = u32::try_from(head.len())?.to_be_bytes();
    write(folder, "start_index_packs", i, &[&head, &pack, &len[1..]].concat())?;
    Ok(())
}

fn write(folder: &str, target: &str, i: usize, bytes: &[u8]) -> std::io::Result<()> {
    let folder = Path::new(folder).join(target);
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(format!("made-{i}")), bytes)
}
