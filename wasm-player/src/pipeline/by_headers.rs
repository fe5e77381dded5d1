//! Headers that the edge has made say what comes next: no `moov` is read.

use std::collections::VecDeque;

use mp4::plan::{Cursor, PlanTarget, Window};
use mp4::start_index::{self, StartPosition};
use mp4::{Error, TrackKind, Unplayable};

use super::buffer::Lane;
use super::context::Context;
use super::fault::{Cause, Fault, Place};
use super::guide::{Described, Found, Guide, Open, Search, Step, in_index};
use super::http::{Ask, ResponseHead};
use super::transfer::Transfer;
use super::{Purpose, limits};

/// What is known of a film so far.
pub struct ByHeaders {
    duration_ms: u64,
    lanes: Vec<Described>,
    /// Windows that nobody has planned yet.
    known: VecDeque<Window>,
    /// Whether the film is over behind them.
    is_last: bool,
    /// The time that was asked for last, and the key frame that is shown then.
    fresh: Option<(u64, u64)>,
    /// Key frames since then, in order.
    keys_ms: Vec<u64>,
}

impl ByHeaders {
    fn read(asked: StartPosition, boxes: &[u8]) -> Result<Self, Error> {
        let answer = start_index::decode(boxes)?;
        let lane = |init: start_index::TrackInit| {
            let listed = answer.tracks.iter().find(|listed| listed.track == init.track)?;
            let lane = if listed.kind == TrackKind::Video { Lane::Video } else { Lane::Audio };
            let mime = listed.mime.clone();
            Some(Described { lane, track: init.track, mime, init: init.segment })
        };
        let fresh = match asked {
            StartPosition::Time(time_ms) => Some((time_ms, answer.start_ms)),
            StartPosition::Cursor(_) => None,
        };
        Ok(Self {
            duration_ms: answer.duration_ms,
            lanes: answer.inits.into_iter().filter_map(lane).collect(),
            is_last: answer.windows.is_empty(),
            known: answer.windows.into(),
            fresh,
            keys_ms: Vec::new(),
        })
    }

    fn has_video(&self) -> bool {
        self.lanes.iter().any(|described| described.lane == Lane::Video)
    }
}

impl Guide for ByHeaders {
    type Search = Opening;

    const BY_HEADERS: bool = true;

    fn lanes(&self) -> Result<Vec<Described>, Fault> {
        if self.lanes.is_empty() {
            let cause = Cause::Unplayable(Unplayable::NoMedia);
            return Err(Fault { cause, place: Place::Index });
        }
        Ok(self.lanes.clone())
    }

    fn duration_ms(&self) -> u64 {
        self.duration_ms
    }

    fn lead_ms(&self) -> Option<u64> {
        None
    }

    fn notice(&self, _: &mut Context) {}

    fn need(&self, wanted: PlanTarget) -> Result<Option<Ask>, Error> {
        Ok(match wanted {
            PlanTarget::Time(time_ms) => {
                let is_fresh = self.fresh.is_some_and(|(asked_ms, _)| asked_ms == time_ms);
                (!is_fresh).then_some(Ask::Start(StartPosition::Time(time_ms)))
            }
            PlanTarget::Window(cursor) => {
                let is_known = self.is_last || !self.known.is_empty();
                (!is_known).then_some(Ask::Headers(StartPosition::Cursor(cursor)))
            }
        })
    }

    fn feed(&mut self, asked: Ask, bytes: &[u8]) -> Result<(), Error> {
        match asked {
            Ask::Start(from) => *self = Self::read(from, bytes)?,
            Ask::Headers(_) => {
                self.known = start_index::decode(bytes)?.windows.into();
                // Whoever sends fewer than were asked for has no more of them.
                self.is_last = self.known.len() < limits::HEADERS_WINDOWS as usize;
            }
            Ask::Closed(_) | Ask::Suffix(_) => {}
        }
        Ok(())
    }

    fn seek(&mut self, time_ms: u64) -> Result<(Cursor, u64), Error> {
        // Windows say where the next one begins; the first one is at hand.
        let (_, key_ms) = self.fresh.take().unwrap_or((time_ms, time_ms));
        Ok((Cursor::from_numbers([0; 5]), key_ms))
    }

