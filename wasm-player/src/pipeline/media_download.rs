//! The media range that is being downloaded, and which buffer gets which of its bytes.

use std::ops::Range;

use mp4::ByteRange;
use mp4::fragment::Payload;

use super::context::Context;
use super::effect::AppendData;
use super::media_type::MediaType;
use super::transfer::Transfer;

/// One closed range of the film's file.
pub(super) struct MediaDownload {
    pub(super) transfer: Transfer,
    range: ByteRange,
    /// Gathered payloads first: the driver may give a piece away with its last append.
    payloads: Vec<(MediaType, Payload)>,
}

impl MediaDownload {
    /// The download of `range` by `transfer`.
    pub(super) const fn new(
        transfer: Transfer,
        range: ByteRange,
        payloads: Vec<(MediaType, Payload)>,
    ) -> Self {
        Self { transfer, range, payloads }
    }

    /// Whether at most half of the range is still to come.
    pub(super) fn is_half_done(&self) -> bool {
        self.transfer.remaining_bytes() <= self.range.len() / 2
    }

    /// Handles a piece of `len` bytes; returns the parts of it to append, by buffer.
    pub(super) fn on_piece<'a>(
        &'a mut self,
        cx: &mut Context,
        piece: u32,
        len: u32,
    ) -> impl Iterator<Item = (MediaType, AppendData)> + use<'a> {
        let accepted = self.transfer.on_bytes(cx, len);
        let from = accepted.at.saturating_sub(self.range.start);
        let here = ByteRange { start: from, end: from + u64::from(accepted.len) };
        let (skip, len) = (accepted.skip, accepted.len);
        self.payloads.iter().filter(move |_| len > 0).map(move |(media_type, payload)| {
            let data = match payload {
                Payload::AsIs => AppendData::Part { piece, part: skip..skip + len },
                Payload::Gather(runs) => {
                    AppendData::Gather { piece, parts: parts(runs, here, skip) }
                }
            };
            (*media_type, data)
        })
    }
}

/// The parts of a piece that belong to `runs`. The piece has the bytes `here` of the range, behind
/// `skip` other bytes.
fn parts(runs: &[ByteRange], here: ByteRange, skip: u32) -> Vec<Range<u32>> {
    let first = runs.partition_point(|run| run.end <= here.start);
    let near = runs.iter().skip(first).take_while(|run| run.start < here.end);
    let offset = |at: u64| skip.saturating_add(u32::try_from(at - here.start).unwrap_or(u32::MAX));
    near.map(|run| offset(run.start.max(here.start))..offset(run.end.min(here.end))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_cut_at_the_ends_of_the_piece() {
        let runs =
            [(0, 10), (20, 30), (30, 35), (50, 60)].map(|(start, end)| ByteRange { start, end });
        let here = |start, end| ByteRange { start, end };
        assert_eq!(parts(&runs, here(5, 32), 0), [0..5, 15..25, 25..27]);
        assert_eq!(parts(&runs, here(32, 100), 7), [7..10, 25..35]);
        assert_eq!(parts(&runs, here(10, 20), 0), []);
    }
}
