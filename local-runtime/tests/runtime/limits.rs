//! What a guest cannot do to the server: take its time, its memory, or the server along.

use std::{
    fs,
    time::{Duration, Instant},
};

use crate::server::{Server, signed, status};

/// A server of a component that does `body` for every request.
fn serve(folder: &tempfile::TempDir, body: &str, flags: &[&str]) -> Server {
    let component = folder.path().join("guest.wat");
    fs::write(&component, include_str!("handler.wat").replace("BODY", body)).unwrap();
    let component = component.to_str().unwrap().to_owned();
    Server::start_with(&folder.path().join("data"), &[&["--component", &component], flags].concat())
}

fn ask(server: &Server) -> u16 {
    status(&server.agent.get(&server.url).call().unwrap())
}

const ENDLESS: &str = "(loop $again (br $again)) unreachable";

#[test]
fn a_guest_that_never_ends_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(&folder, ENDLESS, &["--request-timeout-seconds", "1"]);
    let begun = Instant::now();
    let statuses: Vec<_> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..4).map(|_| scope.spawn(|| ask(&server))).collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    assert!(statuses.iter().all(|status| [500, 504].contains(status)), "{statuses:?}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let url = signed(&server.bucket.head_bucket(Some(&server.credentials)));
    assert_eq!(status(&server.agent.head(url).call().unwrap()), 200, "the rest goes on");
}

#[test]
fn a_guest_has_the_memory_that_the_settings_give_it() {
    // Ends at once where 32 MiB are refused, and never where they are given.
    let greedy = "(if (i32.eq (memory.grow (i32.const 512)) (i32.const -1)) (then unreachable)) \
                  (loop $again (br $again)) unreachable";
    let folder = tempfile::tempdir().unwrap();
    let server = serve(&folder, greedy, &["--memory-mib-max", "16"]);
    let begun = Instant::now();
    assert_eq!(ask(&server), 500);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    drop(server);
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--memory-mib-max", "64", "--request-timeout-seconds", "3"];
    let server = serve(&folder, greedy, &flags);
    let begun = Instant::now();
    assert!([500, 504].contains(&ask(&server)));
    assert!(begun.elapsed() >= Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[test]
fn a_guest_that_traps_takes_nothing_along() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(&folder, "unreachable", &[]);
    for _ in 0..20 {
        assert_eq!(ask(&server), 500);
    }
}

#[test]
fn what_is_no_component_of_ours_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.wat");
    for (text, reason) in [("(component)", "not one that we can run"), ("junk", "not a component")]
    {
        fs::write(&path, text).unwrap();
        let words =
            crate::server::start_error(folder.path(), &["--component", path.to_str().unwrap()]);
        assert!(words.contains(reason), "{words}");
    }
    let words = crate::server::start_error(folder.path(), &["--component", "absent.wasm"]);
    assert!(words.contains("component: absent.wasm cannot be read"), "{words}");
}
