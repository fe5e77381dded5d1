//! A server of one file, which can also make headers of it as the edge does, and fail in many ways.

use std::collections::BTreeMap;
use std::ops::Range;

use mp4::Index;
use mp4::plan::Selection;
use mp4::start_index::{self, StartPosition, StartRequest};
use wasm_player::pipeline::{
    AppendData, BodyKind, ContentRange, HEADERS_WINDOWS, Input, Request, ResponseHead,
};

/// The server, and the requests that it has not finished.
pub(crate) struct TestServer {
    pub(crate) file: Vec<u8>,
    pub(crate) etag: u32,
    /// The status code of every response, in place of the right one.
    pub(crate) status: Option<u16>,
    /// Bytes of a body after which the connection breaks.
    pub(crate) cut_after: Option<u64>,
    /// The most bytes in one response to a range request.
    pub(crate) response_max: u64,
    /// Whether responses have `Content-Range`.
    pub(crate) has_content_range: bool,
    /// Whether the server supports `bytes=-n`.
    pub(crate) has_suffixes: bool,
    /// Pieces after which the server sends nothing more.
    pub(crate) stop_after_pieces: Option<u32>,
    /// Length of the next piece.
    pub(crate) piece_len: Box<dyn FnMut() -> usize>,
    /// The most media bytes in a `start` response.
    pub(crate) start_max: u64,
    /// Where in the file `moov` lies, of which headers are made.
    moov: Range<usize>,
    requests: BTreeMap<u32, OpenRequest>,
    /// The last piece of media: its number and its bytes.
    piece: (u32, Vec<u8>),
}

struct OpenRequest {
    request: Request,
    body_kind: BodyKind,
    /// Headers that the server made; in a `start` response the film's bytes follow them.
    boxes: Option<Vec<u8>>,
    /// Offset of the next byte, in the file or in `boxes`.
    at: u64,
    end: u64,
    sent: u64,
    is_answered: bool,
    is_read: bool,
}

impl TestServer {
    /// A server that does everything right. `moov` is its range in the file, or empty.
    pub(crate) fn new(file: &[u8], moov: Range<usize>) -> Self {
        Self {
            file: file.to_vec(),
            etag: 1,
            status: None,
            cut_after: None,
            response_max: u64::MAX,
            has_content_range: true,
            has_suffixes: true,
            stop_after_pieces: None,
            piece_len: Box::new(|| 65_536),
            start_max: u64::MAX,
            moov,
            requests: BTreeMap::new(),
            piece: (0, Vec::new()),
        }
    }

    /// Takes a request.
    pub(crate) fn fetch(&mut self, fetch_id: u32, request: Request, body_kind: BodyKind) {
        let open = OpenRequest {
            request,
            body_kind,
            boxes: None,
            at: 0,
            end: 0,
            sent: 0,
            is_answered: false,
            is_read: false,
        };
        assert!(self.requests.insert(fetch_id, open).is_none(), "fetch {fetch_id} is used twice");
    }

    /// Allows the next piece of a body.
    pub(crate) fn read(&mut self, fetch_id: u32) {
        let open = self.requests.get_mut(&fetch_id).expect("a body to read");
        assert!(open.is_answered && !open.is_read, "one piece at a time");
        open.is_read = true;
    }

    /// Drops a request.
    pub(crate) fn cancel(&mut self, fetch_id: u32) {
        self.requests.remove(&fetch_id).expect("a request to cancel");
    }

    /// Never sends the pieces that are allowed now, and keeps their connections open.
    pub(crate) fn stall(&mut self) {
        self.requests.values_mut().for_each(|open| open.is_read = false);
    }

    /// The bytes to append; those of a piece must be of the last one.
    pub(crate) fn bytes_of(&self, data: AppendData) -> Vec<u8> {
        let len = data.len();
        let (number, piece_bytes) = &self.piece;
        let cut = |part: &Range<u32>| piece_bytes[part.start as usize..part.end as usize].to_vec();
        let bytes = match data {
            AppendData::Header(bytes) => bytes,
            AppendData::Part { piece, part } => {
                assert_eq!(piece, *number);
                cut(&part)
            }
            AppendData::Gather { piece, parts } => {
                assert_eq!(piece, *number);
                parts.iter().flat_map(cut).collect()
            }
        };
        assert_eq!(bytes.len() as u64, len);
        bytes
    }

    /// What the server sends next.
    pub(crate) fn next_input(&mut self) -> Option<Input> {
        let is_ready = |(_, open): &(&u32, &OpenRequest)| !open.is_answered || open.is_read;
        let fetch_id = *self.requests.iter().find(is_ready)?.0;
        let open = self.requests.get_mut(&fetch_id)?;
        if !open.is_answered {
            open.is_answered = true;
            return Some(self.respond(fetch_id));
        }
        if let Some(boxes) = open.boxes.take_if(|_| matches!(open.request, Request::Start(_))) {
            open.is_read = false;
            return Some(Input::StartBoxes { fetch_id, boxes, media_bytes: open.end - open.at });
        }
        if self.stop_after_pieces == Some(0) {
            return None;
        }
        open.is_read = false;
        Some(self.go_on(fetch_id))
    }

