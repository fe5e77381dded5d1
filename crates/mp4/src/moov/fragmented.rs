//! A fragmented film: takes its `moof` boxes, and is moved to begin at 0.

use super::index::Index;
use crate::error::Result;
use crate::limits::TICKS_MAX;
use crate::range::ByteRange;
use crate::ticks::rescale;

impl<B: AsRef<[u8]>> Index<B> {
    /// Whether `moof` boxes may describe further samples (`mvex` is there): then [`plan::need`] says
    /// which bytes to feed before planning.
    ///
    /// [`plan::need`]: crate::plan::need
    pub fn is_fragmented(&self) -> bool {
        self.moofs.is_some()
    }

    /// Sets where in the file `moov` lies, and the file's size where it is known.
    pub fn set_file(&mut self, moov: ByteRange, file_size: Option<u64>) {
        if let Some(moofs) = &mut self.moofs {
            moofs.set_file(moov, file_size);
        }
    }

    /// Takes bytes of a fragmented file from `offset` on, and reads the `moof`, `sidx` and `mfra` boxes
    /// in them; media bytes are skipped.
    ///
    /// Errors where those boxes are broken.
    pub fn feed(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        let Some(moofs) = &mut self.moofs else { return Ok(()) };
        let fed = moofs.feed(offset, bytes);
        let offset_ms = moofs.offset_ms.unwrap_or(0);
        if self.offset_ms < offset_ms {
            self.advance(offset_ms);
        }
        fed
    }

    /// For playing: a fragmented film whose first `tfdt` is a second or more is moved to begin at 0.
    /// [`Index::offset_ms`] says by how much, once its first `moof` boxes are known.
    #[must_use]
    pub fn from_zero(mut self) -> Self {
        if let Some(moofs) = &mut self.moofs {
            moofs.begins_at_zero = moofs.tracks.iter().all(|track| track.end == 0);
        }
        self
    }

    /// Milliseconds by which all times were moved to begin at 0; see [`Index::from_zero`].
    pub fn offset_ms(&self) -> u64 {
        self.offset_ms
    }

    fn advance(&mut self, offset_ms: u64) {
        self.offset_ms = offset_ms;
        for track in &mut self.tracks {
            let ticks = rescale(offset_ms, 1000, track.timescale).min(TICKS_MAX);
            if let Some(stream) = &mut track.stream {
                stream.timeline.advance(ticks.cast_signed());
            }
        }
    }
}
