//! `firstframe publish`: what it publishes and refuses, and what it prints.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use crate::fixture::{PublishFixture, clip, ffmpeg, film, finish, firstframe, folder};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\na picture that is served as it is";

#[test]
fn films_are_linked_and_a_second_run_sends_nothing() {
    let server = PublishFixture::start();
    let (one, two, alone) = (film(1, 100), film(2, 200), film(3, 300));
    let dir = folder(&[
        ("Show/Show S01E01 Pilot.mp4", &one),
        ("Show/Show S01E02.mp4", &two),
        ("Show/poster.png", PNG),
        ("Alone (1999).mp4", &alone),
    ]);
    let first = finish(&mut server.publish(dir.path()));
    first.assert_success(&[
        "Alone (1999).mp4: plays: avc1.",
        "320x180, mp4a.40.2, 0:03",
        "Published 2 titles with 3 episodes: 0 B sent",
        &format!("Open {}/", server.url),
    ]);
    server.wait_for_titles(&["alone", "show"]);
    for (episode, bytes) in [("show.1", &one), ("show.2", &two), ("alone.1", &alone)] {
        let media = server.media_of(episode).unwrap();
        assert!(server.get(&media) == (200, bytes.clone()), "{episode} plays another film");
    }
    let show = server.data_of("/api/v2/catalog/show");
    assert_eq!(show["episodes"][0]["title"], "Pilot");
    let cover = show["coverImage"].as_str().unwrap().trim_start_matches(&server.url).to_owned();
    assert_eq!(server.get(&cover), (200, PNG.to_vec()));
    let alone_title = server.data_of("/api/v2/catalog/alone");
    assert_eq!(alone_title["metadata"]["year"], "1999");
    let cover =
        alone_title["coverImage"].as_str().unwrap().trim_start_matches(&server.url).to_owned();
    let (status, frame) = server.get(&cover);
    assert!(
        status == 200 && frame.starts_with(&[0xff, 0xd8, 0xff]),
        "the cover is a frame of the film"
    );

    let second = finish(&mut server.publish(dir.path()));
    second
        .assert_success(&["0 B sent, 0 B linked, 3 files there before; the catalog has 2 titles"]);
    let by_s3 = finish(&mut server.publish_by_s3(dir.path()));
    by_s3.assert_success(&["0 B sent, 0 B linked, 3 files there before; the catalog has 2 titles"]);
}

#[test]
fn films_are_uploaded_where_they_cannot_be_linked() {
    let server = PublishFixture::start();
    let (small, large) = (film(4, 10), film(5, 40 << 20));
    let dir = folder(&[("Small.mp4", &small), ("Large.mp4", &large)]);
    finish(&mut server.publish_by_s3(dir.path())).assert_success(&[
        "Large.mp4",
        "sent, ",
        "0 B linked",
    ]);
    for (episode, bytes) in [("small.1", &small), ("large.1", &large)] {
        let media = server.media_of(episode).unwrap();
        assert!(server.get(&media) == (200, bytes.clone()), "{episode} plays another film");
    }
    let again = finish(&mut server.publish_by_s3(dir.path()));
    again.assert_success(&["0 B sent, 0 B linked, 2 files there before"]);
}

#[test]
fn unplayable_files_are_named_with_a_reason_and_the_rest_is_published() {
    let server = PublishFixture::start();
    let mpeg4 = ffmpeg(&["-c:v", "mpeg4", "-an"]);
    let fast = ffmpeg(&["-c:v", "libx264", "-c:a", "aac", "-movflags", "+faststart"]);
    let dir = folder(&[
        ("Good.mp4", clip()),
        ("Codec.mp4", &mpeg4),
        ("Empty.mp4", b""),
        ("Text.mp4", b"This is a list of films that I want to see.\n"),
        ("Tail lost.mp4", &clip()[..clip().len() / 2]),
        ("End lost.mp4", &fast[..fast.len() * 3 / 4]),
        ("Noise.mp4", &[0x80, 0xff, 0x00, 0x93].repeat(4096)),
        ("Other.mkv", b"\x1a\x45\xdf\xa3"),
        ("notes.txt", b"not a film"),
    ]);
    let run = finish(&mut server.publish(dir.path()));
    run.assert_success(&["Published 1 title with 1 episode", "Not published, 7 files:"]);
    let reasons = run.stdout.split("Not published").nth(1).unwrap();
    for (file, reason) in [
        ("Codec.mp4", "mp4v"),
        ("Empty.mp4", "is empty"),
        ("Text.mp4", "is text"),
        ("Tail lost.mp4", "is broken"),
        ("End lost.mp4", "is cut short"),
        ("Noise.mp4", "is not an MP4 file"),
        ("Other.mkv", "file has no Segment"),
    ] {
        let line = reasons.lines().find(|line| line.contains(file)).expect(file);
        assert!(line.contains(reason), "{line}");
    }
    assert!(!run.stdout.contains("notes.txt"));
    server.wait_for_titles(&["good"]);
}

