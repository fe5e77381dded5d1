//! A store that the first release wrote, `tests/fixtures/store-v1`, is served by the present binary, and
//! the present start index builders write the same bytes.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends here, and says why"
)]

use std::{
    collections::BTreeMap,
    fs::{self, File, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;
use tests::{
    deployment::Deployment,
    http::{Request, Response},
    process::{firstframe_command, workspace},
};

/// `expected.json` of the fixture.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Expected {
    viewer_token: String,
    source_id: String,
    picture_id: String,
    /// By object key.
    objects: BTreeMap<String, StoredObject>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredObject {
    /// Name of its file in `data/objects`.
    file: String,
    modified_ns: u64,
}

fn fixture() -> PathBuf {
    workspace().join("tests/fixtures/store-v1")
}

fn expected() -> Expected {
    let text = fs::read(fixture().join("expected.json")).expect("expected.json");
    serde_json::from_slice(&text).expect("expected.json has the fields of `Expected`")
}

impl Expected {
    /// The bytes of an object of the fixture.
    fn object(&self, key: &str) -> Vec<u8> {
        let file = &self.objects[key].file;
        fs::read(fixture().join("data/objects").join(file)).expect("an object of the fixture")
    }

    fn film(&self) -> Vec<u8> {
        self.object(&format!("media/{}", self.source_id))
    }

    /// A copy of the data folder, with the modification times that its database repeats.
    fn copy_data(&self, to: &Path) {
        let data = fixture().join("data");
        fs::create_dir_all(to.join("objects")).expect("a new folder");
        for name in ["database.sqlite", "firstframe.sqlite", "keys.toml"] {
            fs::copy(data.join(name), to.join(name)).expect("a file of the fixture");
        }
        // Git keeps no mode of a file that only its owner may read.
        let private = Permissions::from_mode(0o600);
        fs::set_permissions(to.join("keys.toml"), private).expect("a file of this test");
        for StoredObject { file, modified_ns } in self.objects.values() {
            let copy = to.join("objects").join(file);
            fs::copy(data.join("objects").join(file), &copy).expect("an object of the fixture");
            let modified = SystemTime::UNIX_EPOCH + Duration::from_nanos(*modified_ns);
            let file = File::options().write(true).open(copy).expect("a file of this test");
            file.set_modified(modified).expect("a file of this test");
        }
    }
}

/// A server of the copied store.
struct Store {
    deployment: Deployment,
    expected: Expected,
    _folder: TempDir,
}

impl Store {
    fn serve() -> Self {
        let (expected, folder) = (expected(), tempfile::tempdir().expect("a folder"));
        let data = folder.path().join("data");
        expected.copy_data(&data);
        let deployment = Deployment::serve(&data, &[]).expect("the store is served");
        Self { deployment, expected, _folder: folder }
    }

    fn send(&self, request: &Request) -> Response {
        request.send(&self.deployment.origin).expect("a response")
    }

    fn get(&self, target: &str) -> Response {
        self.send(&Request::get(target))
    }

    /// The `data` member of an API response to the viewer of the fixture.
    fn data(&self, target: &str) -> Value {
        let token = &*self.expected.viewer_token;
        let response = self.send(&Request::get(target).header("X-Client-Token", token));
        assert_eq!(response.status, 200, "{target}");
        let envelope: Value = serde_json::from_slice(&response.body).expect("an envelope");
        envelope["data"].clone()
    }

    /// The names of the object files, in order.
    fn object_files(&self) -> Vec<String> {
        object_files(self.deployment.data().expect("a data folder"))
            .into_iter()
            .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
            .collect()
    }
}

fn object_files(data: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(data.join("objects")).expect("a folder of objects");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    paths
}

#[test]
fn catalog_of_the_first_release_is_served() {
    let store = Store::serve();
    let cover = format!("/api/v2/image/{}", store.expected.picture_id);
    let home = store.data("/api/v2/home");
    assert_eq!(home["recent"][0]["id"], "small-film");
    assert_eq!(home["recent"][0]["coverImage"], *cover);
    let title = store.data("/api/v2/catalog/small-film");
    assert_eq!(
        (&title["title"], &title["metadata"]["year"]),
        (&"Small Film".into(), &"2026".into())
    );
    assert_eq!(title["episodes"][0]["durationMs"], 24_000);
    let picture = store.get(&cover);
    assert_eq!(picture.header("content-type").as_deref(), Some("image/png"));
    let key = format!("image/{}", store.expected.picture_id);
    assert!(picture.body == store.expected.object(&key), "another picture");
}

#[test]
fn film_of_the_first_release_is_served() {
    let store = Store::serve();
    let stream = store.data("/api/v2/stream/small-film.1");
    let url = stream["preferredStream"]["url"].as_str().expect("a preferred stream");
    assert!(url.starts_with(&format!("/api/v2/media/{}/", store.expected.source_id)), "{url}");
    let film = store.expected.film();
    assert!(store.get(url).body == film, "another film");
    let range = store.send(&Request::get(url).header("Range", "bytes=1000-99999"));
    assert!(range.status == 206 && range.body == film[1000..100_000], "another range");
}

/// A response without the colours that initialization segments say today of a film that says none: a
/// `colr` box, whose bytes the sizes of the boxes around it count.
fn without_colours(body: &[u8], right: &[u8]) -> Vec<u8> {
    const COLR: &[u8] = b"\0\0\0\x13colrnclx\0\x06\0\x06\0\x06\0";
    let at = body.windows(COLR.len()).position(|bytes| bytes == COLR).expect("colours are said");
    let mut without = [&body[..at], &body[at + COLR.len()..]].concat();
    for last in (0..at).rev() {
        if without[last] != right[last] {
            let (less, borrows) = without[last].overflowing_sub(0x13);
            without[last] = less;
            without[last - 1] -= u8::from(borrows);
        }
    }
    without
}

/// A response says of the film what that of the first release says, and its first window has all that was in
/// it then: today's end a few pictures later, and never between two that are shown in another order.
fn assert_says_as_much(body: &[u8], right: &[u8], what: &str) {
    let read = |body| mp4::start_index::decode(body).expect("boxes of a start");
    let (now, then) = (read(body), read(right));
    let film = |start: &mp4::start_index::Start| {
        (start.duration_ms, start.start_ms, start.tracks.clone(), start.inits.clone())
    };
    assert_eq!(film(&now), film(&then), "{what}");
    assert_eq!(now.windows.len(), then.windows.len(), "{what}");
    let first = |start: &mp4::start_index::Start| {
        let [fetch] = start.windows[0].fetches.clone().try_into().expect("one request");
        fetch
    };
    let (now, then) = (first(&now), first(&then));
    assert_eq!(now.range.start, then.range.start, "{what}");
    assert!(now.range.end >= then.range.end, "{what}: a window ends earlier");
    assert_eq!(now.fragments.len(), then.fragments.len(), "{what}");
    for (now, then) in now.fragments.iter().zip(&then.fragments) {
        let begin = |one: &mp4::fragment::Fragment| (one.track, one.init, one.first_sample);
        assert_eq!(begin(now), begin(then), "{what}");
        assert!(now.sample_count >= then.sample_count, "{what}: a window has fewer samples");
    }
}

#[test]
fn start_index_of_the_first_release_is_read_and_not_built_again() {
    let store = Store::serve();
    let before = store.object_files();
    let id = &store.expected.source_id;
    for (target, file) in [
        (format!("start/{id}?at=0"), "start.bin"),
        (format!("headers/{id}?at=9.5&windows=2"), "headers.bin"),
    ] {
        let response = store.get(&format!("/api/v2/{target}"));
        let right = fs::read(fixture().join(file)).expect("a response of the first release");
        assert!(response.status == 200, "{target}: {}", response.status);
        assert_says_as_much(&without_colours(&response.body, &right), &right, &target);
    }
    // An index that is built again is a new object file under the same key.
    assert_eq!(store.object_files(), before);
}

#[test]
fn viewer_of_the_first_release_keeps_history_and_watchlist() {
    let store = Store::serve();
    let history = store.data("/api/v2/history");
    let entries = history["items"].as_array().expect("a list");
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["episodeId"], "small-film.1");
    assert_eq!(entries[0]["positionSeconds"], 12.0);
    let watchlist = store.data("/api/v2/watchlist");
    assert_eq!(watchlist["items"][0]["catalogId"], "small-film");
}

/// Checks that a data folder has the root and the pack of the fixture, byte for byte.
fn assert_same_start_index(expected: &Expected, data: &Path) {
    let stored: Vec<Vec<u8>> =
        object_files(data).iter().map(|path| fs::read(path).expect("an object")).collect();
    let index = expected.objects.keys().filter(|key| key.starts_with("index/"));
    let keys: Vec<_> = index.collect();
    assert_eq!(keys.len(), 2, "a root and a pack");
    for key in keys {
        assert!(stored.contains(&expected.object(key)), "{key}: other bytes");
    }
}

#[test]
fn publisher_builds_the_start_index_of_the_first_release() {
    let expected = expected();
    let library = tempfile::tempdir().expect("a folder");
    fs::write(library.path().join("Small Film (2026).mp4"), expected.film()).expect("a new file");
    let deployment = Deployment::local_runtime().expect("firstframe serve starts");
    let data = deployment.data().expect("a data folder");
    let mut publish = firstframe_command().expect("the binary");
    publish.arg("publish").arg(library.path()).arg("--data").arg(data);
    let run = publish.output().expect("it runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert_same_start_index(&expected, data);
}

#[test]
fn edge_builds_the_start_index_of_the_first_release() {
    let expected = expected();
    let deployment = Deployment::local_runtime().expect("firstframe serve starts");
    let key = format!("media/{}", expected.source_id);
    deployment.put_object(&key, &expected.film()).expect("the film is stored");
    let target = format!("/api/v2/headers/{}?at=0", expected.source_id);
    let response = Request::get(target).send(&deployment.origin).expect("a response");
    assert_eq!(response.status, 200);
    assert_same_start_index(&expected, deployment.data().expect("a data folder"));
}
