//! When a track's samples are shown: the segments of its edit list, and the shift of its `moof` boxes.

use super::edit_list::MediaSpan;
use super::edit_segment::{EditSegment, SampleSource, SegmentEnd};
use crate::samples::tables::SampleId;

/// Maps media time to presentation time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Timeline {
    /// Segments of the samples in `moov`, in the order of the presentation.
    pub(crate) segments: Vec<EditSegment>,
    /// When the last of them ends, in ticks.
    pub(crate) until: i64,
    /// Ticks added to all times of samples of `moof` boxes, and to their decoding times in addition:
    /// `tfdt` is unsigned.
    pub(crate) shift: i64,
    pub(crate) lift: i64,
    /// When the first of them is shown.
    pub(crate) delay: i64,
    /// Ticks that an edit list must move everything back by; 0 unless it is for a file.
    pub(crate) raised: i64,
}

impl Timeline {
    /// Of one segment, without `moof` boxes.
    pub(crate) fn of(segment: EditSegment) -> Self {
        let until = segment.until;
        Self { segments: vec![segment], until, shift: 0, lift: 0, delay: 0, raised: 0 }
    }

    /// For a track whose samples `moov`, `moof` boxes, or both describe. `room`: how many segments more
    /// all tracks may have.
    pub(crate) fn new(
        source: SampleSource<'_>,
        media_spans: &[MediaSpan],
        fragmented: bool,
        room: &mut usize,
    ) -> Result<Self, &'static str> {
        let mut segments: Vec<EditSegment> = Vec::new();
        let mut before: Option<SegmentEnd> = None;
        let described = if source.tables.count > 0 { media_spans } else { &[] };
        for media_span in described {
            let Some((segment, last)) = EditSegment::new(source, media_span, before)? else {
                continue;
            };
            // § 8.6.6 sets no limit: see SEGMENTS_MAX.
            *room = room.checked_sub(1).ok_or("jumps over 8192 times")?;
            if let Some((held, last)) = segments.last_mut().zip(before) {
                held.hold(last, segment.delay);
            }
            segments.push(segment);
            before = Some(last);
        }
        if segments.is_empty() && !fragmented {
            return Err("shows nothing of the track");
        }
        // In a fragmented file, edits set delay and priming only.
        let first = media_spans.first().copied().unwrap_or(MediaSpan::WHOLE);
        let shift = first.delay - first.from;
        let until = segments.last().map_or(0, |segment| segment.until);
        let (lift, delay) = ((-shift).max(0), first.delay);
        Ok(Self { segments, until, shift, lift, delay, raised: 0 })
    }

    /// For a file: shifts times so that none is negative and no sample is shown before it is decoded;
    /// an edit list shifts them back. `second`: ticks of a second.
    pub(crate) fn raise(&mut self, source: SampleSource<'_>, second: i64) {
        if let Some(first) = self.segments.first_mut() {
            first.unfold(source, second);
        }
        let early = source.tables.early(source.data);
        self.raised = self.segments.iter().map(EditSegment::lift).fold(self.lift, i64::max) + early;
        for segment in &mut self.segments {
            segment.raise(self.raised, -early);
        }
        self.until = self.segments.last().map_or(0, |segment| segment.until);
        self.shift += self.raised;
        // As if the edit began with the media: the edit list hides the samples in front.
        self.delay = self.shift;
        self.lift = -early;
    }

    /// The segment with this sample, and its number.
    pub(crate) fn segment(&self, place: SampleId) -> Option<(usize, &EditSegment)> {
        let i = self.segments.partition_point(|segment| segment.behind() <= place.index);
        self.segments.get(i).filter(|_| place.moof == 0).map(|segment| (i, segment))
    }

    /// The segment shown at presentation time `time`, else the first.
    pub(crate) fn segment_at(&self, time: i64) -> Option<&EditSegment> {
        let i = self.segments.partition_point(|segment| segment.delay <= time);
        self.segments.get(i.saturating_sub(1))
    }
}