#[test]
fn matroska_is_published_as_it_lies() {
    let server = PublishFixture::start();
    let codecs = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "matroska"];
    let film = ffmpeg(&codecs);
    let cut = &film[..film.len() * 3 / 4];
    let dir = folder(&[("Night Train.mkv", film.as_slice()), ("Half.mkv", cut)]);
    let run = finish(&mut server.publish(dir.path()));
    run.assert_success(&["Published 2 titles", "starts at once", "it plays up to there"]);
    server.wait_for_titles(&["half", "night-train"]);
    let stream = server.data_of("/api/v2/stream/night-train.1");
    let preferred = &stream["preferredStream"];
    assert_eq!(preferred["container"], "matroska");
    assert!(preferred["url"].as_str().unwrap().contains("/Night%20Train.mkv?"), "{preferred}");
    assert!(stream["start"]["startUrl"].is_string(), "{stream}");
    let duration = preferred["durationMs"].as_u64().unwrap();
    assert!(duration.abs_diff(3_000) < 100, "{duration}");
}

#[test]
fn catalog_grows_by_publishing_and_is_replaced_by_a_flag() {
    let server = PublishFixture::start();
    let (a, b) = (film(6, 10), film(7, 10));
    let first = folder(&[("A.mp4", a.as_slice()), ("catalog.toml", TOML.as_bytes())]);
    let second = folder(&[("B.mp4", &b)]);
    finish(&mut server.publish(first.path())).assert_success(&["the catalog has 1 title."]);
    let added = server.data_of("/api/v2/catalog/the-a");
    assert_eq!(added["synopsis"], "Of A.");
    assert_eq!(added["episodes"][0]["releasedAt"], "2008-04-10");
    finish(&mut server.publish(second.path())).assert_success(&["the catalog has 2 titles."]);
    server.wait_for_titles(&["b", "the-a"]);
    finish(server.publish(second.path()).arg("--replace"))
        .assert_success(&["the catalog has 1 title."]);
    server.wait_for_titles(&["b"]);
}

const TOML: &str = "[[titles]]\nid = \"the-a\"\ntitle = \"A\"\nsynopsis = \"Of A.\"\n\
                    file = \"A.mp4\"\nreleased_at = 2008-04-10\n";

