//! A pipeline between a server and two buffers, all under the test's control.

#![expect(clippy::wildcard_enum_match_arm, reason = "what a test does not expect fails it")]
#![expect(clippy::similar_names, reason = "a part and parts are what they are")]

use std::collections::BTreeMap;
use std::ops::Range;

use mp4::Index;
use mp4::plan::Selection;
use mp4::start_index;
use wasm_player::pipeline::{
    AppendData, BodyKind, ByHeaders, ByIndex, ContentRange, Effect, HEADERS_WINDOWS, Input,
    MediaType, Pipeline, Request, ResponseHead, WindowSource,
};

use crate::source_buffer::TestSourceBuffer;
use crate::synthetic_film::Film;

/// A stage on which one film is played.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct PlayerHarness<G: WindowSource = ByIndex> {
    pub(crate) pipeline: Pipeline<G>,
    pub(crate) now_ms: u64,
    /// The file as the server has it.
    pub(crate) file: Vec<u8>,
    pub(crate) etag: u32,
    /// What the server answers instead, when it is ill.
    pub(crate) status: Option<u16>,
    /// Bytes of a body after which the connection breaks.
    pub(crate) cut_after: Option<u64>,
    /// The most bytes that the server sends in one answer.
    pub(crate) answer_max: u64,
    /// Whether it says which bytes an answer has, to this origin.
    pub(crate) has_content_range: bool,
    /// Whether the server knows `bytes=-n`.
    pub(crate) has_suffixes: bool,
    /// Pieces after which the server says nothing more.
    pub(crate) stop_after_pieces: Option<u32>,
    /// Whether pieces come before the buffers have done anything.
    pub(crate) has_slow_buffers: bool,
    pub(crate) bytes_fetched: u64,
    /// The most bytes that ever waited for the buffers.
    pub(crate) most_pending: u64,
    pub(crate) buffers: BTreeMap<MediaType, TestSourceBuffer>,
    pub(crate) ended: bool,
    pub(crate) wake_at_ms: Option<u64>,
    /// Every effect since the last look, as a line.
    pub(crate) lines: Vec<String>,
    /// Length of the next piece.
    pub(crate) piece_len: Box<dyn FnMut() -> usize>,
    /// Bytes of the film that the server sends behind a start's boxes.
    pub(crate) start_max: u64,
    /// Of which it makes headers.
    moov: Range<usize>,
    requests: BTreeMap<u32, OpenRequest>,
    acks: Vec<Input>,
    held: BTreeMap<MediaType, Vec<(u32, Vec<u8>)>>,
    piece: (u32, Vec<u8>),
}

struct OpenRequest {
    request: Request,
    body_kind: BodyKind,
    /// Made by the server, and in front of any bytes of the film.
    boxes: Option<Vec<u8>>,
    at: u64,
    end: u64,
    sent: u64,
    is_answered: bool,
    is_read: bool,
}

impl PlayerHarness {
    /// Of a server that has the file, and nothing else.
    pub(crate) fn new(file: &[u8]) -> Self {
        Self::of(file, 0..0)
    }
}

impl PlayerHarness<ByHeaders> {
    /// Of a server that makes headers.
    pub(crate) fn with_headers(film: &Film) -> Self {
        let place = |at: u64| usize::try_from(at).unwrap();
        Self::of(&film.bytes, place(film.moov.start)..place(film.moov.end))
    }
}

impl<G: WindowSource> PlayerHarness<G> {
    fn of(file: &[u8], moov: Range<usize>) -> Self {
        Self {
            pipeline: Pipeline::new(),
            now_ms: 0,
            file: file.to_vec(),
            etag: 1,
            status: None,
            cut_after: None,
            answer_max: u64::MAX,
            has_content_range: true,
            has_suffixes: true,
            stop_after_pieces: None,
            has_slow_buffers: false,
            bytes_fetched: 0,
            most_pending: 0,
            buffers: BTreeMap::from(
                [MediaType::Video, MediaType::Audio].map(|l| (l, TestSourceBuffer::default())),
            ),
            ended: false,
            wake_at_ms: None,
            lines: Vec::new(),
            piece_len: Box::new(|| 65_536),
            start_max: u64::MAX,
            moov,
            requests: BTreeMap::new(),
            acks: Vec::new(),
            held: BTreeMap::new(),
            piece: (0, Vec::new()),
        }
    }

    /// One input; gives the lines of its effects.
    pub(crate) fn input(&mut self, input: Input) -> Vec<String> {
        self.pipeline.handle(self.now_ms, input);
        let mut lines = Vec::new();
        while let Some(effect) = self.pipeline.poll() {
            lines.extend(self.carry_out(effect));
        }
        self.lines.extend(lines.iter().cloned());
        lines
    }

