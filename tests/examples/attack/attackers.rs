//! The attacks: each one so many connections, which come back when the server closes them.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use tests::fixture::{LONG, PLAYABLE};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::sleep,
};

/// How long a connection of an attacker stays at most.
const STAY: Duration = Duration::from_secs(20);
/// The pause of an attacker whose connection was closed or refused.
const PAUSE: Duration = Duration::from_millis(200);

/// How many connections each attack made.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    connections: AtomicU64,
    refused: AtomicU64,
}

/// One attack: from which address, on how many connections at once, with what.
#[derive(Clone, Copy)]
struct Attack {
    host: u8,
    connections: u64,
    request: fn(u64) -> String,
    then: Then,
}

/// What an attacker does after its request.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    /// Nothing: it neither reads nor sends.
    Wait,
    /// It sends a byte every second.
    Trickle,
    /// It reads the response, and sends the next request.
    Read,
}

const ATTACKS: [Attack; 8] = [
    Attack {
        host: 2,
        connections: 1030,
        request: |_| "GET / HTTP/1.1\r\nHost: localhost".to_owned(),
        then: Then::Trickle,
    },
    Attack { host: 3, connections: 520, request: slow_body, then: Then::Trickle },
    Attack {
        host: 4,
        connections: 520,
        request: |_| get(&format!("media/{LONG}")),
        then: Then::Wait,
    },
    Attack { host: 5, connections: 4, request: long_query, then: Then::Read },
    Attack { host: 6, connections: 4, request: session, then: Then::Read },
    Attack { host: 7, connections: 4, request: nonsense, then: Then::Read },
    Attack { host: 8, connections: 4, request: many_ranges, then: Then::Read },
    Attack {
        host: 9,
        connections: 4,
        request: |n| get(&format!("image/{n:032x}")),
        then: Then::Read,
    },
];

fn get(path: &str) -> String {
    format!("GET /api/v2/{path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

fn slow_body(_: u64) -> String {
    "POST /api/v2/stream/window HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n{"
        .to_owned()
}

fn long_query(n: u64) -> String {
    get(&format!("media/{PLAYABLE}?x={n}&at={n}{}", "x".repeat(7_000)))
        .replace("\r\n\r\n", "\r\nRange: bytes=0-99\r\n\r\n")
}

fn session(_: u64) -> String {
    "POST /api/v2/session/anonymous HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
        .to_owned()
}

fn nonsense(n: u64) -> String {
    match n % 4 {
        0 => "GET / HTTP/1.1\r\nHost: localhost\r\nHost: b\r\n\r\n".to_owned(),
        1 => "GET / HTTP/1.1\nHost: localhost\n\n".to_owned(),
        2 => format!("\u{1b}[2J{n}\r\n\r\n"),
        _ => format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "y".repeat(40_000)),
    }
}

fn many_ranges(n: u64) -> String {
    let ranges: Vec<String> = (0..500).map(|at| format!("{at}-{}", at + n)).collect();
    let range = format!("\r\nRange: bytes={}\r\n\r\n", ranges.join(","));
    get(&format!("media/{LONG}")).replace("\r\n\r\n", &range)
}

/// A connection from the loopback address with this last number.
pub(crate) async fn connect(address: SocketAddr, host: u8) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 0, host], 0)))?;
    socket.connect(address).await.context("the server accepts no connection")
}

/// Starts all attacks. They end when the set is dropped.
pub(crate) fn start(address: SocketAddr, tally: Arc<Tally>) -> JoinSet<()> {
    let mut all = JoinSet::new();
    for attack in ATTACKS {
        for number in 0..attack.connections {
            let tally = Arc::clone(&tally);
            all.spawn(async move { repeat(address, attack, number, &tally).await });
        }
    }
    all
}

async fn repeat(address: SocketAddr, attack: Attack, number: u64, tally: &Tally) {
    let mut n = number;
    loop {
        let ended = tokio::time::timeout(STAY, stay(address, attack, &mut n)).await;
        tally.connections.fetch_add(1, Relaxed);
        if ended.is_ok_and(|ended| ended.is_err()) {
            tally.refused.fetch_add(1, Relaxed);
        }
        sleep(PAUSE).await;
    }
}

/// One connection, until the server closes it.
async fn stay(address: SocketAddr, attack: Attack, n: &mut u64) -> Result<()> {
    let mut stream = connect(address, attack.host).await?;
    let mut buffer = vec![0; 64 << 10];
    loop {
        *n += attack.connections;
        stream.write_all((attack.request)(*n).as_bytes()).await?;
        match attack.then {
            Then::Wait => sleep(STAY).await,
            Then::Trickle => loop {
                sleep(Duration::from_secs(1)).await;
                stream.write_all(b" ").await?;
            },
            Then::Read => {
                if stream.read(&mut buffer).await? == 0 {
                    return Ok(());
                }
                // 50 requests a second on each connection.
                sleep(Duration::from_millis(20)).await;
            }
        }
    }
}