    /// The next piece of a body, or its end.
    fn go_on(&mut self, fetch_id: u32) -> Input {
        let open = &self.requests[&fetch_id];
        let left = usize::try_from(open.end - open.at).unwrap();
        if self.cut_after.is_some_and(|after| open.sent >= after) {
            self.requests.remove(&fetch_id);
            return Input::FetchFailed { fetch_id };
        }
        if left == 0 {
            self.requests.remove(&fetch_id);
            return Input::BodyEnded { fetch_id };
        }
        let mut len = (self.piece_len)().clamp(1, left);
        if let Some(after) = self.cut_after {
            len = len.min(usize::try_from(after - open.sent).unwrap());
        }
        self.send_piece(fetch_id, len)
    }

    fn send_piece(&mut self, fetch_id: u32, len: usize) -> Input {
        let open = self.requests.get_mut(&fetch_id).unwrap();
        let at = usize::try_from(open.at).unwrap();
        let body = open.boxes.as_deref().unwrap_or(&self.file);
        let bytes = body[at..at + len].to_vec();
        open.at += len as u64;
        open.sent += len as u64;
        self.stop_after_pieces = self.stop_after_pieces.map(|n| n - 1);
        if open.body_kind == BodyKind::Index {
            return Input::IndexBytes { fetch_id, bytes };
        }
        self.piece = (self.piece.0 + 1, bytes);
        Input::MediaBytes { fetch_id, piece: self.piece.0, len: u32::try_from(len).unwrap() }
    }

    fn respond(&mut self, fetch_id: u32) -> Input {
        let total = self.file.len() as u64;
        match self.requests[&fetch_id].request {
            Request::Range(range) => self.send_range(fetch_id, range.start, range.end.min(total)),
            Request::Suffix(_) if !self.has_suffixes => self.send_range(fetch_id, 0, 0),
            Request::Suffix(n) => self.send_range(fetch_id, total.saturating_sub(n), total),
            Request::Start(from) => self.send_headers(fetch_id, from, 1),
            Request::Headers(from) => self.send_headers(fetch_id, from, HEADERS_WINDOWS),
        }
    }

    fn send_range(&mut self, fetch_id: u32, start: u64, end: u64) -> Input {
        let total = self.file.len() as u64;
        let open = self.requests.get_mut(&fetch_id).unwrap();
        let end = end.min(start.saturating_add(self.response_max));
        (open.at, open.end) = (start, end);
        let is_refused = matches!(open.request, Request::Suffix(_)) && !self.has_suffixes;
        let status = self.status.unwrap_or(if start < end { 206 } else { 416 });
        let range = (status == 206).then_some(mp4::ByteRange { start, end });
        let content_range = (matches!(status, 206 | 416) && self.has_content_range)
            .then_some(ContentRange { range, total: Some(total).filter(|_| !is_refused) });
        if status == 200 {
            (open.at, open.end) = (0, total);
        }
        let length = match status {
            200 => Some(total),
            _ => range.map(|range| range.len()),
        };
        let validator = Some(self.etag);
        let head = ResponseHead { status, content_range, length, validator, retry_after_ms: None };
        Input::Head { fetch_id, head }
    }

    /// Sends headers, and behind those of a `start` response the bytes of its first range.
    fn send_headers(&mut self, fetch_id: u32, from: StartPosition, count: u32) -> Input {
        let index = Index::parse(&self.file[self.moov.clone()]).unwrap();
        let selection = Selection { video: index.default_video(), audio: index.default_audio() };
        let request = StartRequest { selection, from, span_ms: 10_000, count };
        let start = start_index::plan_from_moov(&index, request).unwrap();
        let range = start.windows.first().map(|window| window.fetches[0].range);
        let boxes = start_index::encode(&start);
        let open = self.requests.get_mut(&fetch_id).unwrap();
        (open.at, open.end) = match (open.request, range) {
            (Request::Start(_), Some(range)) => {
                (range.start, range.end.min(range.start.saturating_add(self.start_max)))
            }
            (Request::Start(_), None) => (0, 0),
            _ => (0, boxes.len() as u64),
        };
        open.boxes = Some(boxes);
        let status = self.status.unwrap_or(200);
        open.is_read = status == 200 && matches!(open.request, Request::Start(_));
        Input::Head { fetch_id, head: ResponseHead { status, ..ResponseHead::default() } }
    }
}
