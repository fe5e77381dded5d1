//! A deployment in memory: its settings, its providers, and what an operator does with it.

use edge::{
    memory::{Memory, MemoryResponse, send},
    rules::signature::{Keys, Scope},
};

/// The setting `media_keys`.
pub(crate) const KEYS: &str = "k:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
/// The header of a request by the operator.
pub(crate) const ADMIN: (&str, &str) = ("authorization", "Bearer the-key");
/// The setting `providers`: one mirror, two mirrors, and a resolver.
const PROVIDERS: &str = r#"[
    {"id": "one", "origins": ["https://a.example"], "bases": ["https://a.example/films/"]},
    {"id": "two", "origins": ["https://a.example", "https://b.example"],
     "bases": ["https://a.example/films/", "https://b.example/"]},
    {"id": "vault", "origins": ["https://api.example", "https://dl.example"],
     "resolve": "https://api.example/link?file={file}"}
]"#;

/// A deployment with providers and without films.
pub(crate) fn deployment() -> Memory {
    let memory = Memory::default();
    memory.clock.0.set(1_700_000_000_000);
    for (name, value) in [("admin_key", "the-key"), ("media_keys", KEYS), ("providers", PROVIDERS)]
    {
        memory.settings.0.borrow_mut().insert(name.to_owned(), value.to_owned());
    }
    memory
}

/// A request by the operator, without a body.
pub(crate) fn admin(memory: &Memory, method: &str, path: &str) -> MemoryResponse {
    send(memory, method, path, &[ADMIN], Some(b""))
}

/// Ingests a file of a provider.
pub(crate) fn ingest(memory: &Memory, provider: &str, file: &str) -> MemoryResponse {
    let body = format!("{{\"provider\": \"{provider}\", \"file\": \"{file}\"}}");
    send(memory, "POST", "/api/v2/admin/sources", &[ADMIN], Some(body.as_bytes()))
}

/// The source id that the response to an ingest has. Panics where the file was not ingested.
pub(crate) fn source_id(response: &MemoryResponse) -> String {
    assert_eq!(response.status, 201, "{}", text(response));
    let json: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
    json["data"]["id"].as_str().unwrap().to_owned()
}

/// Makes a catalog of these titles the current one.
pub(crate) fn put_catalog(memory: &Memory, titles: Vec<catalog::Title>) {
    let built = catalog::build(titles).unwrap();
    let mut values = memory.key_value.values.borrow_mut();
    for pack in built.packs.iter().chain([&built.manifest]) {
        values.insert(format!("c/p/{}", pack.hash), pack.bytes.clone());
    }
    let root = format!("{{\"manifest\": \"{}\", \"flippedAtMs\": 0}}", built.manifest.hash);
    values.insert("c/root".to_owned(), root.into_bytes());
}

/// A title whose episodes have one source each, with these ids.
pub(crate) fn title(id: &str, source_ids: &[&str]) -> catalog::Title {
    let episodes = (1..).zip(source_ids).map(|(number, id)| catalog::Episode {
        number,
        duration_ms: Some(600_000),
        sources: vec![catalog::Source {
            id: (*id).to_owned(),
            container: "mp4".to_owned(),
            playable: true,
            ..catalog::Source::default()
        }],
        ..catalog::Episode::default()
    });
    let episodes = episodes.collect();
    catalog::Title { id: id.to_owned(), episodes, ..catalog::Title::default() }
}

/// A signed URL; `route` is `media`, `headers` or `start`.
pub(crate) fn signed_url(memory: &Memory, route: &str, id: &str) -> String {
    let signature = Keys::parse(KEYS).unwrap().sign(Scope::Media, id, memory.clock.0.get());
    format!("/api/v2/{route}/{id}?{signature}")
}

/// How many requests the providers have seen.
pub(crate) fn upstream_requests(memory: &Memory) -> usize {
    memory.outbound.requests.borrow().len()
}

pub(crate) fn text(response: &MemoryResponse) -> String {
    String::from_utf8_lossy(&response.body).into_owned()
}
