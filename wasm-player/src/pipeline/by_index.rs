//! Windows from the film's own index: `moov`, and the `moof` boxes of a fragmented film.

use mp4::plan::{self, Cursor, PlanTarget, Selection, Window};
use mp4::{ByteRange, Error, Index, TrackKind, Unplayable, init};

use super::context::Context;
use super::fault::{FaultCause, FaultLocation, PlaybackFault};
use super::http::{Request, ResponseHead};
use super::index_loader::{IndexLoader, LoadedMoov, MoovResult};
use super::media_type::MediaType;
use super::window_source::{
    LocateResult, LocatedSource, Locator, TrackConfig, WindowSource, bad_index,
};
use super::{Effect, limits};

/// The film's index, and the tracks of it that are played.
pub struct ByIndex {
    index: Index<Vec<u8>>,
    selection: Selection,
}

impl ByIndex {
    /// Parses `moov`, which lies at `range` of the file.
    pub(super) fn parse(
        range: ByteRange,
        moov: Vec<u8>,
        cx: &Context,
    ) -> Result<Self, PlaybackFault> {
        let mut index = Index::parse(moov).map_err(bad_index)?;
        if index.is_fragmented() {
            index = index.from_zero();
        }
        index.set_file(range, cx.file.size);
        let track = |kind| index.default_track(kind, &cx.languages);
        let selection =
            Selection { video: track(TrackKind::Video), audio: track(TrackKind::Audio) };
        Ok(Self { index, selection })
    }

    fn selected(&self) -> [(TrackKind, Option<usize>); 2] {
        let Selection { video, audio } = self.selection;
        [(TrackKind::Video, video), (TrackKind::Audio, audio)]
    }
}

impl WindowSource for ByIndex {
    type Locator = IndexLoader;

    const BY_HEADERS: bool = false;

    fn tracks(&self) -> Result<Vec<TrackConfig>, PlaybackFault> {
        let mut configs = Vec::new();
        for (kind, track) in self.selected() {
            let Some(number) = track else { continue };
            let Some(track) = self.index.tracks().get(number) else { continue };
            let is_video = kind == TrackKind::Video;
            configs.push(TrackConfig {
                media_type: if is_video { MediaType::Video } else { MediaType::Audio },
                track: number,
                mime: track.mime(),
                init_segment: init::write(&self.index, number).map_err(bad_index)?,
            });
        }
        if configs.is_empty() {
            let why = self.index.playable().err().unwrap_or(Unplayable::NoMedia);
            let cause = FaultCause::Unplayable(why);
            return Err(PlaybackFault { cause, location: FaultLocation::Index });
        }
        Ok(configs)
    }

    fn duration_ms(&self) -> u64 {
        self.index.duration_ms()
    }

    fn offset_ms(&self) -> u64 {
        self.index.offset_ms()
    }

    fn all_started_ms(&self) -> Option<u64> {
        let Selection { video, audio } = self.selection;
        let each = [Selection { video, audio: None }, Selection { video: None, audio }];
        let starts = each.into_iter().filter_map(|one| plan::seek(&self.index, one, 0).ok());
        Some(starts.map(|(_, start_ms)| start_ms).max().unwrap_or(0))
    }

    fn report_unplayable_tracks(&self, cx: &mut Context) {
        for (kind, why) in self.index.missing() {
            let is_video = kind == TrackKind::Video;
            let cause = FaultCause::MissingTrack {
                media_type: if is_video { MediaType::Video } else { MediaType::Audio },
                why: why.clone(),
            };
            cx.emit(Effect::Notice(PlaybackFault { cause, location: FaultLocation::Index }));
        }
    }

    fn missing(&self, wanted: PlanTarget) -> Result<Option<Request>, Error> {
        Ok(plan::need(&self.index, self.selection, wanted)?.map(Request::Range))
    }

    fn feed(&mut self, request: Request, body: &[u8]) -> Result<(), Error> {
        match request {
            Request::Range(range) => self.index.feed(range.start, body),
            Request::Suffix(_) | Request::Start(_) | Request::Headers(_) => Ok(()),
        }
    }

    fn seek(&mut self, time_ms: u64) -> Result<(Cursor, u64), Error> {
        plan::seek(&self.index, self.selection, time_ms)
    }

    fn key_frame_ms(&self, time_ms: u64) -> Option<u64> {
        plan::seek(&self.index, self.selection, time_ms).ok().map(|(_, key_frame_ms)| key_frame_ms)
    }

    fn next(&mut self, cursor: Cursor) -> Result<Option<Window>, Error> {
        plan::next(&self.index, self.selection, cursor, limits::WINDOW_MS)
    }

    fn init_segment(&self, track: usize, description: u32) -> Result<Vec<u8>, Error> {
        init::write_for(&self.index, track, description)
    }
}

fn located(moov: MoovResult, cx: &Context) -> LocateResult<ByIndex> {
    let Some(LoadedMoov { range, bytes, extents }) = moov? else { return Ok(None) };
    let mut source = ByIndex::parse(range, bytes, cx)?;
    for extent in extents {
        source.index.feed(extent.at, &extent.bytes).map_err(bad_index)?;
    }
    Ok(Some(LocatedSource { source, open_start: None }))
}

impl Locator for IndexLoader {
    type Source = ByIndex;

    fn start(cx: &mut Context) -> Self {
        Self::start(cx)
    }

    fn on_head(
        &mut self,
        cx: &mut Context,
        fetch_id: u32,
        head: &ResponseHead,
    ) -> LocateResult<ByIndex> {
        located(self.on_head(cx, fetch_id, head), cx)
    }

    fn on_bytes(&mut self, cx: &mut Context, fetch_id: u32, bytes: &[u8]) -> LocateResult<ByIndex> {
        located(self.on_bytes(cx, fetch_id, bytes), cx)
    }

    fn on_start_boxes(
        &mut self,
        _: &mut Context,
        _: u32,
        _: &[u8],
        _: u64,
    ) -> LocateResult<ByIndex> {
        Ok(None)
    }

    fn on_body_end(&mut self, cx: &mut Context, fetch_id: u32) -> LocateResult<ByIndex> {
        located(self.on_failure(cx, fetch_id, FaultCause::Network), cx)
    }

    fn retry_now(&mut self, cx: &mut Context) {
        self.retry_now(cx);
    }

    fn on_tick(&mut self, cx: &mut Context) -> LocateResult<ByIndex> {
        located(self.on_tick(cx), cx)
    }

    fn deadline_ms(&self) -> Option<u64> {
        self.deadline_ms()
    }

    fn cancel(&mut self, cx: &mut Context) {
        self.cancel(cx);
    }
}
