//! The limits of a guest: its time, its memory, and traps that end no other request.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use tests::{
    deployment::memory_peak,
    process::{Process, firstframe},
    server::Server,
};

use crate::s3_server::{S3Server, signed, status};

/// A server whose component runs `body`, in WebAssembly text, for every request.
fn serve(folder: &tempfile::TempDir, body: &str, flags: &[&str]) -> S3Server {
    let component = folder.path().join("guest.wat");
    fs::write(&component, include_str!("guest.wat").replace("BODY", body)).unwrap();
    let component = component.to_str().unwrap().to_owned();
    S3Server::start_with(
        &folder.path().join("data"),
        &[&["--component", &component], flags].concat(),
    )
}

fn request(server: &S3Server) -> u16 {
    status(&server.agent.get(&server.url).call().unwrap())
}

const ENDLESS: &str = "(loop $again (br $again)) unreachable";

#[test]
fn guest_that_never_returns_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(&folder, ENDLESS, &["--request-timeout-seconds", "1"]);
    let started = Instant::now();
    let statuses: Vec<_> = std::thread::scope(|scope| {
        let requests: Vec<_> = (0..4).map(|_| scope.spawn(|| request(&server))).collect();
        requests.into_iter().map(|request| request.join().unwrap()).collect()
    });
    assert!(statuses.iter().all(|status| [500, 504].contains(status)), "{statuses:?}");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    let url = signed(&server.bucket.head_bucket(Some(&server.credentials)));
    assert_eq!(
        status(&server.agent.head(url).call().unwrap()),
        200,
        "the object store still serves"
    );
}

#[test]
fn request_beyond_a_cap_gets_503_with_retry_after() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(&folder, ENDLESS, &["--requests-max", "2"]);
    let address = server.url.trim_start_matches("http://").trim_end_matches('/');
    let mut streams: Vec<TcpStream> = (0..3)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
            write!(stream, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
            stream
        })
        .collect();
    let started = Instant::now();
    let head = loop {
        let mut head = [0; 400];
        let count = streams.iter_mut().find_map(|stream| stream.read(&mut head).ok());
        if let Some(count) = count {
            break String::from_utf8_lossy(&head[..count]).to_lowercase();
        }
        assert!(started.elapsed() < Duration::from_secs(10), "no request is refused");
    };
    assert!(head.starts_with("http/1.1 503") && head.contains("retry-after: 1"), "{head}");
}

#[test]
fn guest_has_the_memory_that_the_settings_allow() {
    // Traps where 32 MiB are refused, and loops where they are granted.
    let greedy = "(if (i32.eq (memory.grow (i32.const 512)) (i32.const -1)) (then unreachable)) \
                  (loop $again (br $again)) unreachable";
    let folder = tempfile::tempdir().unwrap();
    let server = serve(&folder, greedy, &["--memory-mib-max", "16"]);
    let started = Instant::now();
    assert_eq!(request(&server), 500);
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    drop(server);
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--memory-mib-max", "64", "--request-timeout-seconds", "3"];
    let server = serve(&folder, greedy, &flags);
    let started = Instant::now();
    assert!([500, 504].contains(&request(&server)));
    assert!(started.elapsed() >= Duration::from_secs(3), "{:?}", started.elapsed());
}

#[test]
fn guest_that_traps_fails_its_own_request_only() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(&folder, "unreachable", &[]);
    for _ in 0..20 {
        assert_eq!(request(&server), 500);
    }
}

#[test]
fn component_that_cannot_run_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.wat");
    for (text, reason) in [("(component)", "cannot run the component"), ("junk", "not a component")]
    {
        fs::write(&path, text).unwrap();
        let error =
            crate::s3_server::start_error(folder.path(), &["--component", path.to_str().unwrap()]);
        assert!(error.contains(reason), "{error}");
    }
    let error = crate::s3_server::start_error(folder.path(), &["--component", "absent.wasm"]);
    assert!(error.contains("component: cannot read absent.wasm"), "{error}");
}

#[test]
fn server_that_starts_for_the_first_time_has_no_memory_of_the_compiler() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let addresses = ["--listen", "127.0.0.1:0", "--s3-listen", "127.0.0.1:0"];
    let arguments = [&["serve", "--data", data], &addresses[..]].concat();
    let process = Process::start(&firstframe().unwrap(), &arguments).unwrap();
    let server = Server::adopt(process, folder.path()).unwrap();
    let is_compiled = |file: fs::DirEntry| file.path().extension().is_some_and(|it| it == "cwasm");
    assert!(fs::read_dir(data).unwrap().any(|file| is_compiled(file.unwrap())));
    let peak = memory_peak(server.runtime.pid).unwrap();
    assert!(peak < 80 << 20, "{peak} bytes");
}