    /// Opens the film and lets everything happen until nothing is left to do.
    pub(crate) fn play(&mut self, start_ms: u64) {
        self.input(Input::Open { start_ms, size: None, resolvable: false });
        self.run();
    }

    /// Server and buffers do their part until nothing is left to do at this time.
    pub(crate) fn run(&mut self) {
        for _ in 0..1_000_000 {
            if let Some(input) = self.next_input() {
                self.input(input);
            } else {
                return;
            }
        }
        panic!("it never comes to rest");
    }

    /// The server does its part, and the buffers say nothing of theirs.
    pub(crate) fn run_server(&mut self) {
        while let Some(input) = self.next_of_server() {
            self.input(input);
        }
    }

    /// The server says one thing.
    pub(crate) fn run_server_once(&mut self) {
        if let Some(input) = self.next_of_server() {
            self.input(input);
        }
    }

    /// Lets time pass, with the alarm ringing when it was set to.
    pub(crate) fn wait(&mut self, ms: u64) {
        let end = self.now_ms + ms;
        while let Some(at) = self.wake_at_ms.filter(|at| *at <= end) {
            self.now_ms = at.max(self.now_ms);
            self.wake_at_ms = None;
            self.input(Input::Tick);
            self.run();
        }
        self.now_ms = end;
    }

    /// The play head moves to `to_ms` in steps of a quarter of a second.
    pub(crate) fn watch(&mut self, from_ms: u64, to_ms: u64) {
        for time_ms in (from_ms..=to_ms).step_by(250) {
            self.now_ms += 250;
            self.input(Input::Position { time_ms, playing: true });
            self.run();
        }
    }

    /// The person goes elsewhere; looks at what comes of it.
    pub(crate) fn seek(&mut self, time_ms: u64) {
        self.lines.clear();
        self.input(Input::Seek { time_ms });
        self.run();
    }

    /// The piece that was asked for never comes, and its connection stays open.
    pub(crate) fn dies_silently(&mut self) {
        self.requests.values_mut().for_each(|request| request.is_read = false);
    }

    /// What a buffer holds.
    pub(crate) fn buffered(&self, media_type: MediaType) -> Vec<(u64, u64)> {
        self.buffers[&media_type]
            .buffered
            .iter()
            .map(|range| (range.start_ms, range.end_ms))
            .collect()
    }

    /// The bytes of all samples that a buffer took.
    pub(crate) fn samples(&self, media_type: MediaType) -> Vec<u8> {
        self.buffers[&media_type].samples.iter().flat_map(|(_, bytes)| bytes.clone()).collect()
    }

    /// The lines since the last look that contain `word`.
    pub(crate) fn lines_with(&self, word: &str) -> Vec<&str> {
        self.lines.iter().map(String::as_str).filter(|line| line.contains(word)).collect()
    }

    fn next_input(&mut self) -> Option<Input> {
        let acks = |stage: &mut Self| (!stage.acks.is_empty()).then(|| stage.acks.remove(0));
        if self.has_slow_buffers {
            return self.next_of_server().or_else(|| acks(self));
        }
        acks(self).or_else(|| self.next_of_server())
    }

    fn next_of_server(&mut self) -> Option<Input> {
        let ready = |(_, request): &(&u32, &OpenRequest)| !request.is_answered || request.is_read;
        let fetch_id = *self.requests.iter().find(ready)?.0;
        let request = self.requests.get_mut(&fetch_id)?;
        if !request.is_answered {
            request.is_answered = true;
            return Some(self.answer(fetch_id));
        }
        if let Some(boxes) = request.boxes.take_if(|_| matches!(request.request, Request::Start(_)))
        {
            request.is_read = false;
            return Some(Input::StartBoxes {
                fetch_id,
                boxes,
                media_bytes: request.end - request.at,
            });
        }
        if self.stop_after_pieces == Some(0) {
            return None;
        }
        request.is_read = false;
        let left = usize::try_from(request.end - request.at).unwrap();
        let cut = self.cut_after.is_some_and(|after| request.sent >= after);
        if left == 0 || cut {
            self.requests.remove(&fetch_id);
            let whole = Input::BodyEnded { fetch_id };
            return Some(if cut { Input::FetchFailed { fetch_id } } else { whole });
        }
        let mut len = (self.piece_len)().clamp(1, left);
        if let Some(after) = self.cut_after {
            len = len.min(usize::try_from(after - request.sent).unwrap());
        }
        Some(self.piece(fetch_id, len))
    }

