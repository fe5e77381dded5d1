//! Every port fails in every way under every route: the status is right, and the port recovers.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on panics"
)]

use std::rc::Rc;

use edge::{
    http::ByteRange,
    memory::{Memory, MemoryResponse, MemoryStream, OutboundRequest, ScriptedResponse, send},
    platform::PortError,
    rules::signature::{Keys, Scope},
};

const KEYS: &str = "k:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const ADMIN: (&str, &str) = ("authorization", "Bearer the-key");
const PROVIDERS: &str = r#"[{"id": "one", "origins": ["https://a.example"],
    "bases": ["https://a.example/"]}]"#;
const ROOT: &str = "/api/v2/admin/root";
const SOURCES: &str = "/api/v2/admin/sources";
const FILM: &str = r#"{"provider": "one", "file": "film.mp4"}"#;
const PICTURES: &str = "/api/v2/admin/pictures";
const PREWARM: &str = "/api/v2/admin/prewarm/";
const PREFETCH_WINDOW: &str = r#"{"currentEpisodeId": "near.1", "nextEpisodeIds": ["far.1"]}"#;
const PICTURE: &str = r#"{"provider": "one", "file": "a.png"}"#;
/// What a port says for the operator only.
const SECRET: &str = "kv.internal:7 of bucket-4711";
/// Longer than any origin is left alone.
const REST_MS: u64 = 61_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Port {
    KeyValue,
    Objects,
    Database,
    Upstream,
    Random,
}

use Port::{Database, KeyValue, Objects, Random, Upstream};
const PORTS: [Port; 5] = [KeyValue, Objects, Database, Upstream, Random];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Down,
    Denied,
    Full,
    Silent,
}

const FAULTS: [Fault; 4] = [Fault::Down, Fault::Denied, Fault::Full, Fault::Silent];
/// A request, and the ports that it needs in a new instance.
#[derive(Default)]
struct Case {
    method: &'static str,
    path: String,
    body: String,
    range: &'static str,
    needs: Vec<Port>,
    /// Of those, what it writes to.
    writes: Vec<Port>,
    /// Whether an instance that has answered it before needs nothing.
    is_remembered: bool,
}

struct PortsFixture {
    memory: Memory,
    token: String,
    film: String,
    picture: String,
    /// Two catalogs with these titles.
    manifests: [String; 2],
}

fn size_of(url: &str) -> u64 {
    if url.contains(".png") { 1_000 } else { 6_000_000 }
}

/// Bytes of a file; a picture begins as one does.
fn content(url: &str, range: ByteRange) -> Vec<u8> {
    let start: &[u8] = if url.contains(".png") { b"\x89PNG\r\n\x1a\n" } else { b"\0\0\0\x08free" };
    let at = |at: u64| usize::try_from(at).ok().and_then(|at| start.get(at).copied()).unwrap_or(7);
    (range.start..range.end).map(at).collect()
}

fn good(request: &OutboundRequest) -> ScriptedResponse {
    let size = size_of(&request.url);
    let range = request.range.unwrap_or(ByteRange { start: 0, end: size });
    let range = ByteRange { start: range.start, end: range.end.min(size) };
    let content_range = format!("bytes {}-{}/{size}", range.start, range.end - 1);
    let headers =
        vec![("content-range", content_range), ("content-length", range.len().to_string())];
    ScriptedResponse::Response(206, headers, MemoryStream::whole(content(&request.url, range)))
}

