//! `publish` or the server is killed in the middle of an upload: no film is partial or lost, and the
//! next run finishes.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::fixture::{PublishFixture, film, finish, folder};

/// Five parts.
const FILM_BYTES: usize = 70 << 20;
const ROUNDS: u64 = 20;

#[test]
fn killed_publish_leaves_no_partial_film_and_the_next_run_finishes() {
    let server = PublishFixture::start();
    let mut resumed = 0;
    for round in 0..ROUNDS {
        let bytes = film(round, FILM_BYTES);
        let dir = folder(&[(format!("Film {round}.mp4"), &bytes)]);
        let before = blobs(&server);
        let mut run = server.publish_by_s3(dir.path()).stdout(Stdio::null()).spawn().unwrap();
        // At another moment in each round: from the first requests to the completion of the upload.
        let parts = usize::try_from(round % 7).unwrap();
        while blobs(&server) < before + parts && run.try_wait().unwrap().is_none() {
            thread::sleep(Duration::from_millis(1));
        }
        if parts == 0 {
            thread::sleep(Duration::from_millis(7 * (round % 5)));
        }
        run.kill().unwrap();
        run.wait().unwrap();
        if let Some(media) = server.media_of(&format!("film-{round}.1")) {
            assert!(server.get(&media) == (200, bytes.clone()), "a published film is complete");
        }
        let last = finish(&mut server.publish_by_s3(dir.path()));
        last.assert_success(&["Published 1 title with 1 episode"]);
        resumed += usize::from(last.stdout.contains("resumes: "));
    }
    assert!(resumed > 0, "no run resumed an upload");
    // An instance of the edge may cache an earlier catalog for two seconds.
    thread::sleep(Duration::from_secs(2));
    for round in 0..ROUNDS {
        let media = server.media_of(&format!("film-{round}.1")).unwrap();
        assert!(
            server.get(&media) == (200, film(round, FILM_BYTES)),
            "film {round} has other bytes"
        );
    }
}

#[test]
fn publish_resumes_after_the_server_was_killed() {
    let mut server = PublishFixture::start();
    let bytes = film(200, 200 << 20);
    let dir = folder(&[("Film.mp4", &bytes)]);
    let run = server.publish_by_s3(dir.path()).stdout(Stdio::piped()).spawn().unwrap();
    // Until the first part arrives.
    let started = Instant::now();
    while blobs(&server) < 2 {
        assert!(started.elapsed() < Duration::from_secs(30), "no part arrives");
        thread::sleep(Duration::from_millis(1));
    }
    server.kill_and_restart();
    let output = run.wait_with_output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout}");
    assert!(stdout.contains("retrying in"), "the server was killed too late:\n{stdout}");
    let media = server.media_of("film.1").unwrap();
    assert!(server.get(&media) == (200, bytes), "the film has other bytes");
}

fn blobs(server: &PublishFixture) -> usize {
    fs::read_dir(server.data().join("objects")).map_or(0, Iterator::count)
}
