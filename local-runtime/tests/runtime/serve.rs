//! The server as a process: how it starts, what it refuses, how it ends.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    time::Duration,
};

use tests::bytes::content;

use crate::server::{Server, bytes, header, start_error, status};

#[test]
fn the_edge_answers_and_its_bytes_are_the_stores() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let answer = server.agent.get(format!("{}health", server.url)).call().unwrap();
    assert_eq!(status(&answer), 200);

    let film = content(1, 0, 3_000_000);
    server.put("media/0123", &film);
    let url = format!("{}api/v2/media/0123", server.url);
    let mut whole = server.agent.get(&url).call().unwrap();
    assert_eq!((status(&whole), header(&whole, "content-length").as_str()), (200, "3000000"));
    assert!(bytes(&mut whole) == film);
    let mut part = server.agent.get(&url).header("range", "bytes=1000-1999").call().unwrap();
    assert_eq!(header(&part, "content-range"), "bytes 1000-1999/3000000");
    assert!(bytes(&mut part) == film[1000..2000]);
}

#[test]
fn a_port_in_use_is_named_with_its_setting() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let port = address.rsplit_once(':').unwrap().1;
    let words = start_error(folder.path(), &["--s3-listen", &address]);
    assert!(words.contains("s3_listen") && words.contains(port), "{words}");
    assert!(words.contains("in use"), "{words}");
}

#[test]
fn the_object_store_listens_to_this_machine_only() {
    let folder = tempfile::tempdir().unwrap();
    let words = start_error(folder.path(), &["--s3-listen", "0.0.0.0:0"]);
    assert!(words.contains("--s3-listen") && words.contains("loopback"), "{words}");
}

#[test]
fn a_bad_line_in_the_settings_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("my.toml");
    fs::write(&settings, "listen = \"127.0.0.1:0\"\nrequests_max = \"many\"\n").unwrap();
    let words = start_error(folder.path(), &["--config", settings.to_str().unwrap()]);
    assert!(words.contains("requests_max = \"many\""), "{words}");
    assert!(words.contains("my.toml line 2"), "{words}");
}

#[test]
fn one_server_holds_a_data_folder() {
    let folder = tempfile::tempdir().unwrap();
    let _server = Server::start(folder.path());
    let words = start_error(folder.path(), &[]);
    assert!(words.contains("another firstframe"), "{words}");
}

#[test]
fn an_answer_that_runs_when_the_server_is_asked_to_end_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path());
    let film = content(2, 0, 32 << 20);
    server.put("media/0123", &film);
    let address = server.url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let mut stream = TcpStream::connect(&address).unwrap();
    write!(stream, "GET /api/v2/media/0123 HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    let mut answer = vec![0; 1 << 20];
    stream.read_exact(&mut answer).unwrap();
    server.signal("-TERM");
    // Until it no longer accepts, so that the signal was seen before the rest is read.
    while TcpStream::connect(&address).is_ok() {
        std::thread::sleep(Duration::from_millis(10));
    }
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.ends_with(&film), "{} bytes came", answer.len());
    assert!(server.ends_with_success(Duration::from_secs(10)));
    assert!(!folder.path().join("runtime.json").exists());
}

#[test]
fn an_answer_that_nobody_reads_is_cut_off_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start_with(folder.path(), &["--shutdown-seconds", "1"]);
    server.put("media/0123", &content(3, 0, 32 << 20));
    let address = server.url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let mut stream = TcpStream::connect(&address).unwrap();
    write!(stream, "GET /api/v2/media/0123 HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    stream.read_exact(&mut [0; 1024]).unwrap();
    server.signal("-TERM");
    assert!(server.ends_with_success(Duration::from_secs(8)));
}

#[test]
fn whoever_comes_when_it_is_full_is_told_to_come_again() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--connections-max", "3", "--requests-max", "2"];
    let server = Server::start_with(folder.path(), &flags);
    server.put("media/0123", &content(4, 0, 32 << 20));
    let address = server.url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let ask = || {
        let mut stream = TcpStream::connect(&address).unwrap();
        write!(stream, "GET /api/v2/media/0123 HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
        let mut head = [0; 400];
        let count = stream.read(&mut head).unwrap();
        (stream, String::from_utf8_lossy(&head[..count]).into_owned())
    };
    let (first, second) = (ask(), ask());
    assert!(first.1.starts_with("HTTP/1.1 200") && second.1.starts_with("HTTP/1.1 200"));
    let third = ask();
    assert!(third.1.starts_with("HTTP/1.1 503"), "{}", third.1);
    assert!(third.1.to_lowercase().contains("retry-after: 1"), "{}", third.1);
    let fourth = ask();
    assert!(fourth.1.starts_with("HTTP/1.1 503"), "{}", fourth.1);
    assert!(fourth.1.contains("Connection: close"), "{}", fourth.1);
    drop((first, third));
    let begun = std::time::Instant::now();
    while !ask().1.starts_with("HTTP/1.1 200") {
        assert!(begun.elapsed() < Duration::from_secs(10), "a place is never free again");
        std::thread::sleep(Duration::from_millis(50));
    }
}
