//! Who knows which bytes come next: the film's own index, or headers that were made of one.

use mp4::Error;
use mp4::plan::{Cursor, PlanTarget, Window};

use super::buffer::MediaType;
use super::context::Context;
use super::fault::{FaultCause, FaultLocation, PlaybackFault};
use super::http::{Request, ResponseHead};
use super::transfer::Transfer;

/// A film's windows, in order.
pub trait WindowSource: Sized {
    /// What leads to one.
    type Locator: Locator<WindowSource = Self>;

    /// Whether it is fed by headers, that come in front of the film's bytes. Where that is not so, a
    /// compiler leaves out all that has to do with them.
    const BY_HEADERS: bool;

    /// The tracks that are played.
    fn track_configs(&self) -> Result<Vec<TrackConfig>, PlaybackFault>;

    /// Length of the film.
    fn duration_ms(&self) -> u64;

    /// When every track has begun; none where only the buffers show it.
    fn initial_gap_end_ms(&self) -> Option<u64>;

    /// Says of a film that plays without its pictures or its sound that it does, and why.
    fn report_unplayable_tracks(&self, cx: &mut Context);

    /// What must be asked for before `wanted` can be planned.
    fn need(&self, wanted: PlanTarget) -> Result<Option<Request>, Error>;

    /// Takes what was asked for, whole.
    fn feed(&mut self, request: Request, bytes: &[u8]) -> Result<(), Error>;

    /// Where playback of a time begins, and when the key frame there is shown.
    fn seek(&mut self, time_ms: u64) -> Result<(Cursor, u64), Error>;

    /// When the key frame at which playback of a time begins is shown, as far as that is known.
    fn key_ms(&self, time_ms: u64) -> Option<u64>;

    /// The window at `cursor`; none at the end.
    fn next(&mut self, cursor: Cursor) -> Result<Option<Window>, Error>;

    /// Another init segment of a track.
    fn init(&self, track: usize, described: u32) -> Result<Vec<u8>, Error>;
}

/// A track that is played.
#[derive(Clone)]
pub struct TrackConfig {
    pub(super) media_type: MediaType,
    pub(super) track: usize,
    pub(super) mime: String,
    pub(super) init: Vec<u8>,
}

/// What was found, and the request that goes on with the film's bytes, if one does.
pub struct LocatedSource<G> {
    pub(super) source: G,
    pub(super) open: Option<OpenStart>,
}

/// A request that has so many bytes of the first range to come.
pub(super) struct OpenStart {
    pub(super) transfer: Transfer,
    pub(super) bytes: u64,
}

/// What became of a step of a search.
pub(super) type Step<G> = Result<Option<LocatedSource<G>>, PlaybackFault>;

/// The way to a guide.
pub trait Locator: Sized {
    /// What is searched for.
    type WindowSource;

    /// Makes the first requests.
    fn start(cx: &mut Context) -> Self;

    /// Takes the head of an answer.
    fn head(
        &mut self,
        cx: &mut Context,
        fetch_id: u32,
        head: &ResponseHead,
    ) -> Step<Self::WindowSource>;

    /// Takes bytes.
    fn bytes(&mut self, cx: &mut Context, fetch_id: u32, bytes: &[u8]) -> Step<Self::WindowSource>;

    /// Takes the boxes of a start.
    fn started(
        &mut self,
        cx: &mut Context,
        fetch_id: u32,
        boxes: &[u8],
        bytes: u64,
    ) -> Step<Self::WindowSource>;

    /// Takes the end of a body, or of a connection.
    fn ended(&mut self, cx: &mut Context, fetch_id: u32) -> Step<Self::WindowSource>;

    /// Makes every request that waits, at once.
    fn go_on(&mut self, cx: &mut Context);

    /// Looks at the time.
    fn tick(&mut self, cx: &mut Context) -> Step<Self::WindowSource>;

    /// When to look again.
    fn deadline_ms(&self) -> Option<u64>;

    /// Stops everything.
    fn cancel(&mut self, cx: &mut Context);
}

/// What the index, or what was made of it, breaks.
pub(super) fn in_index(error: Error) -> PlaybackFault {
    PlaybackFault { cause: FaultCause::BadFile(error), location: FaultLocation::Index }
}
