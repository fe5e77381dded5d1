//! The pipeline's model of the two `SourceBuffer`s, and the ranges that both have buffered.

use mp4::fragment::{Fragment, Payload};

use super::context::Context;
use super::effect::{AppendData, Effect};
use super::fault::PlaybackResult;
use super::media_type::MediaType;
use super::silence::SilenceWriter;
use super::time_range::TimeRange;
use super::window_source::{TrackConfig, WindowSource, bad_index};

/// One `SourceBuffer`, as the pipeline last heard of it.
#[derive(Debug)]
pub(super) struct SourceBuffer {
    /// Which of the two it is.
    pub(super) media_type: MediaType,
    /// The track that it takes, numbered from 0 among the file's tracks.
    pub(super) track: usize,
    /// The track's init segment, which every abort makes necessary again.
    pub(super) init_segment: Vec<u8>,
    /// Number of the sample description that the last appended init segment has.
    pub(super) description: u32,
    /// Its buffered ranges, in order, without the ranges that are being removed.
    pub(super) buffered: Vec<TimeRange>,
    /// Bytes of appends that the driver has not confirmed.
    pub(super) pending_bytes: u64,
    /// Whether it refused an append.
    pub(super) quota: QuotaState,
    /// Removals that the driver has not confirmed.
    pub(super) removals: u32,
    /// What fills its holes, if it is for sound.
    pub(super) silence: Option<SilenceWriter>,
}

/// Whether a buffer has room for the next append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuotaState {
    /// No append is refused.
    Free,
    /// An append was refused, and is tried again after a removal.
    Retrying,
    /// An append was refused, and nothing could be removed at this play position.
    Blocked { position_ms: u64 },
}

/// The driver's report of a finished append.
pub(super) struct FinishedAppend {
    pub(super) media_type: MediaType,
    pub(super) epoch: u32,
    pub(super) bytes: u32,
    pub(super) buffered: Vec<TimeRange>,
}

impl SourceBuffer {
    /// A new, empty buffer.
    pub(super) fn new(media_type: MediaType, track: usize, init_segment: Vec<u8>) -> Self {
        let is_sound = media_type == MediaType::Audio;
        Self {
            media_type,
            track,
            silence: is_sound.then(|| SilenceWriter::of(&init_segment)).flatten(),
            init_segment,
            description: 0,
            buffered: Vec::new(),
            pending_bytes: 0,
            quota: QuotaState::Free,
            removals: 0,
        }
    }

    /// Appends bytes, unless there are none.
    pub(super) fn append(&mut self, cx: &mut Context, epoch: u32, data: AppendData) {
        if !data.is_empty() {
            self.pending_bytes += data.len();
            cx.emit(Effect::Append { media_type: self.media_type, epoch, data });
        }
    }

    /// Appends the init segment of the first sample description.
    pub(super) fn append_init_segment(&mut self, cx: &mut Context, epoch: u32) {
        let data = AppendData::Header(self.init_segment.clone());
        self.description = 0;
        self.append(cx, epoch, data);
    }

    /// Removes media.
    pub(super) fn remove(&mut self, cx: &mut Context, range: TimeRange) {
        self.removals += 1;
        let around = |held: &TimeRange| {
            [
                TimeRange { end_ms: held.end_ms.min(range.start_ms), ..*held },
                TimeRange { start_ms: held.start_ms.max(range.end_ms), ..*held },
            ]
        };
        let rest = self.buffered.iter().flat_map(around);
        self.buffered = rest.filter(|part| part.start_ms < part.end_ms).collect();
        cx.emit(Effect::Remove { media_type: self.media_type, range });
    }

    /// Takes over the ranges that the driver reports. While a removal is under way they are out of
    /// date, because the driver reports them as they were before it.
    pub(super) fn set_buffered(&mut self, buffered: Vec<TimeRange>) {
        if self.removals == 0 {
            self.buffered = buffered;
        }
    }

