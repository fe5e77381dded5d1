//! A provider of films on this machine, as good or as wicked as a test wants it.

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
use mp4::film::Film;

use crate::{bytes, fixture};

/// Length of its film, whatever the name; but for `clip`, which is that of the fixture.
pub const SIZE: u64 = 8 * 1024 * 1024 + 77;
/// Its picture, which is no film.
pub const PICTURE: &str = "poster.png";
/// The film under this name is the same, but for three box headers: its `moov` comes last.
pub const LATE: &str = "late.mp4";
/// Seed of the film's content.
pub const SEED: u64 = 77;

/// What it does with a request for the film.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultMode {
    /// As it should.
    Good,
    /// All of the film, whatever is asked for.
    Whole,
    /// Other bytes than it says, and not those asked for.
    Beside,
    /// A body that ends early.
    Short,
    /// A body that goes on.
    Long,
    /// Another film under the same name.
    Changed,
    /// Every second connection is closed in the middle.
    Cut,
    /// Every second connection is reset in the middle.
    Reset,
    /// Half of the bytes, then 403 to who comes back.
    Spent,
    /// Half of the bytes, then nothing.
    Stalled,
    /// No answer.
    Silent,
    /// A byte now and then.
    Slow,
    /// 403.
    Refused,
    /// A redirect to this machine, where nobody may be asked.
    Inward,
    /// A redirect to the next of the places that it leads to, by way of itself.
    Leading,
    /// A coding on ranges.
    Coded,
    /// No length.
    Endless,
    /// 429, every second time.
    Busy,
}

/// A running provider. Its threads end with the process.
#[derive(Debug)]
pub struct Upstream {
    /// `http://127.0.0.1:port`.
    pub origin: String,
    state: Arc<State>,
    trespassers: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct State {
    /// What it has in place of its film, with nothing but zeros for pictures and sound.
    film: Option<Film>,
    mode: Mutex<FaultMode>,
    asked: AtomicUsize,
    /// Where it leads to; without that, an origin of this machine that is on no list.
    leads: Mutex<Vec<String>>,
    /// How many chains were begun, and how many of them went to their end.
    begun: AtomicUsize,
    led: AtomicUsize,
}

impl Upstream {
    /// Begins to listen.
    pub fn start() -> Result<Self> {
        Self::begin(None)
    }

    /// One that has this film, whatever the name, with nothing but zeros for pictures and sound.
    pub fn of(film: Film) -> Result<Self> {
        Self::begin(Some(film))
    }

