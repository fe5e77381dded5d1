//! The film's own index says what comes next.

use mp4::plan::{self, Cursor, PlanTarget, Selection, Window};
use mp4::{ByteRange, Error, Index, TrackKind, Unplayable, init};

use super::buffer::MediaType;
use super::context::Context;
use super::fault::{FaultCause, FaultLocation, PlaybackFault};
use super::http::{Request, ResponseHead};
use super::index_loader::{self, IndexLoader};
use super::window_source::{LocatedSource, Locator, Step, TrackConfig, WindowSource, in_index};
use super::{Effect, limits};

/// `moov`, and what is played of it.
pub struct ByIndex {
    index: Index<Vec<u8>>,
    selection: Selection,
}

impl ByIndex {
    /// Reads `moov`, which lies at `place`.
    pub(super) fn parse(
        place: ByteRange,
        moov: Vec<u8>,
        size: Option<u64>,
    ) -> Result<Self, PlaybackFault> {
        let mut index = Index::parse(moov).map_err(in_index)?;
        index.set_file(place, size);
        let selection = Selection { video: index.default_video(), audio: index.default_audio() };
        Ok(Self { index, selection })
    }

    fn chosen(&self) -> [(TrackKind, Option<usize>); 2] {
        let Selection { video, audio } = self.selection;
        [(TrackKind::Video, video), (TrackKind::Audio, audio)]
    }
}

impl WindowSource for ByIndex {
    type Locator = IndexLoader;

    const BY_HEADERS: bool = false;

    fn track_configs(&self) -> Result<Vec<TrackConfig>, PlaybackFault> {
        let mut tracks = Vec::new();
        for (kind, track) in self.chosen() {
            let Some(number) = track else { continue };
            let Some(track) = self.index.tracks().get(number) else { continue };
            tracks.push(TrackConfig {
                media_type: if kind == TrackKind::Video {
                    MediaType::Video
                } else {
                    MediaType::Audio
                },
                track: number,
                mime: track.mime(),
                init: init::write(&self.index, number).map_err(in_index)?,
            });
        }
        if tracks.is_empty() {
            let why = self.index.playable().err().unwrap_or(Unplayable::NoMedia);
            return Err(PlaybackFault {
                cause: FaultCause::Unplayable(why),
                location: FaultLocation::Index,
            });
        }
        Ok(tracks)
    }

    fn duration_ms(&self) -> u64 {
        self.index.duration_ms()
    }

    fn initial_gap_end_ms(&self) -> Option<u64> {
        let Selection { video, audio } = self.selection;
        let alone = [Selection { video, audio: None }, Selection { video: None, audio }];
        let starts = alone.into_iter().filter_map(|one| plan::seek(&self.index, one, 0).ok());
        Some(starts.map(|(_, start_ms)| start_ms).max().unwrap_or(0))
    }

    fn report_unplayable_tracks(&self, cx: &mut Context) {
        for (kind, chosen) in self.chosen() {
            let refused = self.index.tracks().iter().find(|track| track.kind == kind);
            if let (None, Some(Err(why))) = (chosen, refused.map(|track| &track.playable)) {
                let cause = FaultCause::Unplayable(why.clone());
                cx.emit(Effect::Notice(PlaybackFault { cause, location: FaultLocation::Index }));
            }
        }
    }

    fn need(&self, wanted: PlanTarget) -> Result<Option<Request>, Error> {
        Ok(plan::need(&self.index, self.selection, wanted)?.map(Request::Range))
    }

    fn feed(&mut self, request: Request, bytes: &[u8]) -> Result<(), Error> {
        match request {
            Request::Range(range) => self.index.feed(range.start, bytes),
            Request::Suffix(_) | Request::Start(_) | Request::Headers(_) => Ok(()),
        }
    }

    fn seek(&mut self, time_ms: u64) -> Result<(Cursor, u64), Error> {
        plan::seek(&self.index, self.selection, time_ms)
    }

    fn key_ms(&self, time_ms: u64) -> Option<u64> {
        plan::seek(&self.index, self.selection, time_ms).ok().map(|(_, key_ms)| key_ms)
    }

    fn next(&mut self, cursor: Cursor) -> Result<Option<Window>, Error> {
        plan::next(&self.index, self.selection, cursor, limits::WINDOW_MS)
    }

    fn init(&self, track: usize, described: u32) -> Result<Vec<u8>, Error> {
        init::write_for(&self.index, track, described)
    }
}

/// What comes of finding `moov`.
fn found(moov: index_loader::PlaybackResult, cx: &Context) -> Step<ByIndex> {
    let Some((place, bytes)) = moov? else { return Ok(None) };
    Ok(Some(LocatedSource { source: ByIndex::parse(place, bytes, cx.file.size)?, open: None }))
}

impl Locator for IndexLoader {
    type WindowSource = ByIndex;

    fn start(cx: &mut Context) -> Self {
        Self::start(cx)
    }

    fn head(&mut self, cx: &mut Context, fetch_id: u32, head: &ResponseHead) -> Step<ByIndex> {
        found(self.head(cx, fetch_id, head), cx)
    }

    fn bytes(&mut self, cx: &mut Context, fetch_id: u32, bytes: &[u8]) -> Step<ByIndex> {
        found(self.bytes(cx, fetch_id, bytes), cx)
    }

    fn started(&mut self, _: &mut Context, _: u32, _: &[u8], _: u64) -> Step<ByIndex> {
        Ok(None)
    }

    fn ended(&mut self, cx: &mut Context, fetch_id: u32) -> Step<ByIndex> {
        found(self.ended(cx, fetch_id), cx)
    }

    fn go_on(&mut self, cx: &mut Context) {
        self.go_on(cx);
    }

    fn tick(&mut self, cx: &mut Context) -> Step<ByIndex> {
        found(self.tick(cx), cx)
    }

    fn deadline_ms(&self) -> Option<u64> {
        self.deadline_ms()
    }

    fn cancel(&mut self, cx: &mut Context) {
        self.cancel(cx);
    }
}
