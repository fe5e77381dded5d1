//! A pipeline between a server and two buffers, all under the test's control.

#![expect(clippy::wildcard_enum_match_arm, reason = "what a test does not expect fails it")]
#![expect(clippy::similar_names, reason = "a part and parts are what they are")]

use std::collections::BTreeMap;
use std::ops::Range;

use mp4::Index;
use mp4::plan::Selection;
use mp4::start_index;
use wasm_player::pipeline::{
    Ask, ByHeaders, ByIndex, ContentRange, Effect, Guide, HEADERS_WINDOWS, Input, Lane, Pipeline,
    Purpose, ResponseHead, What,
};

use crate::buffers::TestBuffer;
use crate::film::Film;

/// A stage on which one film is played.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Theatre<G: Guide = ByIndex> {
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
    pub(crate) buffers: BTreeMap<Lane, TestBuffer>,
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
    requests: BTreeMap<u32, Request>,
    acks: Vec<Input>,
    held: BTreeMap<Lane, Vec<(u32, Vec<u8>)>>,
    piece: (u32, Vec<u8>),
}

struct Request {
    ask: Ask,
    purpose: Purpose,
    /// Made by the server, and in front of any bytes of the film.
    boxes: Option<Vec<u8>>,
    at: u64,
    end: u64,
    sent: u64,
    is_answered: bool,
    is_read: bool,
}

impl Theatre {
    /// Of a server that has the file, and nothing else.
    pub(crate) fn new(file: &[u8]) -> Self {
        Self::of(file, 0..0)
    }
}

impl Theatre<ByHeaders> {
    /// Of a server that makes headers.
    pub(crate) fn with_headers(film: &Film) -> Self {
        let place = |at: u64| usize::try_from(at).unwrap();
        Self::of(&film.bytes, place(film.moov.start)..place(film.moov.end))
    }
}

impl<G: Guide> Theatre<G> {
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
            buffers: BTreeMap::from([Lane::Video, Lane::Audio].map(|l| (l, TestBuffer::default()))),
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
    pub(crate) fn spans(&self, lane: Lane) -> Vec<(u64, u64)> {
        self.buffers[&lane].spans.iter().map(|span| (span.start_ms, span.end_ms)).collect()
    }

    /// The bytes of all samples that a buffer took.
    pub(crate) fn samples(&self, lane: Lane) -> Vec<u8> {
        self.buffers[&lane].samples.iter().flat_map(|(_, bytes)| bytes.clone()).collect()
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
        let ready = |(_, request): &(&u32, &Request)| !request.is_answered || request.is_read;
        let fetch = *self.requests.iter().find(ready)?.0;
        let request = self.requests.get_mut(&fetch)?;
        if !request.is_answered {
            request.is_answered = true;
            return Some(self.answer(fetch));
        }
        if let Some(boxes) = request.boxes.take_if(|_| matches!(request.ask, Ask::Start(_))) {
            request.is_read = false;
            return Some(Input::Started { fetch, boxes, bytes: request.end - request.at });
        }
        if self.stop_after_pieces == Some(0) {
            return None;
        }
        request.is_read = false;
        let left = usize::try_from(request.end - request.at).unwrap();
        let cut = self.cut_after.is_some_and(|after| request.sent >= after);
        if left == 0 || cut {
            self.requests.remove(&fetch);
            let whole = Input::FetchEnded { fetch };
            return Some(if cut { Input::FetchFailed { fetch } } else { whole });
        }
        let mut len = (self.piece_len)().clamp(1, left);
        if let Some(after) = self.cut_after {
            len = len.min(usize::try_from(after - request.sent).unwrap());
        }
        Some(self.piece(fetch, len))
    }

    fn piece(&mut self, fetch: u32, len: usize) -> Input {
        let request = self.requests.get_mut(&fetch).unwrap();
        let at = usize::try_from(request.at).unwrap();
        let sent = request.boxes.as_deref().unwrap_or(&self.file);
        let bytes = sent[at..at + len].to_vec();
        request.at += len as u64;
        request.sent += len as u64;
        self.bytes_fetched += len as u64;
        self.stop_after_pieces = self.stop_after_pieces.map(|n| n - 1);
        if request.purpose == Purpose::Index {
            return Input::IndexBytes { fetch, bytes };
        }
        self.piece = (self.piece.0 + 1, bytes);
        Input::MediaBytes { fetch, piece: self.piece.0, len: u32::try_from(len).unwrap() }
    }

    fn answer(&mut self, fetch: u32) -> Input {
        let ask = self.requests[&fetch].ask;
        let total = self.file.len() as u64;
        let (start, end) = match ask {
            Ask::Closed(range) => (range.start, range.end.min(total)),
            Ask::Suffix(n) => (total.saturating_sub(n), total),
            Ask::Start(from) => return self.make(fetch, from, 1),
            Ask::Headers(from) => return self.make(fetch, from, HEADERS_WINDOWS),
        };
        let request = self.requests.get_mut(&fetch).unwrap();
        let end = end.min(start.saturating_add(self.answer_max));
        (request.at, request.end) = (start, end);
        let is_refused = matches!(ask, Ask::Suffix(_)) && !self.has_suffixes;
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
        Input::Head { fetch, head }
    }

