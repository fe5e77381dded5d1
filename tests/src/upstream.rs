//! A provider of films on this machine. A test sets how it fails.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result};
use mp4::synth::SynthFile;

use crate::bytes;

/// Length of its film under every name but `clip`, which has the length of the fixture's clip.
pub const FILM_BYTES: u64 = 8 * 1024 * 1024 + 77;
/// Seed of the film's content.
pub const FILM_SEED: u64 = 77;
/// Name of its picture, which is no film.
pub const PICTURE: &str = "poster.png";
/// Under this name the film has three box headers, of which `moov` comes last.
pub const MOOV_LAST: &str = "late.mp4";

/// What the provider does with a request for the film.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultMode {
    /// Sends the range that was requested.
    Healthy,
    /// Sends the whole film (200) whatever the range.
    IgnoresRange,
    /// Sends another range than requested, and other bytes than its `Content-Range` says.
    WrongRange,
    /// Ends the body early.
    TruncatedBody,
    /// Sends more bytes than `Content-Length` says.
    OverlongBody,
    /// Sends another film under the same name, with another `ETag`.
    ChangedFile,
    /// Closes every second connection in the middle of the body.
    ClosesMidway,
    /// Resets every second connection in the middle of the body.
    ResetsMidway,
    /// Sends half of the bytes, then 403 to the next request.
    ExpiresMidway,
    /// Sends half of the bytes, then nothing.
    StallsMidway,
    /// Sends no response.
    NeverResponds,
    /// Sends a byte every 200 ms.
    Trickles,
    /// 403.
    Forbidden,
    /// Redirects to an address of this machine, which no provider may use.
    RedirectsInward,
    /// Redirects to the next of the targets of [`Upstream::redirect_to`], by way of itself.
    RedirectChains,
    /// Sends a range with `Content-Encoding`.
    ContentEncoding,
    /// Sends no `Content-Length`.
    NoContentLength,
    /// 429 to every second request.
    TooManyRequests,
}

/// A running provider. Its threads end with the process.
#[derive(Debug)]
pub struct Upstream {
    /// `http://127.0.0.1:port`.
    pub origin: String,
    state: Arc<State>,
    forbidden_connections: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct State {
    /// The film that takes the place of its own. Its media bytes are zeros.
    film: Option<SynthFile>,
    fault_mode: Mutex<FaultMode>,
    requests: AtomicUsize,
    redirect_targets: Mutex<Vec<String>>,
    /// How many chains of redirects began, and how many reached their target.
    chains_begun: AtomicUsize,
    chains_finished: AtomicUsize,
}

impl Upstream {
    /// Starts a provider of the film that [`FILM_SEED`] names.
    pub fn start() -> Result<Self> {
        Self::listen(None)
    }

    /// Starts a provider of this film, whatever the name. Its media bytes are zeros.
    pub fn with_film(film: SynthFile) -> Result<Self> {
        Self::listen(Some(film))
    }

