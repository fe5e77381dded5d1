//! An edge with 64 MB of memory makes the start index of a film of ten hours, and every start that it
//! answers from it is right.
#![expect(clippy::expect_used, reason = "a test that cannot go on ends here, and says why")]

use std::{
    fs::File,
    io::{Seek as _, SeekFrom, Write as _},
    path::Path,
};

use anyhow::Result;
use api::{Stream, paths::media_key};
use mp4::{
    Index,
    plan::Selection,
    start_index::{self, Start, StartPosition, StartRequest},
    synth::{self, MoovAt, SynthFile},
};
use tests::{
    bytes::Dice,
    deployment::Deployment,
    fixture,
    http::{Connection, Request},
    upstream::Upstream,
};

/// The most whole mebibytes within 64 MB. An instance that needs more is ended by the server.
const MEMORY: [&str; 2] = ["--memory-mib-max", "61"];
const POSITIONS: u64 = 1000;
const OWN: &str = "36003600360036003600360036003600";
/// How much of the film a start has behind the time that was requested.
const FIRST_MS: u64 = 2_000;

/// The clip of sixteen seconds, over and over.
fn ten_hours(moov_at: MoovAt) -> SynthFile {
    let film = synth::repeat_clip(fixture::playable_film(), 10 * 60 * 60 / 16, moov_at);
    film.expect("the clip is repeated")
}

/// The film's bytes from `moov` on.
fn moov(film: &SynthFile) -> &[u8] {
    let place = if film.tail.is_empty() { &film.head } else { &film.tail };
    let kind = place.windows(4).position(|kind| kind == b"moov").expect("a moov");
    place.get(kind - 4..).expect("a box begins with its size")
}

/// Writes the film as a sparse file: its media bytes take no room on the disk.
fn write_sparse(film: &SynthFile, path: &Path) -> Result<()> {
    let mut out = File::create(path)?;
    out.write_all(&film.head)?;
    let tail_at = film.size_bytes() - film.tail.len() as u64;
    out.seek(SeekFrom::Start(tail_at))?;
    Ok(out.write_all(&film.tail)?)
}

/// The start that the film's own index gives, read here.
fn expected(index: &Index<&[u8]>, at_ms: u64) -> Start {
    let selection = Selection { video: index.default_video(), audio: index.default_audio() };
    let ask = |span_ms| {
        let ask = StartRequest { selection, from: StartPosition::Time(at_ms), span_ms, count: 1 };
        start_index::plan_from_moov(index, ask).expect("a film that plays")
    };
    ask(at_ms.saturating_sub(ask(1).start_ms) + FIRST_MS)
}

/// Requests the headers for this time, and checks that they cover it.
fn headers(connection: &mut Connection, url: &str, at_ms: u64) -> Start {
    let at = format!("at={}.{:03}", at_ms / 1000, at_ms % 1000);
    let response = Request::get(format!("{url}{at}")).send_on(connection).expect("a response");
    let body = || String::from_utf8_lossy(&response.body).into_owned();
    assert_eq!(response.status, 200, "{at}: {}", body());
    let answer = start_index::decode(&response.body).expect("boxes of the wire form");
    let window = answer.windows.first().expect("a window");
    assert_eq!(answer.windows.len(), 1, "{at}");
    assert!(window.start_ms <= at_ms && window.keys_ms.first() == Some(&window.start_ms), "{at}");
    // Times are in whole milliseconds.
    let until_ms = (at_ms + FIRST_MS).min(answer.duration_ms) - 1;
    assert!(window.end_ms >= until_ms, "{at} to {} ms", window.end_ms);
    answer
}

/// Requests headers at a thousand times. The first request makes the start index where there is none.
fn read_back(deployment: &Deployment, url: &str, film: &SynthFile) {
    let index = Index::parse(moov(film)).expect("it is an index");
    let (url, _) = url.rsplit_once("at=").expect("a URL of one time");
    let mut connection = deployment.origin.connect().expect("a connection");
    let mut dice = Dice::new(36_000);
    for n in 0..POSITIONS {
        let at_ms = dice.below(index.duration_ms());
        let answer = headers(&mut connection, url, at_ms);
        assert!(answer == expected(&index, at_ms), "{n}: other headers at {at_ms} ms");
    }
}

#[test]
fn own_film_of_ten_hours_is_indexed_in_64_mb_at_the_first_request() {
    let film = ten_hours(MoovAt::Tail);
    let deployment = Deployment::local_runtime_with(&MEMORY).expect("firstframe serve starts");
    let put = deployment.put_file(&media_key(OWN), |path| write_sparse(&film, path));
    put.expect("the film is stored");
    read_back(&deployment, &format!("/api/v2/headers/{OWN}?at=0"), &film);
}

#[test]
fn upstream_film_of_ten_hours_is_indexed_in_64_mb_as_it_is_ingested() {
    for moov_at in [MoovAt::Tail, MoovAt::Head] {
        ingest_and_read_back(ten_hours(moov_at));
    }
}

fn ingest_and_read_back(film: SynthFile) {
    let upstream = Upstream::with_film(film.clone()).expect("a provider");
    let folder = tempfile::tempdir().expect("a folder");
    let deployment = Deployment::serve_with_upstream(folder.path(), &upstream, &MEMORY);
    let deployment = deployment.expect("firstframe serve starts");
    let source = fixture::ingest(&deployment, "film.mp4").expect("the film is ingested");
    fixture::publish_title(&deployment, "long", &[source]).expect("a catalog");
    let stream = Request::get("/api/v2/stream/long.1").send(&deployment.origin).expect("a stream");
    let stream: Stream = stream.envelope().expect("an envelope").data.expect("a stream");
    // A stream has a start only where the start index is stored.
    let start = stream.start.expect("a start");
    let requests = upstream.request_count();
    read_back(&deployment, &start.headers_url, &film);
    assert_eq!(upstream.request_count(), requests, "a start needs the provider");
}
