//! The load generator: persistent connections, each of which requests one random range after the other.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tests::bytes::Dice;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::{sleep_until, timeout},
};

/// A server that sends nothing for so long has failed.
const READ_TIMEOUT: Duration = Duration::from_secs(20);
/// How much a slow reader reads at once. Its receive buffer has the same size, so that the rest waits
/// at the server.
const SLOW_READ_BYTES: usize = 10_000;

/// What is requested, and from which server.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) authority: String,
    pub(crate) target: String,
    /// Length of each range.
    pub(crate) length: u64,
    /// The ranges lie within so many first bytes of the film.
    pub(crate) within: u64,
}

/// The requests of one run.
#[derive(Default)]
pub(crate) struct LoadResult {
    pub(crate) seconds: f64,
    pub(crate) bytes: u64,
    /// Of each request: microseconds from its first byte to the last byte of the response, or to the
    /// first byte where readers are slow.
    pub(crate) times_us: Vec<u64>,
    pub(crate) errors: Vec<String>,
}

impl LoadResult {
    /// The 99th percentile of the times, in milliseconds.
    pub(crate) fn p99_ms(&mut self) -> f64 {
        self.times_us.sort_unstable();
        let at = (self.times_us.len() * 99 / 100).min(self.times_us.len().saturating_sub(1));
        self.times_us.get(at).copied().unwrap_or_default() as f64 / 1000.0
    }
}

/// Reads as fast as possible, on so many connections, for so long.
pub(crate) async fn fast(load: &Load, connections: u64, time: Duration) -> Result<LoadResult> {
    let start = Instant::now();
    let mut readers = JoinSet::new();
    for reader in 0..connections {
        let load = load.clone();
        readers.spawn(async move { read_fast(&load, reader, start + time).await });
    }
    let mut result = LoadResult::default();
    while let Some(reader) = readers.join_next().await {
        let (bytes, times_us) = reader??;
        result.bytes += bytes;
        result.times_us.extend(times_us);
    }
    result.seconds = start.elapsed().as_secs_f64();
    Ok(result)
}

/// The number of bytes that one connection read, and the time of each request.
async fn read_fast(load: &Load, reader: u64, end: Instant) -> Result<(u64, Vec<u64>)> {
    let mut stream = TcpStream::connect(&load.authority).await?;
    stream.set_nodelay(true)?;
    let (mut dice, mut buffer) = (Dice::new(reader), vec![0; 256 << 10]);
    let (mut bytes, mut times_us) = (0, Vec::new());
    while Instant::now() < end {
        let sent = Instant::now();
        request(&mut stream, load, &mut dice).await?;
        bytes += read_response(&mut stream, &mut buffer, load.length).await?;
        times_us.push(u64::try_from(sent.elapsed().as_micros())?);
    }
    Ok((bytes, times_us))
}

/// Reads a response, which must have this length, to its end.
async fn read_response(stream: &mut TcpStream, buffer: &mut [u8], length: u64) -> Result<u64> {
    let (announced, there) = read_head(stream, buffer).await?;
    ensure!(announced == length, "a response of {announced} bytes to a range of {length}");
    let mut left = length - there;
    while left > 0 {
        let count = timeout(READ_TIMEOUT, stream.read(buffer)).await??;
        ensure!(count > 0, "the response breaks off");
        left = left.checked_sub(count as u64).context("more bytes than Content-Length")?;
    }
    Ok(length)
}

/// Runs so many readers, each of which reads so many bytes a second, for so long.
pub(crate) async fn slow(
    load: &Load,
    readers: u64,
    bytes_per_s: u64,
    time: Duration,
) -> Result<LoadResult> {
    let start = Instant::now();
    let mut all = JoinSet::new();
    for reader in 0..readers {
        let load = load.clone();
        all.spawn(async move { read_slowly(&load, reader, bytes_per_s, time).await });
        if reader % 100 == 99 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let mut result = LoadResult::default();
    while let Some(reader) = all.join_next().await {
        match reader? {
            Ok((bytes, time_us)) => {
                result.bytes += bytes;
                result.times_us.push(time_us);
            }
            Err(error) => result.errors.push(format!("{error:#}")),
        }
    }
    result.seconds = start.elapsed().as_secs_f64();
    Ok(result)
}

/// The number of bytes that one slow reader read, and the time to the first of them.
async fn read_slowly(
    load: &Load,
    reader: u64,
    bytes_per_s: u64,
    time: Duration,
) -> Result<(u64, u64)> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(u32::try_from(SLOW_READ_BYTES)?)?;
    let mut stream = timeout(READ_TIMEOUT, socket.connect(load.authority.parse()?)).await??;
    let sent = Instant::now();
    request(&mut stream, load, &mut Dice::new(reader)).await?;
    let mut buffer = vec![0; SLOW_READ_BYTES];
    let (length, mut bytes) = read_head(&mut stream, &mut buffer).await?;
    ensure!(length == load.length, "a response of {length} bytes to a range of {}", load.length);
    let time_us = u64::try_from(sent.elapsed().as_micros())?;
    let start = tokio::time::Instant::now();
    while start.elapsed() < time && bytes < length {
        sleep_until(start + Duration::from_micros(bytes * 1_000_000 / bytes_per_s)).await;
        let most = usize::try_from(length - bytes)?.min(SLOW_READ_BYTES);
        let piece = buffer.get_mut(..most).context("a piece is no larger than the buffer")?;
        let read = timeout(READ_TIMEOUT, stream.read(piece)).await;
        let count = read.context("the server sends no more")??;
        ensure!(count > 0, "the response breaks off");
        bytes += count as u64;
    }
    // At half of the pace or less it was the server that was slow.
    let least = bytes_per_s * time.as_secs() / 2;
    ensure!(bytes >= least.min(length), "only {bytes} bytes came");
    Ok((bytes, time_us))
}

/// Requests the next random range.
async fn request(stream: &mut TcpStream, load: &Load, dice: &mut Dice) -> Result<()> {
    let Load { authority, target, length, within } = load;
    let first = dice.below(within - length + 1);
    let last = first + length - 1;
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: {authority}\r\nRange: bytes={first}-{last}\r\n\r\n"
    );
    Ok(stream.write_all(request.as_bytes()).await?)
}

/// Reads the head of a response. Returns the length of its body, and how much of that came along.
async fn read_head(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<(u64, u64)> {
    let mut filled = 0;
    loop {
        let room = buffer.get_mut(filled..).context("the head does not end")?;
        let count = timeout(READ_TIMEOUT, stream.read(room)).await.context("no response")??;
        ensure!(count > 0, "the server closed the connection");
        filled += count;
        let there = buffer.get(..filled).unwrap_or_default();
        let Some(end) = there.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(there.get(..end).unwrap_or_default()).into_owned();
        if !text.starts_with("HTTP/1.1 206") {
            bail!("the response is {}", text.lines().next().unwrap_or_default());
        }
        let length = text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_length = name.eq_ignore_ascii_case("content-length");
            is_length.then(|| value.trim().parse().ok()).flatten()
        });
        return Ok((length.context("no Content-Length")?, (filled - end - 4) as u64));
    }
}