    /// Headers, and behind those of a start the bytes of its first range.
    fn make(&mut self, fetch: u32, from: start_index::StartPosition, count: u32) -> Input {
        let index = Index::parse(&self.file[self.moov.clone()]).unwrap();
        let selection = Selection { video: index.default_video(), audio: index.default_audio() };
        let ask = start_index::StartRequest { selection, from, span_ms: 10_000, count };
        let answer = start_index::plan_from_moov(&index, ask).unwrap();
        let range = answer.windows.first().map(|window| window.fetches[0].range);
        let boxes = start_index::encode(&answer);
        let request = self.requests.get_mut(&fetch).unwrap();
        (request.at, request.end) = match (request.ask, range) {
            (Ask::Start(_), Some(range)) => {
                (range.start, range.end.min(range.start.saturating_add(self.start_max)))
            }
            (Ask::Start(_), None) => (0, 0),
            _ => (0, boxes.len() as u64),
        };
        request.boxes = Some(boxes);
        let status = self.status.unwrap_or(200);
        request.is_read = status == 200 && matches!(request.ask, Ask::Start(_));
        Input::Head { fetch, head: ResponseHead { status, ..ResponseHead::default() } }
    }

    fn carry_out(&mut self, effect: Effect) -> Option<String> {
        Some(match effect {
            Effect::Fetch { fetch, ask, purpose } => {
                let line = format!("fetch {fetch} {} {purpose:?}", words(ask));
                let request = Request {
                    ask,
                    purpose,
                    boxes: None,
                    at: 0,
                    end: 0,
                    sent: 0,
                    is_answered: false,
                    is_read: false,
                };
                assert!(self.requests.insert(fetch, request).is_none(), "{line}: used twice");
                line
            }
            Effect::Read { fetch } => {
                let request = self.requests.get_mut(&fetch).expect("a body to read");
                assert!(request.is_answered && !request.is_read, "one piece at a time");
                request.is_read = true;
                return None;
            }
            Effect::Cancel { fetch } => {
                self.requests.remove(&fetch).expect("a request to cancel");
                format!("cancel {fetch}")
            }
            Effect::Append { lane, epoch, what } => return self.append(lane, epoch, &what),
            Effect::RetryAppend { lane } => {
                for (epoch, bytes) in self.held.remove(&lane).unwrap_or_default() {
                    self.put(lane, epoch, bytes);
                }
                format!("retry {lane:?}")
            }
            Effect::AbortAppend { lane } => {
                self.ended = false;
                self.held.remove(&lane);
                self.acks
                    .retain(|ack| matches!(ack, Input::Evicted { .. }) || lane_of(ack) != lane);
                self.buffers.get_mut(&lane).unwrap().abort();
                format!("abort {lane:?}")
            }
            Effect::Evict { lane, span } => {
                let buffer = self.buffers.get_mut(&lane).unwrap();
                buffer.remove(span);
                self.acks.push(Input::Evicted { lane, buffered: buffer.spans.clone() });
                format!("evict {lane:?} {}-{}", span.start_ms, span.end_ms)
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
                    *buffer = TestBuffer::default();
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

    fn append(&mut self, lane: Lane, epoch: u32, what: &What) -> Option<String> {
        let cut = |from: &Range<u32>| self.piece.1[from.start as usize..from.end as usize].to_vec();
        let (bytes, line) = match what {
            What::Header(bytes) => {
                (bytes.clone(), Some(format!("append {lane:?} {}", kind_of(bytes))))
            }
            What::Part { piece, part } => {
                assert_eq!(*piece, self.piece.0);
                (cut(part), None)
            }
            What::Gather { piece, parts } => {
                assert_eq!(*piece, self.piece.0);
                (parts.iter().flat_map(cut).collect(), None)
            }
        };
        assert_eq!(bytes.len() as u64, what.len());
        self.ended = false;
        self.put(lane, epoch, bytes);
        line
    }

    fn put(&mut self, lane: Lane, epoch: u32, bytes: Vec<u8>) {
        let buffer = self.buffers.get_mut(&lane).unwrap();
        if buffer.is_full() || self.held.contains_key(&lane) {
            let held = self.held.entry(lane).or_default();
            if held.is_empty() {
                self.acks.push(Input::QuotaExceeded { lane, epoch });
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
            lane,
            epoch,
            bytes: u32::try_from(bytes.len()).unwrap(),
            buffered: buffer.spans.clone(),
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
fn words(ask: Ask) -> String {
    let query = |from| match from {
        start_index::StartPosition::Time(ms) => format!("at={ms}"),
        start_index::StartPosition::Cursor(cursor) => format!("from={:?}", cursor.numbers()),
    };
    match ask {
        Ask::Closed(range) => format!("bytes={}-{}", range.start, range.end - 1),
        Ask::Suffix(n) => format!("bytes=-{n}"),
        Ask::Start(from) => format!("start {}", query(from)),
        Ask::Headers(from) => format!("headers {}", query(from)),
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
        Effect::Fail(fault) => format!("fail: {:?} ({:?})", fault.cause, fault.place),
        other => panic!("not told, but done: {other:?}"),
    }
}

fn lane_of(ack: &Input) -> Lane {
    match ack {
        Input::Appended { lane, .. }
        | Input::QuotaExceeded { lane, .. }
        | Input::Evicted { lane, .. } => *lane,
        other => panic!("no buffer says {other:?}"),
    }
}