    /// Handles a finished append; its bytes count if it is of the current `epoch`.
    pub(super) fn on_appended(&mut self, append: FinishedAppend, epoch: u32) {
        self.set_buffered(append.buffered);
        if append.epoch == epoch {
            self.pending_bytes = self.pending_bytes.saturating_sub(append.bytes.into());
            self.quota = QuotaState::Free;
        }
    }

    /// Removes everything, also media that the driver has not yet reported as buffered.
    pub(super) fn clear(&mut self, cx: &mut Context) {
        self.remove(cx, TimeRange { start_ms: 0, end_ms: u64::from(u32::MAX) });
    }

    /// Drops the queued appends.
    pub(super) fn abort(&mut self, cx: &mut Context) {
        self.pending_bytes = 0;
        self.quota = QuotaState::Free;
        cx.emit(Effect::AbortAppend { media_type: self.media_type });
    }

    /// The buffered range at `time_ms`.
    pub(super) fn range_at(&self, time_ms: u64) -> Option<TimeRange> {
        self.buffered.iter().copied().find(|range| range.covers(time_ms))
    }
}

/// The buffer of this media type.
pub(super) fn find(
    buffers: &mut [SourceBuffer],
    media_type: MediaType,
) -> Option<&mut SourceBuffer> {
    buffers.iter_mut().find(|buffer| buffer.media_type == media_type)
}

/// End of the range from `time_ms` that every buffer holds without a gap; `None` if one of them has
/// nothing there. A buffer that reaches the film's end counts as endless.
pub(super) fn end_of_common_range(
    buffers: &[SourceBuffer],
    time_ms: u64,
    duration_ms: u64,
) -> Option<u64> {
    let is_last = |range: TimeRange| range.end_ms + GAP_AT_END_MS >= duration_ms;
    let ends = buffers.iter().map(|buffer| {
        let range = buffer.range_at(time_ms).or_else(|| {
            // One track may end before the other.
            let last = buffer.buffered.last().copied();
            last.filter(|range| is_last(*range) && range.end_ms <= time_ms)
        })?;
        Some(if is_last(range) { u64::MAX } else { range.end_ms })
    });
    ends.collect::<Option<Vec<_>>>()?.into_iter().min()
}

/// Tracks end at different times; a buffer that ends within a second of the film's end is complete.
const GAP_AT_END_MS: u64 = 1_000;

/// Where all `buffers` have media again, if that is behind `time_ms` and at most `within_ms` away.
pub(super) fn next_common_start(
    buffers: &[SourceBuffer],
    time_ms: u64,
    within_ms: u64,
) -> Option<u64> {
    let starts = buffers.iter().map(|buffer| {
        if buffer.range_at(time_ms).is_some() {
            return Some(time_ms);
        }
        let mut starts = buffer.buffered.iter().map(|range| range.start_ms);
        let ahead = starts.find(|start| *start > time_ms)?;
        (ahead <= time_ms.saturating_add(within_ms)).then_some(ahead)
    });
    let start = starts.collect::<Option<Vec<_>>>()?.into_iter().max()?;
    (start > time_ms).then_some(start)
}

/// Whether the buffers are at work, or a request for them is; not if one of them has no room.
pub(super) fn are_waiting(buffers: &[SourceBuffer], is_requesting: bool) -> bool {
    let is_blocked = |b: &SourceBuffer| matches!(b.quota, QuotaState::Blocked { .. });
    let is_busy = |b: &SourceBuffer| b.pending_bytes > 0 || b.removals > 0;
    (is_requesting || buffers.iter().any(is_busy)) && !buffers.iter().any(is_blocked)
}

/// Whether no picture is decoded at `time_ms`, but later ones are.
pub(super) fn lack_picture(buffers: &[SourceBuffer], time_ms: u64) -> bool {
    let mut videos = buffers.iter().filter(|buffer| buffer.media_type == MediaType::Video);
    videos.any(|buffer| {
        let is_later = buffer.buffered.iter().any(|range| range.start_ms > time_ms);
        buffer.range_at(time_ms).is_none() && is_later
    })
}

/// What all buffers have.
pub(super) fn ranges(buffers: &[SourceBuffer]) -> Vec<(MediaType, TimeRange)> {
    let of = |b: &SourceBuffer| -> Vec<_> {
        b.buffered.iter().map(|range| (b.media_type, *range)).collect()
    };
    buffers.iter().flat_map(of).collect()
}

