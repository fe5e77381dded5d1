//! The load: connections that stay, each asking for one random range after the other.

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
const SILENCE_MAX: Duration = Duration::from_secs(20);
/// What a slow reader takes at once; with a receive buffer of this size, the rest waits at the
/// server.
const SIP_BYTES: usize = 10_000;

/// Whom to ask for what.
#[derive(Clone)]
pub(crate) struct Aim {
    pub(crate) authority: String,
    pub(crate) target: String,
    /// Bytes of each range, and of what they lie in.
    pub(crate) length: u64,
    pub(crate) within: u64,
}

/// How it went.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) seconds: f64,
    pub(crate) bytes: u64,
    /// Of each request, from its first byte to the last of its answer, in microseconds.
    pub(crate) times_us: Vec<u64>,
    pub(crate) errors: Vec<String>,
}

impl Outcome {
    /// Requests of this time or less are 99 of 100, in milliseconds.
    pub(crate) fn p99_ms(&mut self) -> f64 {
        self.times_us.sort_unstable();
        let at = (self.times_us.len() * 99 / 100).min(self.times_us.len().saturating_sub(1));
        self.times_us.get(at).copied().unwrap_or_default() as f64 / 1000.0
    }
}

/// As fast as it goes, on so many connections, for so long.
pub(crate) async fn fast(aim: &Aim, connections: u64, time: Duration) -> Result<Outcome> {
    let begun = Instant::now();
    let mut readers = JoinSet::new();
    for reader in 0..connections {
        let aim = aim.clone();
        readers.spawn(async move {
            let mut stream = TcpStream::connect(&aim.authority).await?;
            stream.set_nodelay(true)?;
            let (mut dice, mut buffer) = (Dice::new(reader), vec![0; 256 << 10]);
            let (mut bytes, mut times_us) = (0, Vec::new());
            while begun.elapsed() < time {
                let asked = Instant::now();
                ask(&mut stream, &aim, &mut dice).await?;
                let (mut left, there) = head(&mut stream, &mut buffer).await?;
                ensure!(left == aim.length, "{left} bytes come for {}", aim.length);
                bytes += left;
                left -= there;
                while left > 0 {
                    let count = timeout(SILENCE_MAX, stream.read(&mut buffer)).await??;
                    ensure!(count > 0, "an answer breaks off");
                    left = left.checked_sub(count as u64).context("more than was asked for")?;
                }
                times_us.push(u64::try_from(asked.elapsed().as_micros())?);
            }
            anyhow::Ok((bytes, times_us))
        });
    }
    let mut outcome = Outcome::default();
    while let Some(reader) = readers.join_next().await {
        let (bytes, times_us) = reader??;
        outcome.bytes += bytes;
        outcome.times_us.extend(times_us);
    }
    outcome.seconds = begun.elapsed().as_secs_f64();
    Ok(outcome)
}

/// So many readers at so many bytes a second, for so long; their times are those of the first byte.
pub(crate) async fn slow(aim: &Aim, readers: u64, rate: u64, time: Duration) -> Result<Outcome> {
    let begun = Instant::now();
    let mut all = JoinSet::new();
    for reader in 0..readers {
        let aim = aim.clone();
        all.spawn(async move { sip(&aim, reader, rate, time).await });
        if reader % 100 == 99 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let mut outcome = Outcome::default();
    while let Some(reader) = all.join_next().await {
        match reader? {
            Ok((bytes, time_us)) => {
                outcome.bytes += bytes;
                outcome.times_us.push(time_us);
            }
            Err(error) => outcome.errors.push(format!("{error:#}")),
        }
    }
    outcome.seconds = begun.elapsed().as_secs_f64();
    Ok(outcome)
}

async fn sip(aim: &Aim, reader: u64, rate: u64, time: Duration) -> Result<(u64, u64)> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(u32::try_from(SIP_BYTES)?)?;
    let mut stream = timeout(SILENCE_MAX, socket.connect(aim.authority.parse()?)).await??;
    let asked = Instant::now();
    ask(&mut stream, aim, &mut Dice::new(reader)).await?;
    let mut buffer = vec![0; SIP_BYTES];
    let (length, mut bytes) = head(&mut stream, &mut buffer).await?;
    ensure!(length == aim.length, "{length} bytes come for {}", aim.length);
    let time_us = u64::try_from(asked.elapsed().as_micros())?;
    let begun = tokio::time::Instant::now();
    while begun.elapsed() < time && bytes < length {
        sleep_until(begun + Duration::from_micros(bytes * 1_000_000 / rate)).await;
        let most = usize::try_from(length - bytes)?.min(SIP_BYTES);
        let sip = buffer.get_mut(..most).context("a sip is no larger than that")?;
        let read = timeout(SILENCE_MAX, stream.read(sip)).await;
        let count = read.context("nothing comes any more")??;
        ensure!(count > 0, "an answer breaks off");
        bytes += count as u64;
    }
    // At half of the pace or less it was the server that was slow.
    let least = rate * time.as_secs() / 2;
    ensure!(bytes >= least.min(length), "only {bytes} bytes came");
    Ok((bytes, time_us))
}

async fn ask(stream: &mut TcpStream, aim: &Aim, dice: &mut Dice) -> Result<()> {
    let Aim { authority, target, length, within } = aim;
    let first = dice.below(within - length + 1);
    let last = first + length - 1;
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: {authority}\r\nRange: bytes={first}-{last}\r\n\r\n"
    );
    Ok(stream.write_all(request.as_bytes()).await?)
}

/// The head of an answer: how long its body is, and how much of it came along.
async fn head(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<(u64, u64)> {
    let mut filled = 0;
    loop {
        let room = buffer.get_mut(filled..).context("a head without end")?;
        let count = timeout(SILENCE_MAX, stream.read(room)).await.context("no answer")??;
        ensure!(count > 0, "no answer, but an end");
        filled += count;
        let there = buffer.get(..filled).unwrap_or_default();
        let Some(end) = there.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(there.get(..end).unwrap_or_default()).into_owned();
        if !text.starts_with("HTTP/1.1 206") {
            bail!("it answers {}", text.lines().next().unwrap_or_default());
        }
        let length = text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_length = name.eq_ignore_ascii_case("content-length");
            is_length.then(|| value.trim().parse().ok()).flatten()
        });
        return Ok((length.context("no Content-Length")?, (filled - end - 4) as u64));
    }
}