    fn begin(film: Option<Film>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let inner = TcpListener::bind("127.0.0.1:0")?;
        let origin = format!("http://{}", listener.local_addr()?);
        let state = Arc::new(State {
            film,
            mode: Mutex::new(FaultMode::Good),
            asked: AtomicUsize::new(0),
            leads: Mutex::new(vec![format!("http://{}/film", inner.local_addr()?)]),
            begun: AtomicUsize::new(0),
            led: AtomicUsize::new(0),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let number = shared.asked.fetch_add(1, Ordering::SeqCst);
                let mode = shared.mode.lock().map_or(FaultMode::Silent, |mode| *mode);
                let state = Arc::clone(&shared);
                // What the client no longer wants is no concern of anybody.
                thread::spawn(move || drop(answer(&stream, mode, number, &state)));
            }
        });
        let trespassers = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&trespassers);
        thread::spawn(move || {
            for stream in inner.incoming() {
                drop(stream);
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Ok(Self { origin, state, trespassers })
    }

    /// The setting `providers` that names it, `one`, and nobody else; its films keep `Cache-Tag`.
    pub fn providers(&self) -> String {
        let origin = &self.origin;
        format!(
            "[{{\"id\": \"one\", \"origins\": [\"{origin}\"], \"bases\": [\"{origin}/films/\"], \
             \"private\": true, \"fields\": [\"cache-tag\"]}}]"
        )
    }

    /// What it does from now on.
    pub fn set(&self, mode: FaultMode) {
        if let Ok(mut now) = self.state.mode.lock() {
            *now = mode;
        }
    }

    /// Where it leads to from now on, by one to four redirects.
    pub fn lead(&self, to: Vec<String>) {
        if let Ok(mut leads) = self.state.leads.lock() {
            *leads = to;
        }
    }

    /// How many chains of redirects went to their end.
    pub fn led(&self) -> usize {
        self.state.led.load(Ordering::SeqCst)
    }

    /// How many requests came so far.
    pub fn asked(&self) -> usize {
        self.state.asked.load(Ordering::SeqCst)
    }

    /// How many connections came where none may.
    pub fn trespassers(&self) -> usize {
        self.trespassers.load(Ordering::SeqCst)
    }
}

fn answer(mut stream: &TcpStream, mode: FaultMode, number: usize, state: &State) -> Result<()> {
    let head = head_of(stream)?;
    // A connection that is closed with bytes unread is reset.
    let is_reset = mode == FaultMode::Reset && number.is_multiple_of(2);
    if !is_reset {
        stream.read_exact(&mut vec![0; head.len()])?;
    }
    let asked = asked_for(&head, state.film.as_ref())?;
    let body = body_of(&asked, state.film.as_ref())?;
    let Asked { path, seed, size, start, end } = asked;
    let length = end - start;
    let part = |start: u64, more: &str| {
        let last = start + length - 1;
        format!(
            "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nConnection: close\r\n\
             Cache-Tag: films\r\nX-Its-Own: 1\r\n\
             Content-Range: bytes {start}-{last}/{size}\r\n{more}\r\n"
        )
    };
    let good = part(start, &format!("Content-Length: {length}\r\n"));
    let mut out = stream;
    let (first_half, rest) = body.split_at(body.len() / 2);
    match mode {
        FaultMode::Whole => whole(out, seed, size)?,
        FaultMode::Beside => {
            let head = part(start + 1, &format!("Content-Length: {length}\r\n"));
            out.write_all(&[head.as_bytes(), &body].concat())?;
        }
        FaultMode::Short => out.write_all(&[good.as_bytes(), first_half].concat())?,
        FaultMode::Long => out.write_all(&[good.as_bytes(), &body, &[0xee; 4096]].concat())?,
        FaultMode::Changed => {
            let head = good.replace("\"v1\"", "\"v2\"");
            let other: Vec<u8> = body.iter().map(|byte| !byte).collect();
            out.write_all(&[head.as_bytes(), &other].concat())?;
        }
        FaultMode::Cut | FaultMode::Reset | FaultMode::Spent if number.is_multiple_of(2) => {
            out.write_all(&[good.as_bytes(), first_half].concat())?;
        }
        FaultMode::Stalled => {
            out.write_all(&[good.as_bytes(), first_half].concat())?;
            thread::sleep(Duration::from_mins(2));
        }
        FaultMode::Silent => thread::sleep(Duration::from_mins(2)),
        FaultMode::Slow => {
            out.write_all(good.as_bytes())?;
            for byte in rest {
                out.write_all(&[*byte])?;
                thread::sleep(Duration::from_millis(200));
            }
        }
        FaultMode::Refused | FaultMode::Spent => out.write_all(&empty("403 Forbidden", ""))?,
        FaultMode::Inward | FaultMode::Leading => {
            let location = next_place(&path, mode, state)?;
            out.write_all(&empty("302 Found", &format!("Location: {location}\r\n")))?;
        }
        FaultMode::Coded => {
            let more = format!("Content-Length: {length}\r\nContent-Encoding: gzip\r\n");
            out.write_all(&[part(start, &more).as_bytes(), &body].concat())?;
        }
        FaultMode::Endless => out.write_all(&[part(start, "").as_bytes(), &body].concat())?,
        FaultMode::Busy if number.is_multiple_of(2) => {
            out.write_all(&empty("429 Too Many Requests", "Retry-After: 1\r\n"))?;
        }
        FaultMode::Good | FaultMode::Cut | FaultMode::Reset | FaultMode::Busy => {
            out.write_all(&[good.as_bytes(), &body].concat())?;
        }
    }
    Ok(())
}

/// The bytes that are asked for.
fn body_of(asked: &Asked, film: Option<&Film>) -> Result<Vec<u8>> {
    let Asked { path, seed, start, end, .. } = asked;
    let length = usize::try_from(end - start)?;
    if path.ends_with(PICTURE) {
        return Ok(fixture::PNG.iter().skip(usize::try_from(*start)?).copied().collect());
    }
    if let Some(film) = film {
        return Ok(part_of(film, *start, length));
    }
    let mut body = bytes::content(*seed, *start, length);
    if path.ends_with(LATE) {
        late(&mut body, *start);
    }
    Ok(body)
}

fn whole(mut out: &TcpStream, seed: u64, size: u64) -> Result<()> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n"
    );
    out.write_all(head.as_bytes())?;
    Ok(bytes::write(&mut out, seed, size)?)
}

