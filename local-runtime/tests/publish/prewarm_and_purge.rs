//! `firstframe prewarm` and `firstframe purge`, also while the server is killed.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use mp4::synth::{self, MoovAt};

use crate::fixture::{PublishFixture, clip, finish, firstframe, folder};

/// Repeats of three seconds: a film of one hour, whose start index takes some ten milliseconds.
const REPEATS: u32 = 1_200;
const ROUNDS: u64 = 20;

fn film_of_an_hour() -> Vec<u8> {
    let made = synth::repeat_clip(clip(), REPEATS, MoovAt::Tail).unwrap();
    let at = |at: u64| usize::try_from(at).unwrap();
    let media = &clip()[at(made.media.start)..at(made.media.end)];
    [made.head, media.repeat(at(made.repeats.into())), made.tail].concat()
}

/// A command of the command line, on this server.
fn command(server: &PublishFixture, words: &[&str]) -> Command {
    let mut command = firstframe();
    command.args(words).arg("--data").arg(server.data());
    command
}

/// The headers in the middle of the film.
fn headers(server: &PublishFixture) -> (u16, Vec<u8>) {
    let url = server.media_of("film.1").unwrap().replace("/media/", "/headers/");
    server.get(&format!("{url}&at=1800.5&windows=2"))
}

#[test]
fn purged_start_index_is_made_again() {
    let server = PublishFixture::start();
    let dir = folder(&[("Film.mp4", &film_of_an_hour())]);
    finish(&mut server.publish(dir.path()))
        .assert_success(&["starts at once", "Published 1 title"]);
    let run = |words: &[&str]| finish(&mut command(&server, words));
    let published = headers(&server);
    assert_eq!(published.0, 200);
    run(&["prewarm", "film", "--dry-run"]).assert_success(&["film.1: starts at once"]);
    run(&["purge", "film", "--dry-run"]).assert_success(&["Would purge 1 titles"]);
    run(&["prewarm", "film", "--dry-run"]).assert_success(&["film.1: starts at once"]);
    run(&["purge", "film"]).assert_success(&["Purged 1 titles with 1 films"]);
    run(&["prewarm", "film", "--dry-run"]).assert_success(&["not made yet"]);
    run(&["prewarm", "--latest", "1"]).assert_success(&["film.1: starts at once"]);
    run(&["prewarm", "film", "--dry-run"]).assert_success(&["film.1: starts at once"]);
    assert!(headers(&server) == published, "the edge makes the same index as the command line");
    for words in [["prewarm", "nobody"], ["purge", "nobody"]] {
        run(&words).assert_failure(&["the catalog has no title `nobody`"]);
    }
}

#[test]
fn key_of_a_killed_server_is_not_sent_to_who_listens_at_its_address() {
    let mut server = PublishFixture::start();
    let address = server.url.trim_start_matches("http://").to_owned();
    server.kill();
    let stranger = TcpListener::bind(&address).unwrap();
    stranger.set_nonblocking(true).unwrap();
    for words in [["purge", "film"], ["prewarm", "film"]] {
        let run = finish(&mut command(&server, &words));
        run.assert_failure(&["does not run", "firstframe serve"]);
    }
    let asked = stranger.accept().map(|_| ()).map_err(|error| error.kind());
    assert_eq!(asked, Err(ErrorKind::WouldBlock), "a client connected to the stranger");
}

#[test]
fn server_killed_while_indexing_leaves_a_whole_index_or_none() {
    let mut server = PublishFixture::start();
    let dir = folder(&[("Film.mp4", &film_of_an_hour())]);
    finish(&mut server.publish(dir.path())).assert_success(&["Published 1 title"]);
    let complete = headers(&server);
    for round in 0..ROUNDS {
        finish(&mut command(&server, &["purge", "film"])).assert_success(&["Purged 1 titles"]);
        let mut run = command(&server, &["prewarm", "film"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        // A moment from the first request to the last byte that is written.
        thread::sleep(Duration::from_millis(5 * round));
        server.kill_and_restart();
        let run = run.as_mut().unwrap();
        let _ = run.kill();
        run.wait().unwrap();
        assert!(headers(&server) == complete, "round {round}: other headers");
    }
}
