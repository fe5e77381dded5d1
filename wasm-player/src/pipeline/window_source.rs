//! Where the pipeline gets a film's windows from: the film's own index, or headers of the edge.
//!
//! A window is about ten seconds of media: closed ranges of the file, and the fragment headers to
//! append in front of their bytes. A [`Locator`] makes the first requests and returns a
//! [`WindowSource`]; there is one pair for each of the player's two wasm modules.

use mp4::Error;
use mp4::plan::{Cursor, PlanTarget, Window};

use super::context::Context;
use super::fault::{FaultCause, FaultLocation, PlaybackFault, PlaybackResult};
use super::http::{Request, ResponseHead};
use super::media_type::MediaType;
use super::transfer::Transfer;

/// A film's windows, in order.
pub trait WindowSource: Sized {
    /// The locator that returns this source.
    type Locator: Locator<Source = Self>;

    /// Whether the source takes headers of the edge. Where it does not, the compiler leaves out
    /// the code that only those need.
    const BY_HEADERS: bool;

    /// The tracks to play, at least one.
    fn tracks(&self) -> Result<Vec<TrackConfig>, PlaybackFault>;

    /// Length of the film.
    fn duration_ms(&self) -> u64;

    /// Milliseconds by which all times of the film were moved to begin at 0.
    fn offset_ms(&self) -> u64;

    /// When the last track starts; `None` if only the buffers will show it.
    fn all_started_ms(&self) -> Option<u64>;

    /// Emits a notice for each media type of which the film has tracks, but none that plays.
    fn report_unplayable_tracks(&self, cx: &mut Context);

    /// The request whose response [`Self::feed`] needs before `wanted` can be planned, if any.
    fn missing(&self, wanted: PlanTarget) -> Result<Option<Request>, Error>;

    /// Takes the complete body of the response to `request`.
    fn feed(&mut self, request: Request, body: &[u8]) -> Result<(), Error>;

    /// The cursor for playback from `time_ms`, and the presentation time of the key frame there.
    fn seek(&mut self, time_ms: u64) -> Result<(Cursor, u64), Error>;

    /// Presentation time of the key frame from which `time_ms` is decoded, if known.
    fn key_frame_ms(&self, time_ms: u64) -> Option<u64>;

    /// The window at `cursor`; `None` at the film's end.
    fn next(&mut self, cursor: Cursor) -> Result<Option<Window>, Error>;

    /// The init segment of a track for one of its sample descriptions.
    fn init_segment(&self, track: usize, description: u32) -> Result<Vec<u8>, Error>;
}

/// A track to play.
#[derive(Clone)]
pub struct TrackConfig {
    /// The buffer that takes it.
    pub(super) media_type: MediaType,
    /// Its number, from 0, among the file's tracks.
    pub(super) track: usize,
    /// Its MIME type with `codecs`.
    pub(super) mime: String,
    /// The init segment of its first sample description.
    pub(super) init_segment: Vec<u8>,
}

/// A source, and the response that already delivers the first media bytes, if there is one.
pub struct LocatedSource<W> {
    pub(super) source: W,
    pub(super) open_start: Option<OpenStart>,
}

/// A `start` response whose boxes were read; its media bytes are still to come.
pub(super) struct OpenStart {
    pub(super) transfer: Transfer,
    /// How many media bytes its body has.
    pub(super) media_bytes: u64,
}

/// A locator's result for an input: the source, once it is complete.
pub(super) type LocateResult<W> = PlaybackResult<Option<LocatedSource<W>>>;

/// The first requests of a playback, until there is a [`WindowSource`].
pub trait Locator: Sized {
    /// The source that it locates.
    type Source;

    /// Makes the first requests.
    fn start(cx: &mut Context) -> Self;

    /// Handles [`Input::Head`](super::Input::Head).
    fn on_head(
        &mut self,
        cx: &mut Context,
        fetch_id: u32,
        head: &ResponseHead,
    ) -> LocateResult<Self::Source>;

    /// Handles [`Input::IndexBytes`](super::Input::IndexBytes).
    fn on_bytes(
        &mut self,
        cx: &mut Context,
        fetch_id: u32,
        bytes: &[u8],
    ) -> LocateResult<Self::Source>;

    /// Handles [`Input::StartBoxes`](super::Input::StartBoxes).
    fn on_start_boxes(
        &mut self,
        cx: &mut Context,
        fetch_id: u32,
        boxes: &[u8],
        media_bytes: u64,
    ) -> LocateResult<Self::Source>;

    /// Handles the end of a body that is not complete.
    fn on_body_end(&mut self, cx: &mut Context, fetch_id: u32) -> LocateResult<Self::Source>;

    /// Sends every request that waits for its next attempt.
    fn retry_now(&mut self, cx: &mut Context);

    /// Makes attempts that are due, and gives up responses that have stalled.
    fn on_tick(&mut self, cx: &mut Context) -> LocateResult<Self::Source>;

    /// When [`Self::on_tick`] has something to do.
    fn deadline_ms(&self) -> Option<u64>;

    /// Cancels all requests.
    fn cancel(&mut self, cx: &mut Context);
}

/// The fault for an error in the index, or in headers that the edge made of it.
pub(super) fn bad_index(error: Error) -> PlaybackFault {
    PlaybackFault { cause: FaultCause::BadFile(error), location: FaultLocation::Index }
}