fn empty(status: &str, more: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n{more}\r\n")
        .into_bytes()
}

/// Where a redirect leads: chain number `n` to the place of that number, in `1 + n % 4` steps.
fn next_place(path: &str, mode: FaultMode, state: &State) -> Result<String> {
    let leads = state.leads.lock().map_err(|_| anyhow::anyhow!("another thread panicked"))?;
    let (left, chain) = match path.strip_prefix("/hop/").and_then(|rest| rest.split_once('/')) {
        Some((left, chain)) => (left.parse::<usize>()?, chain.parse::<usize>()?),
        None if mode == FaultMode::Inward => (0, 0),
        None => {
            let chain = state.begun.fetch_add(1, Ordering::SeqCst);
            (chain % 4, chain)
        }
    };
    if left > 0 {
        return Ok(format!("/hop/{}/{chain}", left - 1));
    }
    state.led.fetch_add(1, Ordering::SeqCst);
    leads.get(chain % leads.len()).cloned().context("it leads nowhere")
}

/// Writes the box headers of [`LATE`] into bytes of the film from `start` on: `ftyp`, all but the end in `mdat`, then `moov`.
pub fn late(body: &mut [u8], start: u64) {
    const MOOV_BYTES: u32 = 300_000;
    let moov_at = SIZE - u64::from(MOOV_BYTES);
    let mdat_bytes = u32::try_from(moov_at - 16).unwrap_or(u32::MAX);
    let boxes = [(0, 16, b"ftyp"), (16, mdat_bytes, b"mdat"), (moov_at, MOOV_BYTES, b"moov")];
    for (at, length, kind) in boxes {
        for (n, byte) in (at..).zip(length.to_be_bytes().into_iter().chain(*kind)) {
            let place = n.checked_sub(start).and_then(|n| usize::try_from(n).ok());
            if let Some(there) = place.and_then(|n| body.get_mut(n)) {
                *there = byte;
            }
        }
    }
}

/// Bytes of a film whose pictures and sound are zeros.
fn part_of(film: &Film, start: u64, length: usize) -> Vec<u8> {
    let tail_at = film.size_bytes() - film.tail.len() as u64;
    let byte = |at: u64| match at.checked_sub(tail_at) {
        Some(at) => usize::try_from(at).ok().and_then(|at| film.tail.get(at)),
        None => usize::try_from(at).ok().and_then(|at| film.head.get(at)),
    };
    (start..).take(length).map(|at| byte(at).copied().unwrap_or(0)).collect()
}

/// Which bytes, and of what.
struct Asked {
    path: String,
    seed: u64,
    size: u64,
    start: u64,
    end: u64,
}

/// The head of a request, which stays unread.
fn head_of(stream: &TcpStream) -> Result<Vec<u8>> {
    let mut bytes = vec![0; 16 << 10];
    loop {
        let count = stream.peek(&mut bytes)?;
        let there = bytes.get(..count).unwrap_or_default();
        if there.ends_with(b"\r\n\r\n") {
            return Ok(there.to_vec());
        }
        anyhow::ensure!(count > 0, "no request");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Reads a request: the bytes that it wants.
fn asked_for(head: &[u8], film: Option<&Film>) -> Result<Asked> {
    let head = std::str::from_utf8(head)?;
    let path = head.split_whitespace().nth(1).context("no path")?.to_owned();
    let (seed, size) = match path.rsplit('/').next() {
        Some("clip") => (fixture::CLIP_SEED, fixture::CLIP_BYTES as u64),
        Some(PICTURE) => (SEED, fixture::PNG.len() as u64),
        Some(_) | None => (SEED, film.map_or(SIZE, Film::size_bytes)),
    };
    let mut asked = Asked { path, seed, size, start: 0, end: size };
    for line in head.lines().map(str::to_ascii_lowercase) {
        if let Some(spec) = line.strip_prefix("range: bytes=") {
            let (first, last) = spec.split_once('-').context("a closed range")?;
            asked.start = first.parse()?;
            asked.end = (last.parse::<u64>()? + 1).min(size);
        }
    }
    Ok(asked)
}
