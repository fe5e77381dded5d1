//! The limits of a guest: its time, its memory, and traps that end no other request.

use std::{
    fs,
    time::{Duration, Instant},
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
