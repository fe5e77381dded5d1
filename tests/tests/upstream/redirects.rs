//! A provider redirects to this machine, this network or a cloud's metadata service, at once or by
//! way of itself.

use std::{
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use tests::upstream::{FILM_BYTES, FaultMode};

use crate::fixture::UpstreamFixture;

/// Spellings of addresses that are not on the public internet.
const HOSTS: [&str; 60] = [
    "localhost",
    "LOCALHOST",
    "localhost.",
    "sub.localhost",
    "ip6-localhost",
    "0",
    "0.0.0.0",
    "00.0.0.0",
    "0x0",
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "127.00.00.01",
    "0177.0.0.1",
    "0177.1",
    "0x7f.1",
    "0X7F000001",
    "017700000001",
    "2130706433",
    "127.16777215",
    "%31%32%37.0.0.1",
    "１２７.0.0.1",
    "127。0。0。1",
    "ⓛocalhost",
    "user@127.0.0.1",
    "media.example@127.0.0.1",
    "10.0.0.1",
    "10.1",
    "167772161",
    "172.16.0.1",
    "172.31.255.255",
    "0xac.0x10.0.1",
    "192.168.1.1",
    "3232235777",
    "0300.0250.1.1",
    "169.254.169.254",
    "0xa9fea9fe",
    "2852039166",
    "0251.0376.0251.0376",
    "100.64.0.1",
    "100.100.100.200",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "metadata.google.internal",
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:169.254.169.254]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[2001::1]",
    "[fc00::1]",
    "[fe80::1]",
    "[fd00:ec2::254]",
];

/// Counts connections to any address of this machine, at a port of its own.
fn connection_counter() -> (u16, Arc<AtomicUsize>) {
    let connections = Arc::new(AtomicUsize::new(0));
    let mut port = 0;
    for address in ["0.0.0.0", "::1"] {
        let listener = TcpListener::bind((address, port)).expect("a port");
        port = listener.local_addr().expect("an address").port();
        let connections = Arc::clone(&connections);
        thread::spawn(move || {
            for stream in listener.incoming() {
                drop(stream);
                connections.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    (port, connections)
}

#[test]
fn redirect_chains_never_reach_an_inward_address() {
    let (port, connections) = connection_counter();
    let fixture = UpstreamFixture::new(&[]);
    let targets = HOSTS.iter().map(|host| format!("http://{host}:{port}/film"));
    fixture.upstream.redirect_to(targets.collect());
    // One chain, of one to four redirects, leads to each host.
    while fixture.upstream.finished_redirect_chains() < HOSTS.len() {
        fixture.upstream.set_fault_mode(FaultMode::RedirectChains);
        assert_eq!(fixture.read(4_000_000, 4_000_010), None, "bytes came from an inward address");
        // The circuit breaker lets no request through for a while after that.
        fixture.upstream.set_fault_mode(FaultMode::Healthy);
        while fixture.read(5_000_000, 5_000_010).is_none() {
            thread::sleep(Duration::from_millis(100));
        }
    }
    // Proves that the counter sees connections.
    std::net::TcpStream::connect(("127.0.0.1", port)).expect("the counter listens");
    while connections.load(Ordering::SeqCst) == 0 {
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1, "the edge connected to an inward address");
    assert!(fixture.read_all(FILM_BYTES - 10, FILM_BYTES));
}
