//! When a track's samples are shown: the segments its edit list makes, one after the other.

use super::edit_list::MediaSpan;
use super::edit_segment::{EditSegment, SampleSource, SegmentEnd};
use crate::samples::tables::SampleId;

/// From the media's time to the presentation's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Timeline {
    /// What `moov` itself describes, in the order of the presentation.
    pub(crate) segments: Vec<EditSegment>,
    /// When the presentation of that ends, in ticks.
    pub(crate) until: i64,
    /// By how much the samples of `moof` boxes are shown later than they say, and decoded later
    /// than that: `tfdt` has no sign.
    pub(crate) shift: i64,
    pub(crate) lift: i64,
    /// When the first of them is shown.
    pub(crate) delay: i64,
    /// By how much an edit list must move all of it back: for a file, and for nobody else.
    pub(crate) raised: i64,
}

impl Timeline {
    /// Of one segment, and no `moof` boxes.
    pub(crate) fn of(segment: EditSegment) -> Self {
        let until = segment.until;
        Self { segments: vec![segment], until, shift: 0, lift: 0, delay: 0, raised: 0 }
    }

    /// For a track whose samples are described by `moov`, by `moof` boxes, or by both. `room`: for
    /// how many segments more, of all tracks.
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
            *room = room
                .checked_sub(1)
                .ok_or("jumps, with those before it, over 8192 times, Firstframe's limit")?;
            if let Some((held, last)) = segments.last_mut().zip(before) {
                held.hold(last, segment.delay);
            }
            segments.push(segment);
            before = Some(last);
        }
        if segments.is_empty() && !fragmented {
            return Err("shows nothing of the track");
        }
        // In a fragmented file the edits are there for delay and priming, and end nothing.
        let first = media_spans.first().copied().unwrap_or(MediaSpan::WHOLE);
        let shift = first.delay - first.from;
        let until = segments.last().map_or(0, |segment| segment.until);
        let (lift, delay) = ((-shift).max(0), first.delay);
        Ok(Self { segments, until, shift, lift, delay, raised: 0 })
    }

    /// For a file: no time is negative, no sample is shown before it is decoded, and an edit list
    /// puts that right. `second`: how many ticks one has.
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
        // As if the edit began with the media: the list hides what is in front.
        self.delay = self.shift;
        self.lift = -early;
    }

    /// The segment that a place in the order of play lies in, and its number.
    pub(crate) fn segment(&self, place: SampleId) -> Option<(usize, &EditSegment)> {
        let i = self.segments.partition_point(|segment| segment.behind() <= place.index);
        self.segments.get(i).filter(|_| place.moof == 0).map(|segment| (i, segment))
    }

    /// The segment that is shown at `time` of the presentation, else the first.
    pub(crate) fn segment_at(&self, time: i64) -> Option<&EditSegment> {
        let i = self.segments.partition_point(|segment| segment.delay <= time);
        self.segments.get(i.saturating_sub(1))
    }
}
