//! A film whose tracks a browser can play, whatever they lie in.

use std::fs::File;

use mp4::plan::{self, PlanTarget, Selection};
use mp4::{ByteRange, Index};

use super::file::read_at;
use super::reason::{Reason, broken, unreadable};
use crate::output::format::Clock;

/// Length of the first and last window, which must lie in the file.
const WINDOW_MS: u64 = 10_000;
/// A last window of ten seconds is behind one or two key frames.
const WINDOWS_MAX: usize = 16;

/// What a film's tracks lie in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    /// The byte range of its `moov` box.
    Mp4(ByteRange),
    Matroska,
    WebM,
}

impl Container {
    /// As the catalog names it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Mp4(_) => "mp4",
            Self::Matroska => "matroska",
            Self::WebM => "webm",
        }
    }
}

/// A film that a browser can play.
pub(super) struct FoundFilm {
    pub(super) container: Container,
    pub(super) index: Index<Vec<u8>>,
    /// Goes behind what it plays.
    pub(super) note: &'static str,
}

/// Checks that the file has every byte that its tables name: a film whose copying was interrupted has
/// its `moov` and not its end.
pub(super) fn is_whole(
    file: &mut File,
    index: &mut Index<Vec<u8>>,
    size_bytes: u64,
) -> Result<(), Reason> {
    let selection = Selection { video: index.default_video(), audio: index.default_audio() };
    for time_ms in [0, u64::MAX] {
        feed_fragments(file, index, selection, PlanTarget::Time(time_ms))?;
        let (mut cursor, _) = plan::seek(index, selection, time_ms).map_err(broken)?;
        for _ in 0..WINDOWS_MAX {
            feed_fragments(file, index, selection, PlanTarget::Window(cursor))?;
            let Some(window) = plan::next(index, selection, cursor, WINDOW_MS).map_err(broken)?
            else {
                break;
            };
            let end = window.fetches.iter().map(|fetch| fetch.range.end).max().unwrap_or(0);
            if end > size_bytes {
                return Err(format!(
                    "is cut short: what it shows at {} goes up to byte {end}, and the file has \
                     {size_bytes}",
                    Clock(window.start_ms)
                ));
            }
            cursor = window.next;
        }
    }
    Ok(())
}

/// Reads the `moof` boxes of a fragmented film that planning `target` needs.
fn feed_fragments(
    file: &mut File,
    index: &mut Index<Vec<u8>>,
    selection: Selection,
    wanted: PlanTarget,
) -> Result<(), Reason> {
    while let Some(range) = plan::need(index, selection, wanted).map_err(broken)? {
        let bytes = read_at(file, range.start, range.len()).map_err(unreadable)?;
        index.feed(range.start, &bytes).map_err(broken)?;
    }
    Ok(())
}
