//! A library that changes: ids stay with films, what is removed is gone, and hostile files do no harm.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::fixture::{FinishedRun, PublishFixture, clip, film, finish, firstframe, folder};

fn remove(server: &PublishFixture, words: &[&str]) -> FinishedRun {
    finish(firstframe().arg("remove").args(words).arg("--data").arg(server.data()))
}

/// Episode ids of a title, in order.
fn episodes(server: &PublishFixture, title: &str) -> Vec<String> {
    let title = server.data_of(&format!("/api/v2/catalog/{title}"));
    let ids = title["episodes"].as_array().unwrap().iter();
    ids.map(|episode| episode["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn episode_ids_stay_with_films_when_a_folder_changes() {
    let server = PublishFixture::start();
    let (river, sea, sky) = (film(21, 10), film(22, 10), film(23, 10));
    let dir = folder(&[("Plain/b river.mp4", &river), ("Plain/c sea.mp4", &sea)]);
    finish(&mut server.publish(dir.path())).assert_success(&["2 episodes"]);
    assert_eq!(episodes(&server, "plain"), ["plain.b-river", "plain.c-sea"]);
    let path = |name: &str| dir.path().join("Plain").join(name);
    fs::remove_file(path("b river.mp4")).unwrap();
    fs::rename(path("c sea.mp4"), path("d ocean.mp4")).unwrap();
    fs::write(path("a sky.mp4"), &sky).unwrap();
    finish(&mut server.publish(dir.path())).assert_success(&["2 episodes"]);
    server.wait_for_episodes("plain", &["plain.a-sky", "plain.c-sea"]);
    let media = server.media_of("plain.c-sea").unwrap();
    assert!(server.get(&media) == (200, sea), "the id plays the film that it played");
    server.wait_for_status("/api/v2/stream/plain.b-river", 404);
}

#[test]
fn removed_title_is_gone_at_once_and_what_others_have_stays() {
    let server = PublishFixture::start();
    let (one, two) = (film(24, 10), film(25, 10));
    let dir = folder(&[("One.mp4", &one), ("Show/e1.mp4", &two), ("Show/e2.mp4", &one)]);
    finish(&mut server.publish(dir.path())).assert_success(&["2 titles with 3 episodes"]);
    let media = |episode: &str| server.media_of(episode).unwrap();
    let (first, second) = (media("show.1"), media("show.2"));
    let headers = format!("{}&at=0", first.replace("/media/", "/headers/"));
    assert_eq!((server.get(&first).0, server.get(&headers).0), (200, 200));
    let blobs = || fs::read_dir(server.data().join("objects")).unwrap().count();
    let before = blobs();
    remove(&server, &["Show", "--dry-run"])
        .assert_success(&["show: Show, 2 episodes", "Would remove 1 title: 1 film of "]);
    assert_eq!((server.get(&first).0, blobs()), (200, before), "a dry run removes nothing");
    remove(&server, &["show.1"]).assert_success(&["Removed 1 episode: 1 film of "]);
    assert_eq!((server.get(&first).0, server.get(&second).0), (404, 200));
    assert!(blobs() <= before - 2, "the film and its start index left the disk");
    server.wait_for_episodes("show", &["show.2"]);
    remove(&server, &["Show"]).assert_success(&["Removed 1 title: 0 films"]);
    assert_eq!(server.get(&second).0, 200, "the title One has the film too");
    remove(&server, &["one"]).assert_success(&["Removed 1 title: 1 film of "]);
    assert_eq!(server.get(&second).0, 404);
    assert_eq!(blobs(), 0, "nothing is left in the store");
    assert!(dir.path().join("One.mp4").exists(), "the owner's file stays");
    remove(&server, &["one"]).assert_failure(&["the catalog has no title `one`"]);
    remove(&server, &["--unused"]).assert_success(&["Deleted 0 films"]);
}

#[test]
fn films_that_a_replaced_catalog_had_are_gone() {
    let server = PublishFixture::start();
    let (one, two) = (film(26, 10), film(27, 10));
    let (first, second) = (folder(&[("A.mp4", &one)]), folder(&[("B.mp4", &two)]));
    finish(&mut server.publish(first.path())).assert_success(&["the catalog has 1 title"]);
    let media = server.media_of("a.1").unwrap();
    assert_eq!(server.get(&media).0, 200);
    finish(server.publish(second.path()).arg("--replace"))
        .assert_success(&["the catalog has 1 title", "Deleted 1 film of "]);
    assert_eq!(server.get(&media).0, 404);
}

#[test]
fn server_deletes_films_that_no_title_has_had_for_the_time_of_its_setting() {
    let mut server = PublishFixture::start();
    let (one, two) = (film(28, 10), film(29, 10));
    let dir = folder(&[("Show/e1.mp4", &one), ("Show/e2.mp4", &two)]);
    finish(&mut server.publish(dir.path())).assert_success(&["2 episodes"]);
    let media = |episode: &str| server.media_of(episode).unwrap();
    let (first, dropped) = (media("show.1"), media("show.2"));
    fs::remove_file(dir.path().join("Show/e2.mp4")).unwrap();
    finish(&mut server.publish(dir.path())).assert_success(&["No title has 1 film of "]);
    server.kill();
    server.restart_with(&[]);
    assert_eq!(server.get(&dropped).0, 200, "thirty days are not over");
    server.kill();
    server.restart_with(&["--unused-days", "0.00002"]);
    server.wait_for_status(&dropped, 404);
    assert_eq!(server.get(&first).0, 200);
    assert!(dir.path().join("Show/e1.mp4").exists(), "the owner's file stays");
}

/// Ends a run that does not end by itself.
fn finish_soon(command: &mut Command) -> FinishedRun {
    let mut run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let start = Instant::now();
    while run.try_wait().unwrap().is_none() {
        if start.elapsed() > Duration::from_secs(20) {
            run.kill().unwrap();
            panic!("the run does not end");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    FinishedRun::of(run.wait_with_output().unwrap())
}

#[test]
fn files_that_are_not_regular_neither_hang_publish_nor_fill_memory() {
    let dry_run = |dir: &Path| finish_soon(firstframe().args(["publish", "--dry-run"]).arg(dir));
    let fifo = |path: &Path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    for make in [&fifo as &dyn Fn(&Path), &|path| symlink("/dev/zero", path).unwrap(), &|path| {
        symlink("/etc/passwd", path).unwrap();
    }] {
        let dir = folder(&[("A.mp4", clip())]);
        make(&dir.path().join("A.jpg"));
        make(&dir.path().join("B.mp4"));
        let run = dry_run(dir.path());
        run.assert_success(&["Would publish 1 title", "B.mp4: is "]);
        make(&dir.path().join("catalog.toml"));
        let run = dry_run(dir.path());
        run.assert_failure(&["catalog.toml", ": is "]);
        assert!(!run.stderr.contains("root:"), "{}", run.stderr);
    }
}

#[test]
fn names_with_control_characters_reach_the_terminal_escaped() {
    let server = PublishFixture::start();
    let dir = folder(&[
        ("Good\u{1b}]0;owned\u{7}\nName.mp4", clip()),
        ("Bad\u{1b}[2J\n.mp4", b"text".as_slice()),
        ("Turned\u{202e}4pm.mp4", b"".as_slice()),
    ]);
    let run = finish(&mut server.publish(dir.path()));
    run.assert_success(&["Good\\u{1b}]0;owned\\u{7}\\nName.mp4: plays", "Turned\\u{202e}4pm.mp4"]);
    let is_obeyed = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!run.stdout.contains(is_obeyed), "{:?}", run.stdout);
    assert!(
        run.stdout.lines().all(|line| !line.starts_with("Name.mp4") && !line.starts_with(".mp4"))
    );
    let failed = finish(firstframe().args(["publish", "gone\u{1b}[2J\nError: fine"]));
    failed.assert_failure(&["Error: gone\\u{1b}[2J\\nError: fine"]);
    let usage = finish(firstframe().args(["no-verb\u{1b}[2J"]));
    assert!(
        !usage.stderr.contains('\u{1b}') && usage.stderr.contains("no-verb"),
        "{:?}",
        usage.stderr
    );
}
