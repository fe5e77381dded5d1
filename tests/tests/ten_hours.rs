//! A film of ten hours: an edge with 64 MB of memory makes its headers, and reads them back right.
#![expect(clippy::expect_used, reason = "a test that cannot go on ends here, and says why")]

use std::{
    fs::{self, File},
    io::{Seek as _, SeekFrom, Write as _},
    path::Path,
};

use api::Stream;
use mp4::{
    Index,
    film::{self, Film, MoovAt},
    plan::Selection,
    start::{self, Answer, Ask, From},
};
use tests::{
    bytes::Dice,
    fixture,
    http::{Connection, Request},
    target::Deployment,
    upstream::Upstream,
};

/// The most whole mebibytes within 64 MB. An instance that wants more ends in the middle.
const MEMORY: [&str; 2] = ["--memory-mib-max", "61"];
const POSITIONS: u64 = 1000;
const OWN: &str = "36003600360036003600360036003600";
/// What of a film comes behind the time that was asked for.
const FIRST_MS: u64 = 2_000;

/// The clip of sixteen seconds, over and over.
fn ten_hours(moov_at: MoovAt) -> Film {
    let film = film::write(fixture::playing(), 10 * 60 * 60 / 16, moov_at);
    film.expect("the clip is repeated")
}

/// Its `moov`, and what comes behind that.
fn moov(film: &Film) -> &[u8] {
    let place = if film.tail.is_empty() { &film.head } else { &film.tail };
    let kind = place.windows(4).position(|kind| kind == b"moov").expect("a moov");
    place.get(kind - 4..).expect("a box begins with its size")
}

/// The film on disk, where its pictures and its sound take no room.
fn write_sparse(film: &Film, path: &Path) {
    let mut out = File::create(path).expect("a new film");
    out.write_all(&film.head).expect("room for its head");
    let tail_at = film.size_bytes() - film.tail.len() as u64;
    out.seek(SeekFrom::Start(tail_at)).expect("a file with a hole in it");
    out.write_all(&film.tail).expect("room for its tail");
}

/// What its index, read here, says of a start.
fn expected(index: &Index<&[u8]>, at_ms: u64) -> Answer {
    let selection = Selection { video: index.default_video(), audio: index.default_audio() };
    let ask = |span_ms| {
        let ask = Ask { selection, from: From::Time(at_ms), span_ms, count: 1 };
        start::answer(index, ask).expect("a film that plays")
    };
    ask(at_ms.saturating_sub(ask(1).start_ms) + FIRST_MS)
}

/// Headers for this time, and that they are about it.
fn headers(connection: &mut Connection, url: &str, at_ms: u64) -> Answer {
    let at = format!("at={}.{:03}", at_ms / 1000, at_ms % 1000);
    let response = Request::get(format!("{url}{at}")).send_on(connection).expect("an answer");
    let said = || String::from_utf8_lossy(&response.body).into_owned();
    assert_eq!(response.status, 200, "{at}: {}", said());
    let answer = start::read(&response.body).expect("boxes of the wire form");
    let window = answer.windows.first().expect("a window");
    assert_eq!(answer.windows.len(), 1, "{at}");
    assert!(window.start_ms <= at_ms && window.keys_ms.first() == Some(&window.start_ms), "{at}");
    // Times are told in whole milliseconds.
    let until_ms = (at_ms + FIRST_MS).min(answer.duration_ms) - 1;
    assert!(window.end_ms >= until_ms, "{at} to {} ms", window.end_ms);
    answer
}

/// Reads headers at a thousand times, of which the first makes them if nobody has.
fn read_back(deployment: &Deployment, url: &str, film: &Film) {
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
fn an_own_film_of_ten_hours_is_made_ready_in_sixty_four_megabytes_by_who_asks_first() {
    let film = ten_hours(MoovAt::Tail);
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let deployment = Deployment::serve(data.clone(), &MEMORY).expect("firstframe serve starts");
    let incoming = data.join("incoming");
    fs::create_dir_all(&incoming).expect("a folder for what comes in");
    write_sparse(&film, &incoming.join(OWN));
    let store = deployment.store().expect("it speaks S3");
    store.take_in(OWN, &api::paths::media_key(OWN)).expect("the film is taken in");
    read_back(&deployment, &format!("/api/v2/headers/{OWN}?at=0"), &film);
}

#[test]
fn a_film_of_ten_hours_elsewhere_is_made_ready_in_sixty_four_megabytes_as_it_is_taken_up() {
    for moov_at in [MoovAt::Tail, MoovAt::Head] {
        ingest(ten_hours(moov_at));
    }
}

fn ingest(film: Film) {
    let upstream = Upstream::of(film.clone()).expect("a provider");
    let folder = tempfile::tempdir().expect("a folder");
    let providers = folder.path().join("providers.json");
    fs::write(&providers, upstream.providers()).expect("a file");
    let mut flags = MEMORY.to_vec();
    let providers = providers.to_str().expect("a path in UTF-8");
    flags.extend(["--providers", providers, "--allowed-outbound-hosts", &upstream.origin]);
    let deployment = Deployment::serve(folder.path().join("data"), &flags).expect("it starts");
    let taken = fixture::ingest(&deployment, "film.mp4").expect("it is taken up");
    fixture::show(&deployment, "long", &[taken]).expect("a catalog");
    let stream = Request::get("/api/v2/stream/long.1").send(&deployment.origin).expect("a stream");
    let stream: Stream = stream.envelope().expect("an envelope").data.expect("a stream");
    // Only what is stored already has it.
    let start = stream.start.expect("a start");
    let asked = upstream.asked();
    read_back(&deployment, &start.headers_url, &film);
    assert_eq!(upstream.asked(), asked, "nobody needs its provider for that");
}