    fn key_ms(&self, time_ms: u64) -> Option<u64> {
        if let Some((_, key_ms)) = self.fresh.filter(|(asked_ms, _)| *asked_ms == time_ms) {
            return Some(key_ms);
        }
        if !self.has_video() {
            return Some(time_ms);
        }
        let before = self.keys_ms.partition_point(|key_ms| *key_ms <= time_ms).checked_sub(1)?;
        self.keys_ms.get(before).copied()
    }

    fn next(&mut self, _: Cursor) -> Result<Option<Window>, Error> {
        let window = self.known.pop_front();
        if let Some(window) = &window {
            self.keys_ms.extend(&window.keys_ms);
            let old = self.keys_ms.len().saturating_sub(limits::KEYS_MAX);
            self.keys_ms.drain(..old);
        }
        Ok(window)
    }

    fn init(&self, track: usize, _: u32) -> Result<Vec<u8>, Error> {
        // A start is of one sample description a track, whose segment the buffer has.
        let violation = "start has a second sample description for a track";
        Err(Error { track: Some(track), path: "file", offset: 0, violation })
    }
}

/// The first start of a film.
pub struct Opening {
    transfer: Option<Transfer>,
    asked: StartPosition,
}

impl Opening {
    fn broke(&mut self, cx: &mut Context, cause: Cause) -> Step<ByHeaders> {
        match &mut self.transfer {
            Some(transfer) => match transfer.broke(cx, &cause) {
                Ok(()) => Ok(None),
                Err(_) => Err(transfer.fault(cause)),
            },
            None => Ok(None),
        }
    }

    fn is(&self, fetch: u32) -> bool {
        self.transfer.as_ref().is_some_and(|transfer| transfer.is(fetch))
    }
}

impl Search for Opening {
    type Guide = ByHeaders;

    fn start(cx: &mut Context) -> Self {
        let asked = StartPosition::Time(cx.position_ms);
        Self { transfer: Some(Transfer::start(cx, Ask::Start(asked), Purpose::Media)), asked }
    }

    fn head(&mut self, cx: &mut Context, fetch: u32, head: &ResponseHead) -> Step<ByHeaders> {
        let of_it = self.transfer.as_mut().filter(|transfer| transfer.is(fetch));
        match of_it.map(|transfer| transfer.head(cx, head)) {
            Some(Err(cause)) => self.broke(cx, cause),
            Some(Ok(())) | None => Ok(None),
        }
    }

    fn bytes(&mut self, _: &mut Context, _: u32, _: &[u8]) -> Step<ByHeaders> {
        Ok(None)
    }

    fn started(
        &mut self,
        _: &mut Context,
        fetch: u32,
        boxes: &[u8],
        bytes: u64,
    ) -> Step<ByHeaders> {
        let Some(transfer) = self.transfer.take_if(|transfer| transfer.is(fetch)) else {
            return Ok(None);
        };
        let guide = ByHeaders::read(self.asked, boxes).map_err(in_index)?;
        Ok(Some(Found { guide, open: Some(Open { transfer, bytes }) }))
    }

    fn ended(&mut self, cx: &mut Context, fetch: u32) -> Step<ByHeaders> {
        if self.is(fetch) { self.broke(cx, Cause::Network) } else { Ok(None) }
    }

    fn go_on(&mut self, cx: &mut Context) {
        if let Some(transfer) = &mut self.transfer {
            transfer.go_on(cx);
        }
    }

    fn tick(&mut self, cx: &mut Context) -> Step<ByHeaders> {
        let Some(transfer) = &mut self.transfer else { return Ok(None) };
        match transfer.tick(cx) {
            Ok(()) => Ok(None),
            Err(_) => Err(transfer.fault(Cause::Network)),
        }
    }

    fn deadline_ms(&self) -> Option<u64> {
        self.transfer.as_ref().and_then(Transfer::deadline_ms)
    }

    fn cancel(&mut self, cx: &mut Context) {
        if let Some(transfer) = self.transfer.take() {
            transfer.cancel(cx);
        }
    }
}
