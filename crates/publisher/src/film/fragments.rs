//! Gathers the samples of a fragmented film: reads its `moof` boxes, and seeks over its media.

use std::fs::File;
use std::io;

use mp4::start_index::FragmentWalk;
use mp4::{ByteRange, Index};

use super::file::read_at;

/// The index of all samples of a fragmented film, whose `moov` lies at `range`. The inner error says why
/// they cannot be in one.
pub(crate) fn gather(
    file: &mut File,
    index: Index<Vec<u8>>,
    range: ByteRange,
    size_bytes: u64,
) -> io::Result<mp4::Result<Index<Vec<u8>>>> {
    let mut walk = match FragmentWalk::new(index, range, size_bytes) {
        Ok(walk) => walk,
        Err(why) => return Ok(Err(why)),
    };
    while let Some(need) = walk.need() {
        let bytes = read_at(file, need.start, need.len())?;
        if let Err(why) = walk.feed(need.start, &bytes) {
            return Ok(Err(why));
        }
    }
    Ok(walk.finish())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use mp4::fragment::Payload;
    use mp4::plan::{self, Selection};
    use mp4::start_index::Builder;

    use super::*;
    use crate::film::found_film::Container;
    use crate::film::probe::probe;

    const CLIP: &[u8] = include_bytes!("../../../../local-runtime/demo/clip.mp4");

    fn cut(file: &[u8], start: u64, end: u64) -> &[u8] {
        &file[usize::try_from(start).unwrap()..usize::try_from(end).unwrap()]
    }

    /// The clip in fragments of a second, without `sidx` or `mfra`; a duration of all ones in `mvhd`.
    fn fragmented() -> Vec<u8> {
        let at = CLIP.windows(4).position(|kind| kind == b"moov").unwrap() - 4;
        let index = Index::parse(&CLIP[at..]).unwrap();
        let selection = Selection { video: index.default_video(), audio: index.default_audio() };
        let mut out = mp4::init::write_many(&index, &[0, 1]).unwrap();
        let mvhd = out.windows(4).position(|kind| kind == b"mvhd").unwrap();
        out[mvhd + 20..mvhd + 24].fill(0xff);
        let (mut cursor, _) = plan::seek(&index, selection, 0).unwrap();
        while let Some(window) = plan::next(&index, selection, cursor, 1_000).unwrap() {
            for fetch in &window.fetches {
                let bytes = cut(CLIP, fetch.range.start, fetch.range.end);
                for fragment in &fetch.fragments {
                    out.extend(&fragment.header);
                    match &fragment.payload {
                        Payload::AsIs => out.extend(bytes),
                        Payload::Gather(runs) => {
                            for run in runs {
                                out.extend(cut(bytes, run.start, run.end));
                            }
                        }
                    }
                }
            }
            cursor = window.next;
        }
        out
    }

    #[test]
    fn fragmented_film_has_its_length_and_a_start_index() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("film.mp4");
        fs::write(&path, fragmented()).unwrap();
        let film = probe(&path).unwrap();
        assert!(film.duration_ms.abs_diff(16_000) < 50, "{}", film.duration_ms);
        let mut opened = File::open(&path).unwrap();
        let Container::Mp4(place) = film.container else { panic!("{film:?}") };
        let moov = read_at(&mut opened, place.start, place.len()).unwrap();
        let index = Index::parse(moov).unwrap();
        assert!(index.is_fragmented());
        let gathered = gather(&mut opened, index, place, film.stamp.size_bytes).unwrap().unwrap();
        assert!(Builder::new(&gathered).unwrap().next_pack().unwrap().is_some());
    }

    #[test]
    fn fragmented_film_that_is_cut_short_has_the_rest() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("film.mp4");
        let whole = fragmented();
        for len in [whole.len() - 1, whole.len() * 2 / 3] {
            fs::write(&path, &whole[..len]).unwrap();
            let film = probe(&path).unwrap();
            assert!(film.plays.contains("is cut off within its last fragment"), "{}", film.plays);
            let most_ms = 16_000 * len as u64 / whole.len() as u64;
            assert!(film.duration_ms.abs_diff(most_ms) < 2_500, "{}", film.duration_ms);
        }
    }
}