    fn piece(&mut self, fetch_id: u32, len: usize) -> Input {
        let request = self.requests.get_mut(&fetch_id).unwrap();
        let at = usize::try_from(request.at).unwrap();
        let sent = request.boxes.as_deref().unwrap_or(&self.file);
        let bytes = sent[at..at + len].to_vec();
        request.at += len as u64;
        request.sent += len as u64;
        self.bytes_fetched += len as u64;
        self.stop_after_pieces = self.stop_after_pieces.map(|n| n - 1);
        if request.body_kind == BodyKind::Index {
            return Input::IndexBytes { fetch_id, bytes };
        }
        self.piece = (self.piece.0 + 1, bytes);
        Input::MediaBytes { fetch_id, piece: self.piece.0, len: u32::try_from(len).unwrap() }
    }

    fn answer(&mut self, fetch_id: u32) -> Input {
        let request = self.requests[&fetch_id].request;
        let total = self.file.len() as u64;
        let (start, end) = match request {
            Request::Range(range) => (range.start, range.end.min(total)),
            Request::Suffix(n) => (total.saturating_sub(n), total),
            Request::Start(from) => return self.make(fetch_id, from, 1),
            Request::Headers(from) => return self.make(fetch_id, from, HEADERS_WINDOWS),
        };
        let request = self.requests.get_mut(&fetch_id).unwrap();
        let end = end.min(start.saturating_add(self.answer_max));
        (request.at, request.end) = (start, end);
        let is_refused = matches!(request.request, Request::Suffix(_)) && !self.has_suffixes;
        let known = if start < end && !is_refused { 206 } else { 416 };
        let status = self.status.unwrap_or(known);
        let range = (status == 206).then_some(mp4::ByteRange { start, end });
        let total_told = Some(total).filter(|_| !is_refused);
        let content_range = (matches!(status, 206 | 416) && self.has_content_range)
            .then_some(ContentRange { range, total: total_told });
        if status == 200 {
            (request.at, request.end) = (0, total);
        }
        let length = match status {
            200 => Some(total),
            _ => range.map(|range| range.len()),
        };
        let head = ResponseHead {
            status,
            content_range,
            length,
            validator: Some(self.etag),
            retry_after_ms: None,
        };
        Input::Head { fetch_id, head }
    }

    /// Headers, and behind those of a start the bytes of its first range.
    fn make(&mut self, fetch_id: u32, from: start_index::StartPosition, count: u32) -> Input {
        let index = Index::parse(&self.file[self.moov.clone()]).unwrap();
        let selection = Selection { video: index.default_video(), audio: index.default_audio() };
        let ask = start_index::StartRequest { selection, from, span_ms: 10_000, count };
        let answer = start_index::plan_from_moov(&index, ask).unwrap();
        let range = answer.windows.first().map(|window| window.fetches[0].range);
        let boxes = start_index::encode(&answer);
        let request = self.requests.get_mut(&fetch_id).unwrap();
        (request.at, request.end) = match (request.request, range) {
            (Request::Start(_), Some(range)) => {
                (range.start, range.end.min(range.start.saturating_add(self.start_max)))
            }
            (Request::Start(_), None) => (0, 0),
            _ => (0, boxes.len() as u64),
        };
        request.boxes = Some(boxes);
        let status = self.status.unwrap_or(200);
        request.is_read = status == 200 && matches!(request.request, Request::Start(_));
        Input::Head { fetch_id, head: ResponseHead { status, ..ResponseHead::default() } }
    }

    fn carry_out(&mut self, effect: Effect) -> Option<String> {
        Some(match effect {
            Effect::Fetch { fetch_id, request, body_kind } => {
                let line = format!("fetch {fetch_id} {} {body_kind:?}", describe_request(request));
                let request = OpenRequest {
                    request,
                    body_kind,
                    boxes: None,
                    at: 0,
                    end: 0,
                    sent: 0,
                    is_answered: false,
                    is_read: false,
                };
                assert!(self.requests.insert(fetch_id, request).is_none(), "{line}: used twice");
                line
            }
            Effect::Read { fetch_id } => {
                let request = self.requests.get_mut(&fetch_id).expect("a body to read");
                assert!(request.is_answered && !request.is_read, "one piece at a time");
                request.is_read = true;
                return None;
            }
            Effect::Cancel { fetch_id } => {
                self.requests.remove(&fetch_id).expect("a request to cancel");
                format!("cancel {fetch_id}")
            }
            Effect::Append { media_type, epoch, data } => {
                return self.append(media_type, epoch, &data);
            }
            Effect::RetryAppend { media_type } => {
                for (epoch, bytes) in self.held.remove(&media_type).unwrap_or_default() {
                    self.put(media_type, epoch, bytes);
                }
                format!("retry {media_type:?}")
            }
            Effect::AbortAppend { media_type } => {
                self.ended = false;
                self.held.remove(&media_type);
                self.acks.retain(|ack| {
                    matches!(ack, Input::Removed { .. }) || media_type_of(ack) != media_type
                });
                self.buffers.get_mut(&media_type).unwrap().abort();
                format!("abort {media_type:?}")
            }
            Effect::Remove { media_type, range } => {
                let buffer = self.buffers.get_mut(&media_type).unwrap();
                buffer.remove(range);
                self.acks.push(Input::Removed { media_type, buffered: buffer.buffered.clone() });
                format!("evict {media_type:?} {}-{}", range.start_ms, range.end_ms)
            }
            Effect::EndOfStream => {
                self.ended = true;
                "end of stream".to_owned()
            }
            Effect::WakeAt { at_ms } => {
                self.wake_at_ms = Some(at_ms);
                return None;
            }
            Effect::StartOver { time_ms } => {
                for buffer in self.buffers.values_mut() {
                    *buffer = TestSourceBuffer::default();
                }
                self.acks.clear();
                format!("start over at {time_ms}")
            }
            Effect::AddSourceBuffers { .. }
            | Effect::Resolve
            | Effect::Nudge { .. }
            | Effect::Waiting(_)
            | Effect::Notice(_)
            | Effect::FallBack(_)
            | Effect::Fail(_) => told(effect),
        })
    }

