//! Edit lists as spans of the media that are shown one after the other (§ 8.6.6).
//!
//! An empty edit delays the next span; edits that continue each other are one span; a jump, a
//! repetition or a still picture begins another. What an edit shows at another speed is shown at the
//! media's own, all of it, as Chromium does: the edits behind it come as much sooner or later.

use crate::boxes::elst::{Edit, Rate};
use crate::limits::TICKS_MAX;
use crate::ticks::rescale;

/// A span of the media that is shown, in ticks of the track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MediaSpan {
    /// When it begins in the presentation.
    pub(crate) begins_at: i64,
    /// Media time of its start.
    pub(crate) from: i64,
    /// Media time of its end; `None`: the end of the media.
    pub(crate) to: Option<i64>,
    /// How long the picture at `from` is shown, where the span is a still picture.
    pub(crate) still: Option<i64>,
}

impl MediaSpan {
    /// All of the media.
    pub(crate) const WHOLE: Self = Self { begins_at: 0, from: 0, to: None, still: None };

    /// Whether `next` continues this span, in the media and in the presentation.
    fn goes_on(&self, next: &Self, slack: i64) -> bool {
        let Some(to) = self.to.filter(|_| self.still.is_none() && next.still.is_none()) else {
            return false;
        };
        let ends_at = self.begins_at + to - self.from;
        (next.from - to).abs() <= slack && (next.begins_at - ends_at).abs() <= slack
    }
}

/// The spans of these edits, in the order of the presentation.
///
/// Each boundary is rescaled from the sum of all durations before it, so that it is at most half a
/// tick away from where it should be, however many edits there are.
pub(crate) fn media_spans(
    edits: &[Edit],
    movie: u32,
    track: u32,
) -> Result<Vec<MediaSpan>, &'static str> {
    if edits.is_empty() {
        return Ok(vec![MediaSpan::WHOLE]);
    }
    let ticks = |time| rescale(time, movie, track).min(TICKS_MAX).cast_signed();
    // Durations are rounded to ticks of the movie: edits that continue may differ by a tick.
    let slack = ticks(2);
    let is_only = edits.iter().filter(|edit| edit.media_time >= 0).count() == 1;
    let mut found: Vec<MediaSpan> = Vec::new();
    let mut at = 0;
    for edit in edits {
        let begin = ticks(at);
        at = at.saturating_add(edit.rate.shown(edit.duration)).min(TICKS_MAX);
        let length = Some(ticks(at) - begin).filter(|_| edit.duration > 0);
        let Some(media_span) = media_span(edit, begin, length, is_only)? else { continue };
        match found.last_mut() {
            Some(last) if last.goes_on(&media_span, slack) => last.to = media_span.to,
            _ => found.push(media_span),
        }
        if edit.duration == 0 {
            // It reaches to the end of the media, so it is the last one.
            break;
        }
    }
    if found.is_empty() { Err("shows nothing of the track") } else { Ok(found) }
}

/// The span of one edit, if it shows something; `is_only`: it is the only one that does.
fn media_span(
    edit: &Edit,
    begin: i64,
    length: Option<i64>,
    is_only: bool,
) -> Result<Option<MediaSpan>, &'static str> {
    let limit = TICKS_MAX.cast_signed();
    if edit.media_time == -1 {
        return Ok(None);
    }
    if edit.media_time > limit {
        return Err("begins past tick 2^53");
    }
    // A start before the media's beginning delays the span.
    let early = edit.media_time.min(0).saturating_neg().min(limit);
    let (begins_at, from) = ((begin + early).min(limit), edit.media_time.max(0));
    let length = length.map(|length| length - early);
    if length.is_some_and(|length| length <= 0) {
        return Ok(None);
    }
    // A rate of 0 in the only edit is a muxer's error.
    if edit.rate == Rate::STILL && !is_only {
        let still = |still| MediaSpan { begins_at, from, to: Some(from + 1), still: Some(still) };
        return Ok(length.map(still));
    }
    let to = length.map(|length| from.saturating_add(length).min(limit));
    Ok(Some(MediaSpan { begins_at, from, to, still: None }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(duration: u64, media_time: i64) -> Edit {
        Edit { duration, media_time, rate: Rate::PLAIN }
    }

    #[test]
    fn edit_boundaries_do_not_drift() {
        // Cuts of a third of a second and a bit, in a movie whose ticks do not divide the track's.
        let edits: Vec<_> = (0..8192_u32).map(|i| edit(200, i64::from(i) * 90_000)).collect();
        let found = media_spans(&edits, 600, 44_101).unwrap();
        assert_eq!(found.len(), 8192);
        for (i, media_span) in (0_i64..).zip(&found) {
            let thrice = media_span.begins_at * 3 - i * 44_101;
            assert!(thrice.abs() <= 1, "{i}: {media_span:?}");
        }
    }

    #[test]
    fn unusual_edits_are_read_by_their_intent() {
        let spans = |edits: &[Edit]| media_spans(edits, 1000, 1000).unwrap();
        assert_eq!(spans(&[edit(0, 0)]), [MediaSpan::WHOLE]);
        // 300 ticks in front of the media, and 700 of it.
        let early = MediaSpan { begins_at: 300, from: 0, to: Some(700), still: None };
        assert_eq!(spans(&[edit(1000, -300)]), [early]);
        let still = Edit { rate: Rate::STILL, ..edit(500, 40) };
        assert_eq!(spans(&[still])[0].still, None);
        let both = spans(&[edit(100, 0), still]);
        assert_eq!(both[1], MediaSpan { begins_at: 100, from: 40, to: Some(41), still: Some(500) });
        assert_eq!(spans(&[edit(100, 0), edit(100, 101), edit(9, 5)]).len(), 2);
        assert_eq!(spans(&[edit(100, 0), edit(50, -1), edit(100, 100)]).len(), 2);
        assert!(media_spans(&[edit(9, -1)], 1000, 1000).is_err());
        assert!(media_spans(&[edit(u64::MAX, i64::MIN), edit(9, i64::MAX)], 1, u32::MAX).is_err());
    }

    #[test]
    fn edits_of_another_speed_show_all_of_their_media_at_its_own() {
        let spans = |edits: &[Edit]| media_spans(edits, 1000, 1000).unwrap();
        let whole = |to| MediaSpan { begins_at: 0, from: 0, to: Some(to), still: None };
        let at =
            |rate, duration, media_time| Edit { rate: Rate(rate), ..edit(duration, media_time) };
        // 10 s, then 5 s that would take 40, then 45 s: a minute of film.
        let slow = [edit(10_000, 0), at(0x2000, 40_000, 10_000), edit(45_000, 15_000)];
        assert_eq!(spans(&slow), [whole(60_000)]);
        assert_eq!(spans(&[at(0x2_0000, 10_000, 0)]), [whole(20_000)]);
        assert_eq!(spans(&[at(0x8000, 10_000, 0), edit(1000, 5000)]), [whole(6000)]);
        // Backwards: what it shows is shown forwards.
        assert_eq!(spans(&[at(-0x1_0000, 10_000, 0)]), [whole(10_000)]);
        assert_eq!(Rate(i32::MIN).shown(u64::MAX), u64::MAX);
        assert_eq!(Rate(0x2000).shown(40_001), 5000);
        // What is too short for a tick shows nothing, and ends nothing.
        assert_eq!(spans(&[at(0x200, 100, 0), edit(1000, 0)]), [whole(1000)]);
    }
}