/// A deployment with two titles, one of them with an upstream film, and a viewer.
fn fixture(startup_store: &str) -> PortsFixture {
    let memory = Memory::default();
    memory.clock.0.set(1_700_000_000_000);
    let settings = [
        ("admin_key", "the-key"),
        ("media_keys", KEYS),
        ("providers", PROVIDERS),
        ("startup_store", startup_store),
    ];
    for (name, value) in settings {
        memory.settings.0.borrow_mut().insert(name.to_owned(), value.to_owned());
    }
    memory.outbound.serve_with(good);
    memory.objects.put("media/own", &[7; 5_000], 0);
    memory.objects.put("image/own", b"\x89PNG\r\n\x1a\n and so on", 0);
    let ingested = |path: &str, body: &str| {
        let answer = send(&memory, "POST", path, &[ADMIN], Some(body.as_bytes()));
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        body["data"]["id"].as_str().unwrap().to_owned()
    };
    let film = ingested(SOURCES, FILM);
    let picture = ingested(PICTURES, PICTURE);
    let titles = [title("near", "own", "own"), title("far", &film, &picture)];
    let more = [titles.as_slice(), &[title("third", "own", "own")]].concat();
    let manifests = [titles.to_vec(), more].map(|titles| {
        let built = catalog::build(titles).unwrap();
        for pack in built.packs.iter().chain([&built.manifest]) {
            let path = format!("/api/v2/admin/packs/{}", pack.hash);
            assert_eq!(send(&memory, "PUT", &path, &[ADMIN], Some(&pack.bytes)).status, 201);
        }
        built.manifest.hash
    });
    let flip = format!(r#"{{"manifest": "{}", "previous": null}}"#, manifests[0]);
    assert_eq!(send(&memory, "PUT", ROOT, &[ADMIN], Some(flip.as_bytes())).status, 200);
    assert_eq!(send(&memory, "POST", ACCOUNTS, &[ADMIN], Some(ACCOUNT.as_bytes())).status, 201);
    let session = send(&memory, "POST", "/api/v2/session/anonymous", &[], Some(b""));
    let token = session.header("x-client-token").to_owned();
    let near = br#"{"catalogId": "near", "episodeId": "near.1", "positionSeconds": 60}"#;
    for path in ["/api/v2/history", "/api/v2/watchlist"] {
        let answer = send(&memory, "POST", path, &[("x-client-token", &token)], Some(near));
        assert!(answer.status < 300, "{path}: {answer:?}");
    }
    PortsFixture { memory, token, film, picture, manifests }
}

fn title(id: &str, source: &str, cover: &str) -> catalog::Title {
    let source = catalog::Source {
        id: source.to_owned(),
        container: "mp4".to_owned(),
        playable: true,
        ..catalog::Source::default()
    };
    let episode =
        catalog::Episode { number: 1, sources: vec![source], ..catalog::Episode::default() };
    let (id, cover) = (id.to_owned(), Some(cover.to_owned()));
    catalog::Title { id, cover, episodes: vec![episode], ..catalog::Title::default() }
}

/// The ports that reads of blocks need, and those of writes. One of two stores is enough to read.
const fn block_ports(is_durable: bool) -> (&'static [Port], &'static [Port]) {
    if is_durable { (&[], &[KeyValue, Objects]) } else { (&[KeyValue], &[KeyValue]) }
}

const ACCOUNTS: &str = "/api/v2/admin/accounts";
const ACCOUNT: &str =
    r#"{"name": "anna", "passwordHash": "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYQ"}"#;
/// A position in the title `far`.
const FAR: &str = r#"{"catalogId": "far", "episodeId": "far.1", "positionSeconds": 60}"#;

fn case(method: &'static str, path: &str, needs: &[Port]) -> Case {
    Case { method, path: path.to_owned(), needs: needs.to_vec(), ..Case::default() }
}

fn writing(method: &'static str, path: &str, body: &str, [needs, writes]: [&[Port]; 2]) -> Case {
    Case { body: body.to_owned(), writes: writes.to_vec(), ..case(method, path, needs) }
}

/// Every route, most of them in more than one way.
fn cases(fixture: &PortsFixture, is_durable: bool) -> Vec<Case> {
    let remembered =
        |path: &str, needs: &[Port]| Case { is_remembered: true, ..case("GET", path, needs) };
    let now_ms = fixture.memory.clock.0.get();
    let signed = |route, scope, id: &str| {
        format!("/api/v2/{route}/{id}?{}", Keys::parse(KEYS).unwrap().sign(scope, id, now_ms))
    };
    let film = signed("media", Scope::Media, &fixture.film);
    let pack = catalog::build(Vec::new()).unwrap().manifest;
    let pack_path = format!("/api/v2/admin/packs/{}", pack.hash);
    let pack = String::from_utf8(pack.bytes).unwrap();
    let (block_reads, block_writes) = block_ports(is_durable);
    let ingest = [&[Upstream], block_writes].concat();
    let purging = [&[Database], block_writes].concat();
    let beyond = [block_reads, &[Upstream]].concat();
    vec![
        case("GET", "/health", &[KeyValue, Objects, Database]),
        case("GET", "/", &[]),
        case("GET", "/assets/none.js", &[]),
        case("OPTIONS", "/api/v2/home", &[]),
        remembered("/api/v2/home", &[KeyValue]),
        remembered("/api/v2/catalog/near", &[KeyValue]),
        remembered("/api/v2/catalog/far/episodes", &[KeyValue]),
        remembered("/api/v2/stream/far.1", &[KeyValue]),
        case("GET", "/api/v2/media/own", &[Objects]),
        case("HEAD", "/api/v2/media/own", &[Objects]),
        case("GET", "/api/v2/image/own", &[Objects]),
        Case { range: "bytes=0-999", ..remembered(&film, block_reads) },
        Case { range: "bytes=3000000-3000999", ..case("GET", &film, &beyond) },
        remembered(&signed("image", Scope::Image, &fixture.picture), block_reads),
        remembered(&signed("headers", Scope::Media, &fixture.film), block_reads),
        remembered("/api/v2/headers/own", &[Objects]),
        remembered("/api/v2/start/own", &[Objects]),
        writing("POST", "/api/v2/stream/window", PREFETCH_WINDOW, [&[KeyValue, Database], &[]]),
        case("GET", &format!("{PREWARM}far.1"), &[KeyValue, Database]),
        case("POST", &format!("{PREWARM}far.1"), &[KeyValue, Database]),
        case("POST", &format!("{PREWARM}near.1"), &[KeyValue, Objects]),
        case("GET", "/api/v2/session", &[]),
        writing("POST", "/api/v2/session/anonymous", "", [&[Database, Random], &[Database]]),
        case("GET", "/api/v2/history", &[Database, KeyValue]),
        writing("POST", "/api/v2/history", FAR, [&[Database, KeyValue], &[Database]]),
        case("GET", "/api/v2/continue-watching", &[Database, KeyValue]),
        case("GET", "/api/v2/watchlist", &[Database, KeyValue]),
        writing("POST", "/api/v2/watchlist", FAR, [&[Database, KeyValue], &[Database]]),
        case("DELETE", "/api/v2/watchlist/far", &[Database]),
        case("DELETE", "/api/v2/history/far", &[Database]),
        case("GET", ROOT, &[KeyValue]),
        writing("PUT", ROOT, &fixture.flip(), [&[KeyValue, Database], &[KeyValue, Database]]),
        writing("PUT", &pack_path, &pack, [&[KeyValue], &[KeyValue]]),
        case("GET", &pack_path, &[KeyValue]),
        writing("POST", SOURCES, FILM, [&ingest, block_writes]),
        writing("POST", PICTURES, PICTURE, [&ingest, block_writes]),
        case("GET", "/api/v2/admin/sources?provider=one", &[Database]),
        writing("DELETE", "/api/v2/admin/sources/gone", "", [&[Objects, KeyValue], &[KeyValue]]),
        writing("DELETE", "/api/v2/admin/pictures/gone", "", [&[Objects, KeyValue], &[KeyValue]]),
        case("GET", ACCOUNTS, &[Database]),
        writing("POST", ACCOUNTS, ACCOUNT, [&[Database, Random], &[Database]]),
        writing("PUT", "/api/v2/admin/accounts/gone", ACCOUNT, [&[Database], &[Database]]),
        case("DELETE", "/api/v2/admin/accounts/gone", &[Database]),
        case("DELETE", "/api/v2/admin/startup/far", &purging),
        case("DELETE", "/api/v2/admin/startup", &purging),
    ]
}

impl PortsFixture {
    /// From the catalog that is current to the other one.
    fn flip(&self) -> String {
        let root = self.memory.key_value.values.borrow()["c/root"].clone();
        let root: serde_json::Value = serde_json::from_slice(&root).unwrap();
        let other = self.manifests.iter().find(|manifest| root["manifest"] != **manifest).unwrap();
        format!(r#"{{"manifest": "{other}", "previous": {}}}"#, root["manifest"])
    }

    fn send(&self, case: &Case) -> MemoryResponse {
        let token = if case.path.contains("session") { "" } else { self.token.as_str() };
        let headers = [ADMIN, ("x-client-token", token), ("range", case.range)];
        send(&self.memory, case.method, &case.path, &headers, Some(case.body.as_bytes()))
    }

    /// An instance that remembers nothing, over the same stores.
    fn restarted(self) -> Self {
        Self { memory: Memory { instance: Rc::default(), ..self.memory }, ..self }
    }

    fn set(&self, port: Port, fault: Option<Fault>) {
        let error = fault.map(|fault| match fault {
            Fault::Down | Fault::Silent => PortError::Unavailable(SECRET.to_owned()),
            Fault::Denied => PortError::Denied(SECRET.to_owned()),
            Fault::Full => PortError::Full(SECRET.to_owned()),
        });
        let failing = match port {
            KeyValue => &self.memory.key_value.failing,
            Objects => &self.memory.objects.failing,
            Database => &self.memory.database.failing,
            Random => &self.memory.random.failing,
            Upstream => {
                self.memory.outbound.serve_with(move |request| match fault {
                    None => good(request),
                    Some(Fault::Silent) => ScriptedResponse::NoResponse,
                    Some(Fault::Down) => ScriptedResponse::ConnectionRefused,
                    Some(Fault::Denied) => {
                        ScriptedResponse::Response(403, vec![], MemoryStream::default())
                    }
                    Some(Fault::Full) => {
                        ScriptedResponse::Response(507, vec![], MemoryStream::default())
                    }
                });
                return;
            }
        };
        failing.set_silent(fault == Some(Fault::Silent));
        failing.set_error(error);
    }
}

impl Case {
    /// Whether this fault stands in its way.
    fn fails(&self, port: Port, fault: Fault) -> bool {
        // What is full is full for who writes; a server that says so just fails.
        let is_full = fault == Fault::Full && port != Upstream;
        (if is_full { &self.writes } else { &self.needs }).contains(&port)
    }
}

/// Checks that an answer tells what to do, and nothing that is not for clients.
fn says_what_to_do(answer: &MemoryResponse, port: Port, fault: Fault, what: &str) {
    let content_range = String::from_utf8_lossy(&answer.body).into_owned();
    let (statuses, code): (&[u16], &str) = match (port, fault) {
        (Upstream, _) => (&[502, 503], "upstream_"),
        (_, Fault::Full) => (&[507], "storage_full"),
        (_, Fault::Down | Fault::Denied | Fault::Silent) => (&[503], "storage_unavailable"),
    };
    assert!(statuses.contains(&answer.status), "{what}: {} {content_range}", answer.status);
    let retries = answer.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds >= 1);
    assert_eq!(retries, answer.status != 507, "{what}: {:?}", answer.headers);
    assert_eq!(answer.header("cache-control"), "no-store", "{what}");
    // The deployer may know where a provider is.
    let names_origin = content_range.contains("a.example") && !what.contains("/admin/");
    assert!(!content_range.contains("internal") && !names_origin, "{what}: {content_range}");
    // `HEAD` has headers only (RFC 9110 §9.3.2).
    if !what.contains("HEAD") {
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        assert!(
            body["error"]["code"].as_str().unwrap().starts_with(code),
            "{what}: {content_range}"
        );
        assert!(
            body["error"]["message"].as_str().unwrap().contains("again"),
            "{what}: {content_range}"
        );
        assert!(body["data"].is_null(), "{what}");
    }
}

fn every_fault_of_every_port_under_every_route(startup_store: &str) {
    let mut fixture = fixture(startup_store);
    let is_durable = startup_store == "durable";
    for n in 0..cases(&fixture, is_durable).len() {
        for port in PORTS {
            for fault in FAULTS {
                // Made anew each time: signatures end, and the clock goes on.
                let case = cases(&fixture, is_durable).swap_remove(n);
                let what = format!("{} {} with {port:?} {fault:?}", case.method, case.path);
                fixture = fixture.restarted();
                let normal = fixture.send(&case);
                assert!(normal.status < 500 || case.path == "/", "{what}: {normal:?}");
                if case.is_remembered {
                    fixture.set(port, Some(fault));
                    assert_eq!(fixture.send(&case).status, normal.status, "{what}, remembered");
                    fixture.set(port, None);
                }
                if case.path.contains("/startup") {
                    // There has to be something to purge.
                    let film =
                        send(&fixture.memory, "POST", SOURCES, &[ADMIN], Some(FILM.as_bytes()));
                    assert_eq!(film.status, 201);
                }
                fixture = fixture.restarted();
                let case = cases(&fixture, is_durable).swap_remove(n);
                fixture.set(port, Some(fault));
                let answer = fixture.send(&case);
                if case.fails(port, fault) {
                    says_what_to_do(&answer, port, fault, &what);
                } else {
                    assert_eq!(answer.status, normal.status, "{what}: {answer:?}");
                }
                fixture.set(port, None);
                fixture.memory.clock.0.set(fixture.memory.clock.0.get() + REST_MS);
                let case = cases(&fixture, is_durable).swap_remove(n);
                assert_eq!(fixture.send(&case).status, normal.status, "{what}, and then mended");
            }
        }
    }
}

#[test]
fn failing_port_fails_only_what_needs_it_with_one_store() {
    every_fault_of_every_port_under_every_route("local");
}

#[test]
fn failing_port_fails_only_what_needs_it_with_a_durable_store() {
    every_fault_of_every_port_under_every_route("durable");
}

#[test]
fn stale_key_value_store_is_an_error_that_says_to_retry() {
    for (lost, path) in [
        ("c/p/", "/api/v2/home"),
        ("c/p/", "/api/v2/catalog/near"),
        ("c/p/", "/api/v2/stream/far.1"),
        ("s/", "/api/v2/media/up."),
        ("s/", "/api/v2/image/up."),
    ] {
        let fixture = fixture("local").restarted();
        let whole = fixture.memory.key_value.values.borrow().clone();
        let is_it = |case: &Case| case.method == "GET" && case.path.starts_with(path);
        let case = cases(&fixture, false).into_iter().find(is_it).unwrap();
        fixture.memory.key_value.values.borrow_mut().retain(|key, _| !key.starts_with(lost));
        says_what_to_do(&fixture.send(&case), KeyValue, Fault::Down, path);
        fixture.memory.key_value.values.replace(whole);
        assert!(fixture.send(&case).status < 300, "{path}");
    }
}