    fn append(&mut self, media_type: MediaType, epoch: u32, data: &AppendData) -> Option<String> {
        let cut = |from: &Range<u32>| self.piece.1[from.start as usize..from.end as usize].to_vec();
        let (bytes, line) = match data {
            AppendData::Header(bytes) => {
                (bytes.clone(), Some(format!("append {media_type:?} {}", kind_of(bytes))))
            }
            AppendData::Part { piece, part } => {
                assert_eq!(*piece, self.piece.0);
                (cut(part), None)
            }
            AppendData::Gather { piece, parts } => {
                assert_eq!(*piece, self.piece.0);
                (parts.iter().flat_map(cut).collect(), None)
            }
        };
        assert_eq!(bytes.len() as u64, data.len());
        self.ended = false;
        self.put(media_type, epoch, bytes);
        line
    }

    fn put(&mut self, media_type: MediaType, epoch: u32, bytes: Vec<u8>) {
        let buffer = self.buffers.get_mut(&media_type).unwrap();
        if buffer.is_full() || self.held.contains_key(&media_type) {
            let held = self.held.entry(media_type).or_default();
            if held.is_empty() {
                self.acks.push(Input::QuotaExceeded { media_type, epoch });
            }
            held.push((epoch, bytes));
            return;
        }
        buffer.append(&bytes);
        let pending = |ack: &Input| match ack {
            Input::Appended { bytes, .. } => u64::from(*bytes),
            _ => 0,
        };
        let waiting: u64 = self.acks.iter().map(pending).sum();
        self.most_pending = self.most_pending.max(waiting + bytes.len() as u64);
        self.acks.push(Input::Appended {
            media_type,
            epoch,
            bytes: u32::try_from(bytes.len()).unwrap(),
            buffered: buffer.buffered.clone(),
        });
    }
}

fn kind_of(header: &[u8]) -> &'static str {
    match header.get(4..8) {
        Some(b"ftyp") => "init",
        Some(b"moof") => "header",
        _ => "something",
    }
}

/// A range as its header says it, a time or a place as its query does.
fn describe_request(request: Request) -> String {
    let query = |from| match from {
        start_index::StartPosition::Time(ms) => format!("at={ms}"),
        start_index::StartPosition::Cursor(cursor) => format!("from={:?}", cursor.numbers()),
    };
    match request {
        Request::Range(range) => format!("bytes={}-{}", range.start, range.end - 1),
        Request::Suffix(n) => format!("bytes=-{n}"),
        Request::Start(from) => format!("start {}", query(from)),
        Request::Headers(from) => format!("headers {}", query(from)),
    }
}

/// Effects that only tell something.
fn told(effect: Effect) -> String {
    match effect {
        Effect::AddSourceBuffers { video, audio, duration_ms, .. } => format!(
            "buffers {} {} for {duration_ms} ms",
            video.unwrap_or_default(),
            audio.unwrap_or_default()
        ),
        Effect::Resolve => "resolve".to_owned(),
        Effect::Nudge { time_ms } => format!("nudge to {time_ms}"),
        Effect::Waiting(fault) => format!("waiting: {:?}", fault.cause),
        Effect::Notice(fault) => format!("notice: {:?}", fault.cause),
        Effect::FallBack(fault) => format!("fall back: {:?}", fault.cause),
        Effect::Fail(fault) => format!("fail: {:?} ({:?})", fault.cause, fault.location),
        other => panic!("not told, but done: {other:?}"),
    }
}

fn media_type_of(ack: &Input) -> MediaType {
    match ack {
        Input::Appended { media_type, .. }
        | Input::QuotaExceeded { media_type, .. }
        | Input::Removed { media_type, .. } => *media_type,
        other => panic!("no buffer says {other:?}"),
    }
}
