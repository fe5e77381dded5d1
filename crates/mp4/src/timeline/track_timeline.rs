//! When a track's samples are shown: the segments of its edit list, and the shift of its `moof` boxes.

use super::edit_list::MediaSpan;
use super::edit_segment::{EditSegment, SegmentEnd};
use super::sample_source::SampleSource;
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
    pub(crate) pts_shift: i64,
    pub(crate) lift: i64,
    /// When the first of them is shown.
    pub(crate) begins_at: i64,
    /// Set where the film goes on behind the track.
    held: Option<HeldPicture>,
    /// Ticks that an edit list must move everything back by; 0 unless it is for a file.
    pub(crate) raised: i64,
}

/// How the last picture is held until the film ends.
#[derive(Clone, Debug, PartialEq, Eq)]
struct HeldPicture {
    /// How many segments show the track, and the last of them as it was.
    segments: usize,
    last: EditSegment,
    /// Whether that takes longer than a picture is held.
    is_long: bool,
}

impl Timeline {
    /// Of a single segment, without `moof` boxes.
    pub(crate) fn of_segment(segment: EditSegment) -> Self {
        let until = segment.until;
        Self {
            segments: vec![segment],
            until,
            pts_shift: 0,
            lift: 0,
            begins_at: 0,
            held: None,
            raised: 0,
        }
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
                held.hold(last, segment.begins_at);
            }
            segments.push(segment);
            before = Some(last);
        }
        if segments.is_empty() && !fragmented {
            return Err("shows nothing of the track");
        }
        // In a fragmented file, edits set the delay and priming only.
        let first = media_spans.first().copied().unwrap_or(MediaSpan::WHOLE);
        let pts_shift = first.begins_at - first.from;
        let until = segments.last().map_or(0, |segment| segment.until);
        let (lift, begins_at) = ((-pts_shift).max(0), first.begins_at);
        Ok(Self { segments, until, pts_shift, lift, begins_at, held: None, raised: 0 })
    }

    /// For a file: shifts times so that none is negative and no sample is shown before it is decoded;
    /// an edit list shifts them back. `second`: ticks of a second.
    pub(crate) fn raise(&mut self, source: SampleSource<'_>, second: i64) {
        if let Some(HeldPicture { segments, last, .. }) = self.held.take() {
            self.segments.truncate(segments);
            self.segments.pop();
            self.segments.push(last);
        }
        if let Some(first) = self.segments.first_mut() {
            first.unfold(source, second);
        }
        let early = source.tables.early(source.data);
        self.raised = self.segments.iter().map(EditSegment::lift).fold(self.lift, i64::max) + early;
        for segment in &mut self.segments {
            segment.raise(self.raised, -early);
        }
        self.until = self.segments.last().map_or(0, |segment| segment.until);
        self.pts_shift += self.raised;
        // As if the edit began with the media: the edit list hides the samples in front.
        self.begins_at = self.pts_shift;
        self.lift = -early;
    }

    /// Holds the last picture until `film_end`, where no later one comes: a browser stops playing where
    /// one of its tracks has nothing. It wants pictures to come, so that after `step` ticks the pictures
    /// from the last key frame on are decoded again, unseen, and the last one is shown again.
    pub(crate) fn hold_last(
        &mut self,
        source: SampleSource<'_>,
        film_end: i64,
        step: i64,
        room: &mut usize,
    ) {
        let (segments, until) = (self.segments.len(), self.until);
        let Some(last) = self.segments.last_mut().filter(|_| film_end > until && step > 0) else {
            return;
        };
        let tail = film_end - until;
        // The last of the steps is at least a quarter of one.
        let again = usize::try_from((tail + step / 4 * 3) / step - 1).unwrap_or(0);
        self.held = Some(HeldPicture { segments, last: last.clone(), is_long: again > 0 });
        let again = again.min(*room);
        let before = last.natural_end(source);
        let still = last.again_from(source, (until + step, step)).filter(|_| again > 0);
        let Some(mut next) = still else { return last.hold(before, film_end) };
        last.hold(before, until + step);
        *room -= again;
        for _ in 1..again {
            let following = next.again(step);
            self.segments.push(std::mem::replace(&mut next, following));
        }
        next.hold(next.natural_end(source), film_end);
        self.segments.push(next);
    }

    /// Whether the film ends so late that pictures are decoded again to hold the last one.
    pub(crate) fn ends_early(&self) -> bool {
        self.held.as_ref().is_some_and(|held| held.is_long)
    }

    /// Moves samples of `moof` boxes to `ticks` earlier.
    pub(crate) fn advance(&mut self, ticks: i64) {
        self.pts_shift -= ticks;
        self.begins_at -= ticks;
    }

    /// The segment with this sample, and its number.
    pub(crate) fn segment(&self, place: SampleId) -> Option<(usize, &EditSegment)> {
        let i = self.segments.partition_point(|segment| segment.end_in_play_order() <= place.index);
        self.segments.get(i).filter(|_| place.moof == 0).map(|segment| (i, segment))
    }

    /// The segment shown at presentation time `time`, else the first.
    pub(crate) fn segment_at(&self, time: i64) -> Option<&EditSegment> {
        let i = self.segments.partition_point(|segment| segment.begins_at <= time);
        self.segments.get(i.saturating_sub(1))
    }
}
