//! The honest viewer: it starts a film again and again, and stores where it is.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use tests::{deployment::Deployment, fixture::SERIES, http::Request};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

use crate::attackers::connect;

/// The address of the viewer.
const HOST: u8 = 99;
const PAUSE: Duration = Duration::from_millis(500);
/// A viewer leaves after so long.
const WAIT_MAX: Duration = Duration::from_secs(20);
/// Bytes of a start after which a player shows a picture.
const START_BYTES: usize = 32 << 10;

/// What the viewer saw.
pub(crate) struct Watched {
    pub(crate) starts: usize,
    pub(crate) slowest: Duration,
    pub(crate) refused: usize,
    pub(crate) token: String,
}

pub(crate) async fn watch(address: SocketAddr, end: Instant) -> Result<Watched> {
    let session = exchange(address, "POST /api/v2/session/anonymous", "", "").await?;
    let token = session.lines().find_map(|line| line.strip_prefix("x-client-token: "));
    let token = token.context("a session has a token")?.to_owned();
    let mut watched = Watched { starts: 0, slowest: Duration::ZERO, refused: 0, token };
    while Instant::now() < end {
        let started = Instant::now();
        match exchange(address, &format!("GET /api/v2/stream/{SERIES}.2/start"), "", "").await {
            Ok(_) => watched.starts += 1,
            Err(_) => watched.refused += 1,
        }
        watched.slowest = watched.slowest.max(started.elapsed());
        if exchange(address, "POST /api/v2/history", &watched.token, &position()).await.is_err() {
            watched.refused += 1;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(watched)
}

fn position() -> String {
    format!(r#"{{"catalogId": "{SERIES}", "episodeId": "{SERIES}.2", "positionSeconds": 8}}"#)
}

/// The first bytes of the response to a request on a connection of its own.
async fn exchange(address: SocketAddr, line: &str, token: &str, body: &str) -> Result<String> {
    let exchange = async {
        let mut stream = connect(address, HOST).await?;
        let request = format!(
            "{line} HTTP/1.1\r\nHost: {address}\r\nX-Client-Token: {token}\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await?;
        let (mut response, mut buffer) = (Vec::new(), vec![0; 16 << 10]);
        while response.len() < START_BYTES {
            match stream.read(&mut buffer).await? {
                0 => break,
                count => response.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            }
        }
        let text = String::from_utf8_lossy(&response).into_owned();
        ensure!(text.starts_with("HTTP/1.1 200"), "{}", text.lines().next().unwrap_or_default());
        Ok(text)
    };
    match timeout(WAIT_MAX, exchange).await {
        Ok(response) => response,
        Err(_) => bail!("nothing came in {WAIT_MAX:?}"),
    }
}

/// Checks that the server has what the viewer stored.
pub(crate) fn is_remembered(deployment: &Deployment, token: &str) -> Result<()> {
    let history = Request::get("/api/v2/history").header("X-Client-Token", token);
    let history = history.send(&deployment.origin)?;
    let text = String::from_utf8_lossy(&history.body);
    ensure!(history.status == 200 && text.contains(SERIES), "the history is lost: {text}");
    Ok(())
}