#[test]
fn concurrent_publishers_lose_no_title() {
    let server = PublishFixture::start();
    let films: Vec<Vec<u8>> = (0..4).map(|n| film(10 + n, 10)).collect();
    let dirs: Vec<_> =
        films.iter().zip("abcd".chars()).map(|(f, n)| folder(&[(format!("{n}.mp4"), f)])).collect();
    let runs: Vec<_> = dirs
        .iter()
        .map(|dir| server.publish(dir.path()).stdout(Stdio::piped()).spawn().unwrap())
        .collect();
    for run in runs {
        let output = run.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    server.wait_for_titles(&["a", "b", "c", "d"]);
}

#[test]
fn film_that_changes_during_publish_is_refused() {
    let server = PublishFixture::start();
    let bytes = film(8, 96 << 20);
    let dir = folder(&[("Changing.mp4", bytes.as_slice()), ("Still.mp4", clip())]);
    let mut run = server.publish_by_s3(dir.path()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(run.stdout.take().unwrap()).lines().map(Result::unwrap);
    lines.find(|line| line.starts_with("Changing.mp4: plays")).unwrap();
    let mut file =
        fs::OpenOptions::new().append(true).open(dir.path().join("Changing.mp4")).unwrap();
    file.write_all(b"more").unwrap();
    let rest = lines.collect::<Vec<_>>().join("\n");
    assert!(run.wait().unwrap().success(), "{rest}");
    assert!(rest.contains("Changing.mp4: was changed while it was published"), "{rest}");
    server.wait_for_titles(&["still"]);
}

#[test]
fn wrong_settings_are_named_and_end_the_run() {
    let server = PublishFixture::start();
    let dir = folder(&[("A.mp4", clip())]);
    let wrong = finish(server.publish(dir.path()).args(["--admin-key", "sesame"]));
    wrong.assert_failure(&["refuses the admin key", "--admin-key"]);
    assert!(!wrong.stderr.contains("sesame"), "{}", wrong.stderr);
    let wrong = finish(server.publish(dir.path()).args(["--s3-secret-key", "sesame"]));
    wrong.assert_failure(&["the object store answered 403", "check the S3 keys"]);
    assert!(!wrong.stderr.contains("sesame"), "{}", wrong.stderr);

    let empty = folder::<&str>(&[]);
    finish(&mut server.publish(empty.path())).assert_failure(&["there is no film in"]);
    finish(&mut server.publish(&empty.path().join("gone"))).assert_failure(&["gone"]);
    let listed = folder(&[("catalog.toml", b"[[titles]]\ntitel = \"T\"\n".as_slice())]);
    finish(&mut server.publish(listed.path())).assert_failure(&["catalog.toml", "line 2", "titel"]);

    let no_server =
        finish(firstframe().arg("publish").arg(dir.path()).arg("--data").arg(empty.path()));
    no_server.assert_failure(&["firstframe serve --data"]);
    let data = server.data().to_owned();
    let keys = fs::read_to_string(data.join("keys.toml")).unwrap();
    let runtime = fs::read_to_string(data.join("runtime.json")).unwrap();
    drop(server);
    let stale = folder(&[("keys.toml", keys.as_bytes()), ("runtime.json", runtime.as_bytes())]);
    let gone = finish(firstframe().arg("publish").arg(dir.path()).arg("--data").arg(stale.path()));
    gone.assert_failure(&["does not run", "firstframe serve"]);
}

#[test]
fn full_disk_is_named_and_published_films_stay() {
    let server = PublishFixture::start_with(&["--objects-mib-max", "24"]);
    let (small, large) = (film(9, 10), film(10, 40 << 20));
    let first = folder(&[("Small.mp4", &small)]);
    finish(&mut server.publish_by_s3(first.path())).assert_success(&["the catalog has 1 title."]);
    let second = folder(&[("Large.mp4", &large)]);
    let full = finish(&mut server.publish_by_s3(second.path()));
    full.assert_failure(&[
        "Large.mp4",
        "the object store answered 507",
        "full",
        "free some space there",
    ]);
    server.wait_for_titles(&["small"]);
    assert!(
        server.get(&server.media_of("small.1").unwrap()) == (200, small),
        "the first film is complete"
    );
}

#[test]
fn settings_file_of_the_server_names_the_data_folder_of_publish() {
    let server = PublishFixture::start();
    let data = format!("data = {:?}\n", server.data());
    let dir = folder(&[("firstframe.toml", data.as_bytes()), ("A.mp4", clip())]);
    let run = finish(firstframe().args(["publish", "."]).current_dir(dir.path()));
    run.assert_success(&["the catalog has 1 title."]);
}

#[test]
fn dry_run_needs_no_server_and_writes_no_file() {
    let dir = folder(&[("A.mp4", clip()), ("B.mp4", b"".as_slice())]);
    let nothing = folder::<&str>(&[]);
    let run = finish(
        firstframe().args(["publish", "--dry-run", "--data"]).arg(nothing.path()).arg(dir.path()),
    );
    run.assert_success(&[
        "A.mp4: plays: avc1.",
        "Would publish 1 title with 1 episode.",
        "B.mp4: is empty",
    ]);
    assert_eq!(fs::read_dir(nothing.path()).unwrap().count(), 0);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
}
