//! The verb `firstframe demo`: writes a small library of films, made from one clip.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use mp4::synth::{self, MoovAt, SynthFile};

/// Sixteen seconds that may be repeated without end: the last picture leads to the first.
const CLIP: &[u8] = include_bytes!("../../demo/clip.mp4");
const FIRST_LIGHT: &[u8] = include_bytes!("../../demo/first-light.jpg");
const THE_LONG_NIGHT: &[u8] = include_bytes!("../../demo/the-long-night.jpg");

/// Ten minutes and a bit, 55 MB.
const SHORT_REPEATS: u32 = 38;
/// Two hours, 650 MB.
const LONG_REPEATS: u32 = 450;

const CATALOG: &str = r#"# What `firstframe demo` wrote; `firstframe publish` reads it.

[[titles]]
id = "first-light"
title = "First Light"
synopsis = "A whole day over quiet hills, in sixteen seconds."
genres = ["Short"]
cover = "first-light.jpg"
file = "first-light.mp4"

[[titles]]
id = "the-long-night"
title = "The Long Night"
synopsis = "Day after day after day. Its index is at the very end of each file, as cameras write it: seek anywhere."
genres = ["Endurance"]
cover = "the-long-night.jpg"

[[titles.episodes]]
file = "the-long-night-1.mp4"
number = 1
title = "Ten minutes"

[[titles.episodes]]
file = "the-long-night-2.mp4"
number = 2
title = "Two hours"
"#;

/// Where to write the demo library.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The folder, created if absent; files that exist already are not written again
    dir: PathBuf,
}

/// Writes the library.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let dir = args.dir;
    fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
    write_bytes(&dir, "first-light.mp4", CLIP)?;
    write_bytes(&dir, "first-light.jpg", FIRST_LIGHT)?;
    write_bytes(&dir, "the-long-night.jpg", THE_LONG_NIGHT)?;
    write_repeated(&dir, "the-long-night-1.mp4", SHORT_REPEATS)?;
    write_repeated(&dir, "the-long-night-2.mp4", LONG_REPEATS)?;
    write_bytes(&dir, "catalog.toml", CATALOG.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn write_bytes(dir: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    write_file(dir, name, bytes.len() as u64, |file| Ok(file.write_all(bytes)?))
}

/// Writes a film that repeats the clip, with its `moov` at the end.
fn write_repeated(dir: &Path, name: &str, repeats: u32) -> Result<()> {
    let film = synth::repeat_clip(CLIP, repeats, MoovAt::Tail)
        .map_err(|error| anyhow!("the demo clip is broken: {error}"))?;
    write_file(dir, name, film.size_bytes(), |file| stream(&film, file))
}

fn stream(film: &SynthFile, out: &mut BufWriter<File>) -> Result<()> {
    let range = usize::try_from(film.media.start)?..usize::try_from(film.media.end)?;
    let media = CLIP.get(range).context("the demo clip is cut")?;
    out.write_all(&film.head)?;
    for _ in 0..film.repeats {
        out.write_all(media)?;
    }
    Ok(out.write_all(&film.tail)?)
}

/// Writes a file under a temporary name and renames it, so that the file is whole or absent.
fn write_file(
    dir: &Path,
    name: &str,
    size_bytes: u64,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<()>,
) -> Result<()> {
    let path = dir.join(name);
    if fs::metadata(&path).is_ok_and(|metadata| metadata.len() == size_bytes) {
        return Ok(());
    }
    let partial = dir.join(format!(".{name}.part"));
    let mut file = File::create(&partial)
        .map(BufWriter::new)
        .with_context(|| partial.display().to_string())?;
    let done = write(&mut file).and_then(|()| Ok(file.flush()?));
    let done = done.and_then(|()| Ok(fs::rename(&partial, &path)?));
    if done.is_err() {
        let _ = fs::remove_file(&partial);
    }
    done.with_context(|| format!("writing {} ({size_bytes} bytes)", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn library_is_written_once_and_has_the_files_that_its_catalog_names() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("demo");
        let run = || run(Args { dir: path.clone() }).unwrap();
        run();
        let names: Vec<_> =
            CATALOG.lines().filter_map(|line| line.strip_prefix("file = ")).collect();
        assert_eq!(names.len(), 3);
        let modified = |name: &str| {
            fs::metadata(path.join(name.trim_matches('"'))).unwrap().modified().unwrap()
        };
        let before: Vec<_> = names.iter().map(|name| modified(name)).collect();
        run();
        let after: Vec<_> = names.iter().map(|name| modified(name)).collect();
        assert_eq!(before, after, "nothing is written twice");
        let size = fs::metadata(path.join("the-long-night-2.mp4")).unwrap().len();
        assert!((600_000_000..700_000_000).contains(&size), "{size}");
        assert_eq!(fs::read_dir(&path).unwrap().count(), 6, "nothing else stays");
    }
}