/// Adds a `SourceBuffer` for each of these MIME types; playback begins at `time_ms`.
pub(super) fn add<W: WindowSource>(
    cx: &mut Context,
    source: &W,
    [video, audio]: [Option<String>; 2],
    time_ms: u64,
) {
    let begins_ms = source.key_frame_ms(time_ms).unwrap_or(time_ms);
    // A fragmented film may learn its length bit by bit, and no seek leads behind the duration.
    let known_ms = Some(source.duration_ms()).filter(|duration_ms| *duration_ms > time_ms);
    let duration_ms = known_ms.unwrap_or(time_ms.saturating_add(1_000));
    let offset_ms = source.offset_ms();
    cx.emit(Effect::AddSourceBuffers { video, audio, duration_ms, begins_ms, offset_ms });
}

/// Appends the header of a fragment, behind the init segment of its description; returns where its
/// bytes go, and which they are.
pub(super) fn append_header<W: WindowSource>(
    cx: &mut Context,
    source: &W,
    buffers: &mut [SourceBuffer],
    epoch: u32,
    fragment: Fragment,
) -> PlaybackResult<Option<(MediaType, Payload)>> {
    let mut buffers = buffers.iter_mut();
    let Some(buffer) = buffers.find(|buffer| buffer.track == fragment.track) else {
        return Ok(None);
    };
    if buffer.description != fragment.init {
        buffer.description = fragment.init;
        let init_segment = source.init_segment(fragment.track, fragment.init);
        buffer.append(cx, epoch, AppendData::Header(init_segment.map_err(bad_index)?));
    }
    buffer.append(cx, epoch, AppendData::Header(fragment.header));
    Ok(Some((buffer.media_type, fragment.payload)))
}

/// The buffers of these tracks, and the MIME types of video and audio.
pub(super) fn of_tracks(tracks: Vec<TrackConfig>) -> (Vec<SourceBuffer>, [Option<String>; 2]) {
    let [mut video, mut audio] = [None, None];
    let mut buffers = Vec::new();
    for track in tracks {
        let mime = if track.media_type == MediaType::Video { &mut video } else { &mut audio };
        *mime = Some(track.mime);
        buffers.push(SourceBuffer::new(track.media_type, track.track, track.init_segment));
    }
    (buffers, [video, audio])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buffers(video: &[(u64, u64)], audio: &[(u64, u64)]) -> Vec<SourceBuffer> {
        [(MediaType::Video, video), (MediaType::Audio, audio)]
            .map(|(media_type, buffered)| {
                let mut buffer = SourceBuffer::new(media_type, 0, Vec::new());
                buffer.buffered = buffered
                    .iter()
                    .map(|&(start_ms, end_ms)| TimeRange { start_ms, end_ms })
                    .collect();
                buffer
            })
            .into()
    }

    #[test]
    fn common_range_ends_where_the_first_buffer_does() {
        let both = buffers(&[(0, 10_000), (50_000, 60_000)], &[(0, 9_900)]);
        assert_eq!(end_of_common_range(&both, 5_000, 100_000), Some(9_900));
        assert_eq!(end_of_common_range(&both, 55_000, 100_000), None);
    }

    #[test]
    fn track_that_ends_early_does_not_end_the_common_range() {
        let both = buffers(&[(90_000, 100_000)], &[(90_000, 99_500)]);
        assert_eq!(end_of_common_range(&both, 95_000, 100_000), Some(u64::MAX));
        assert_eq!(end_of_common_range(&both, 99_700, 100_000), Some(u64::MAX));
    }

    #[test]
    fn next_common_start_is_found_behind_a_small_gap_only() {
        let both = buffers(&[(200, 10_000)], &[(0, 9_900)]);
        assert_eq!(next_common_start(&both, 0, 300), Some(200));
        assert_eq!(next_common_start(&both, 0, 100), None);
        assert_eq!(next_common_start(&both, 500, 300), None);
    }
}