    fn listen(film: Option<SynthFile>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        // An origin of this machine that is on no provider's list.
        let forbidden = TcpListener::bind("127.0.0.1:0")?;
        let origin = format!("http://{}", listener.local_addr()?);
        let state = Arc::new(State {
            film,
            fault_mode: Mutex::new(FaultMode::Healthy),
            requests: AtomicUsize::new(0),
            redirect_targets: Mutex::new(vec![format!("http://{}/film", forbidden.local_addr()?)]),
            chains_begun: AtomicUsize::new(0),
            chains_finished: AtomicUsize::new(0),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || serve(&listener, &shared));
        let forbidden_connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&forbidden_connections);
        thread::spawn(move || {
            for stream in forbidden.incoming() {
                drop(stream);
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Ok(Self { origin, state, forbidden_connections })
    }

    /// The setting `providers` with this provider, `one`, and no other. Its films keep `Cache-Tag`.
    pub fn providers(&self) -> String {
        let origin = &self.origin;
        format!(
            "[{{\"id\": \"one\", \"origins\": [\"{origin}\"], \"bases\": [\"{origin}/films/\"], \
             \"private\": true, \"fields\": [\"cache-tag\"]}}]"
        )
    }

    /// Sets what the provider does from now on.
    pub fn set_fault_mode(&self, fault_mode: FaultMode) {
        if let Ok(mut current) = self.state.fault_mode.lock() {
            *current = fault_mode;
        }
    }

    /// Sets where [`FaultMode::RedirectChains`] leads, by one to four redirects.
    pub fn redirect_to(&self, targets: Vec<String>) {
        if let Ok(mut current) = self.state.redirect_targets.lock() {
            *current = targets;
        }
    }

    /// How many chains of redirects reached their target.
    pub fn finished_redirect_chains(&self) -> usize {
        self.state.chains_finished.load(Ordering::SeqCst)
    }

    /// How many requests came so far.
    pub fn request_count(&self) -> usize {
        self.state.requests.load(Ordering::SeqCst)
    }

    /// How many connections came to the origin to which no redirect may go.
    pub fn forbidden_connections(&self) -> usize {
        self.forbidden_connections.load(Ordering::SeqCst)
    }
}

fn serve(listener: &TcpListener, state: &Arc<State>) {
    for stream in listener.incoming().flatten() {
        let number = state.requests.fetch_add(1, Ordering::SeqCst);
        let mode = state.fault_mode.lock().map_or(FaultMode::NeverResponds, |mode| *mode);
        let state = Arc::clone(state);
        // An error is a client that went away.
        thread::spawn(move || drop(respond(&stream, mode, number, &state)));
    }
}

/// Answers the request of this number on a connection of its own.
fn respond(mut stream: &TcpStream, mode: FaultMode, number: usize, state: &State) -> Result<()> {
    let head = peek_head(stream)?;
    let is_every_second = number.is_multiple_of(2);
    // A connection that is closed with bytes unread is reset.
    if mode != FaultMode::ResetsMidway || !is_every_second {
        stream.read_exact(&mut vec![0; head.len()])?;
    }
    let request = FilmRequest::parse(&head, state.film.as_ref())?;
    let range = RangeResponse { body: request.body(state.film.as_ref())?, request: &request };
    let mut out = stream;
    match mode {
        FaultMode::IgnoresRange => return send_whole(out, request.seed, request.size),
        FaultMode::NeverResponds => thread::sleep(Duration::from_mins(2)),
        FaultMode::Trickles => return range.trickle(out),
        FaultMode::Forbidden => out.write_all(&without_body("403 Forbidden", ""))?,
        FaultMode::ExpiresMidway if !is_every_second => {
            out.write_all(&without_body("403 Forbidden", ""))?;
        }
        FaultMode::RedirectsInward | FaultMode::RedirectChains => {
            let location = redirect_target(&request.path, mode, state)?;
            out.write_all(&without_body("302 Found", &format!("Location: {location}\r\n")))?;
        }
        FaultMode::TooManyRequests if is_every_second => {
            out.write_all(&without_body("429 Too Many Requests", "Retry-After: 1\r\n"))?;
        }
        FaultMode::StallsMidway => {
            out.write_all(&range.first_half())?;
            thread::sleep(Duration::from_mins(2));
        }
        FaultMode::ClosesMidway | FaultMode::ResetsMidway | FaultMode::ExpiresMidway
            if is_every_second =>
        {
            out.write_all(&range.first_half())?;
        }
        FaultMode::Healthy
        | FaultMode::WrongRange
        | FaultMode::TruncatedBody
        | FaultMode::OverlongBody
        | FaultMode::ChangedFile
        | FaultMode::ClosesMidway
        | FaultMode::ResetsMidway
        | FaultMode::ExpiresMidway
        | FaultMode::ContentEncoding
        | FaultMode::NoContentLength
        | FaultMode::TooManyRequests => out.write_all(&range.bytes(mode))?,
    }
    Ok(())
}

/// A 206 with the bytes of a request.
struct RangeResponse<'a> {
    request: &'a FilmRequest,
    body: Vec<u8>,
}

impl RangeResponse<'_> {
    /// The right response, but for what the fault mode changes.
    fn bytes(&self, mode: FaultMode) -> Vec<u8> {
        let mut body = self.body.clone();
        if mode == FaultMode::TruncatedBody {
            body.truncate(body.len() / 2);
        } else if mode == FaultMode::OverlongBody {
            body.extend([0xee; 4096]);
        } else if mode == FaultMode::ChangedFile {
            for byte in &mut body {
                *byte = !*byte;
            }
        }
        [self.head(mode).as_bytes(), &body].concat()
    }

    fn head(&self, mode: FaultMode) -> String {
        let length = self.body.len();
        let start = self.request.start + u64::from(mode == FaultMode::WrongRange);
        let (last, size) = (start + length as u64 - 1, self.request.size);
        let etag = if mode == FaultMode::ChangedFile { "v2" } else { "v1" };
        let length = if mode == FaultMode::NoContentLength {
            String::new()
        } else {
            format!("Content-Length: {length}\r\n")
        };
        let encoding =
            if mode == FaultMode::ContentEncoding { "Content-Encoding: gzip\r\n" } else { "" };
        format!(
            "HTTP/1.1 206 Partial Content\r\nETag: \"{etag}\"\r\nConnection: close\r\n\
             Cache-Tag: films\r\nX-Its-Own: 1\r\n\
             Content-Range: bytes {start}-{last}/{size}\r\n{length}{encoding}\r\n"
        )
    }

    fn first_half(&self) -> Vec<u8> {
        self.bytes(FaultMode::TruncatedBody)
    }

    /// Sends the second half of the body, byte by byte.
    fn trickle(&self, mut out: &TcpStream) -> Result<()> {
        out.write_all(self.head(FaultMode::Healthy).as_bytes())?;
        for byte in self.body.iter().skip(self.body.len() / 2) {
            out.write_all(&[*byte])?;
            thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }
}

fn send_whole(mut out: &TcpStream, seed: u64, size: u64) -> Result<()> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n"
    );
    out.write_all(head.as_bytes())?;
    Ok(bytes::write(&mut out, seed, size)?)
}

fn without_body(status: &str, fields: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n{fields}\r\n")
        .into_bytes()
}

/// The `Location` of a redirect. Chain number `n` leads to the target of that number in `1 + n % 4`
/// redirects.
fn redirect_target(path: &str, mode: FaultMode, state: &State) -> Result<String> {
    let targets =
        state.redirect_targets.lock().map_err(|_| anyhow::anyhow!("another thread panicked"))?;
    let (left, chain) = match path.strip_prefix("/hop/").and_then(|rest| rest.split_once('/')) {
        Some((left, chain)) => (left.parse::<usize>()?, chain.parse::<usize>()?),
        None if mode == FaultMode::RedirectsInward => (0, 0),
        None => {
            let chain = state.chains_begun.fetch_add(1, Ordering::SeqCst);
            (chain % 4, chain)
        }
    };
    if left > 0 {
        return Ok(format!("/hop/{}/{chain}", left - 1));
    }
    state.chains_finished.fetch_add(1, Ordering::SeqCst);
    targets.get(chain % targets.len()).cloned().context("there are no redirect targets")
}

/// Writes the box headers of [`MOOV_LAST`] into bytes of the film from `start` on: `ftyp`, then
/// `mdat`, then `moov` at the end.
pub fn write_moov_last_headers(body: &mut [u8], start: u64) {
    const MOOV_BYTES: u32 = 300_000;
    let moov_at = FILM_BYTES - u64::from(MOOV_BYTES);
    let mdat_bytes = u32::try_from(moov_at - 16).unwrap_or(u32::MAX);
    let boxes = [(0, 16, b"ftyp"), (16, mdat_bytes, b"mdat"), (moov_at, MOOV_BYTES, b"moov")];
    for (at, length, kind) in boxes {
        for (n, byte) in (at..).zip(length.to_be_bytes().into_iter().chain(*kind)) {
            let index = n.checked_sub(start).and_then(|n| usize::try_from(n).ok());
            if let Some(target) = index.and_then(|index| body.get_mut(index)) {
                *target = byte;
            }
        }
    }
}

/// Bytes of a film whose media bytes are zeros.
fn bytes_of(film: &SynthFile, start: u64, length: usize) -> Vec<u8> {
    let tail_at = film.size_bytes() - film.tail.len() as u64;
    let byte = |at: u64| match at.checked_sub(tail_at) {
        Some(at) => usize::try_from(at).ok().and_then(|at| film.tail.get(at)),
        None => usize::try_from(at).ok().and_then(|at| film.head.get(at)),
    };
    (start..).take(length).map(|at| byte(at).copied().unwrap_or(0)).collect()
}

/// The bytes of a request's range.
struct FilmRequest {
    path: String,
    seed: u64,
    size: u64,
    start: u64,
    end: u64,
}

impl FilmRequest {
    fn parse(head: &[u8], film: Option<&SynthFile>) -> Result<Self> {
        let head = std::str::from_utf8(head)?;
        let path = head.split_whitespace().nth(1).context("no path")?.to_owned();
        let (seed, size) = match path.rsplit('/').next() {
            Some("clip") => (bytes::CLIP_SEED, bytes::CLIP_BYTES as u64),
            Some(PICTURE) => (FILM_SEED, bytes::PNG.len() as u64),
            Some(_) | None => (FILM_SEED, film.map_or(FILM_BYTES, SynthFile::size_bytes)),
        };
        let mut request = Self { path, seed, size, start: 0, end: size };
        for line in head.lines().map(str::to_ascii_lowercase) {
            if let Some(spec) = line.strip_prefix("range: bytes=") {
                let (first, last) = spec.split_once('-').context("a closed range")?;
                request.start = first.parse()?;
                request.end = (last.parse::<u64>()? + 1).min(size);
            }
        }
        Ok(request)
    }

    fn body(&self, film: Option<&SynthFile>) -> Result<Vec<u8>> {
        let length = usize::try_from(self.end - self.start)?;
        if self.path.ends_with(PICTURE) {
            let start = usize::try_from(self.start)?;
            return Ok(bytes::PNG.iter().skip(start).take(length).copied().collect());
        }
        if let Some(film) = film {
            return Ok(bytes_of(film, self.start, length));
        }
        let mut body = bytes::content(self.seed, self.start, length);
        if self.path.ends_with(MOOV_LAST) {
            write_moov_last_headers(&mut body, self.start);
        }
        Ok(body)
    }
}

/// The head of a request. Its bytes stay unread.
fn peek_head(stream: &TcpStream) -> Result<Vec<u8>> {
    let mut bytes = vec![0; 16 << 10];
    loop {
        let count = stream.peek(&mut bytes)?;
        let peeked = bytes.get(..count).unwrap_or_default();
        if peeked.ends_with(b"\r\n\r\n") {
            return Ok(peeked.to_vec());
        }
        anyhow::ensure!(count > 0, "the client closed before it sent a request");
        thread::sleep(Duration::from_millis(1));
    }
}
