//! Long films that repeat the demo's clip, and deployments that have them as own or upstream films.

use edge::{
    http::ByteRange,
    memory::{Memory, MemoryResponse, MemoryStream, OutboundRequest, ScriptedResponse, send},
};
use mp4::{
    Index, TrackKind,
    plan::Selection,
    start_index::{self, StartPosition, StartRequest},
    synth::{self, MoovAt},
};

pub(crate) use crate::deployment::{admin, text, upstream_requests};
use crate::deployment::{deployment, put_catalog, signed_url, source_id, title};

const CLIP: &[u8] = include_bytes!("../../../local-runtime/demo/clip.mp4");
/// The id of a film in the own store.
pub(crate) const OWN: &str = "00ff";

/// A film that repeats the clip.
#[derive(Clone)]
pub(crate) struct LongFilm {
    head: Vec<u8>,
    media: &'static [u8],
    repeats: u64,
    pub(crate) tail: Vec<u8>,
}

impl LongFilm {
    pub(crate) fn new(minutes: u32, moov_at: MoovAt) -> Self {
        let made = synth::repeat_clip(CLIP, minutes * 60 / 16, moov_at).unwrap();
        let at = |at: u64| usize::try_from(at).unwrap();
        let media = &CLIP[at(made.media.start)..at(made.media.end)];
        let synth::SynthFile { head, repeats, tail, .. } = made;
        Self { head, media, repeats: repeats.into(), tail }
    }

    pub(crate) fn size(&self) -> u64 {
        let media = self.media.len() as u64 * self.repeats;
        self.head.len() as u64 + media + self.tail.len() as u64
    }

    pub(crate) fn bytes(&self, range: ByteRange) -> Vec<u8> {
        let media_end = self.size() - self.tail.len() as u64;
        let mut bytes = Vec::with_capacity(usize::try_from(range.len()).unwrap());
        while (bytes.len() as u64) < range.len() {
            let at = range.start + bytes.len() as u64;
            let rest = if let Some(of_tail) = at.checked_sub(media_end) {
                &self.tail[usize::try_from(of_tail).unwrap()..]
            } else if let Some(of_media) = at.checked_sub(self.head.len() as u64) {
                &self.media[usize::try_from(of_media).unwrap() % self.media.len()..]
            } else {
                &self.head[usize::try_from(at).unwrap()..]
            };
            let left = usize::try_from(range.end - at).unwrap();
            bytes.extend(&rest[..rest.len().min(left)]);
        }
        bytes
    }

    /// The start that its `moov` gives: a first window of two seconds behind the requested time,
    /// then ten seconds each.
    pub(crate) fn expected_start(&self, from: StartPosition, count: u32) -> start_index::Start {
        let whole = if self.tail.is_empty() { &self.head } else { &self.tail };
        let moov = whole.windows(4).position(|kind| kind == b"moov").unwrap() - 4;
        let index = Index::parse(&whole[moov..]).unwrap();
        let selection = Selection { video: index.default_video(), audio: index.default_audio() };
        assert_eq!(index.tracks()[selection.audio.unwrap()].kind, TrackKind::Audio);
        let ask = |from, span_ms, count| {
            start_index::plan_from_moov(&index, StartRequest { selection, from, span_ms, count })
                .unwrap()
        };
        let StartPosition::Time(time_ms) = from else { return ask(from, 10_000, count) };
        let behind_key_ms = time_ms.saturating_sub(ask(from, 1, 1).start_ms);
        let mut answer = ask(from, behind_key_ms + 2_000, 1);
        if let Some(first) = answer.windows.first() {
            answer
                .windows
                .extend(ask(StartPosition::Cursor(first.next), 10_000, count - 1).windows);
        }
        answer
    }

    /// What a good server sends.
    fn sent(&self, request: &OutboundRequest) -> ScriptedResponse {
        sent(request, self.size(), |range| self.bytes(range))
    }
}

/// What a good server sends of a file of this size.
fn sent(
    request: &OutboundRequest,
    size: u64,
    bytes: impl FnOnce(ByteRange) -> Vec<u8>,
) -> ScriptedResponse {
    let range = request.range.unwrap_or(ByteRange { start: 0, end: size });
    let range = ByteRange { start: range.start, end: range.end.min(size) };
    let headers = vec![
        ("content-range", format!("bytes {}-{}/{size}", range.start, range.end - 1)),
        ("content-length", range.len().to_string()),
        ("etag", "\"v1\"".to_owned()),
    ];
    ScriptedResponse::Response(206, headers, MemoryStream::whole(bytes(range)))
}

/// A deployment with the film in its own store, without a start index.
pub(crate) fn own(film: &LongFilm) -> Memory {
    own_bytes(&film.bytes(ByteRange { start: 0, end: film.size() }))
}

/// A deployment with these bytes in its own store.
pub(crate) fn own_bytes(bytes: &[u8]) -> Memory {
    let memory = deployment();
    memory.objects.put("media/00ff", bytes, 784_111_777_000);
    memory
}

/// A deployment whose providers have the film.
pub(crate) fn providers(film: &LongFilm) -> Memory {
    let memory = deployment();
    let film = film.clone();
    memory.outbound.serve_with(move |request| {
        if request.url.starts_with("https://api.example/") {
            let urls = br#"{"urls": ["https://dl.example/f"]}"#.to_vec();
            return ScriptedResponse::Response(200, Vec::new(), MemoryStream::whole(urls));
        }
        film.sent(request)
    });
    memory
}

/// A deployment whose provider `one` has this file.
pub(crate) fn providers_of(file: Vec<u8>) -> Memory {
    let memory = deployment();
    memory.outbound.serve_with(move |request| {
        let at = |at: u64| usize::try_from(at).unwrap();
        sent(request, file.len() as u64, |range| file[at(range.start)..at(range.end)].to_vec())
    });
    memory
}

/// A deployment whose provider `one` has a season of films of 24 minutes and more, `0.mp4` and on.
/// All are ingested, and then purged.
pub(crate) fn season(count: u32) -> (Memory, Vec<String>) {
    let memory = deployment();
    let films: Vec<_> = (0..count).map(|n| LongFilm::new(24 + n, MoovAt::Tail)).collect();
    memory.outbound.serve_with(move |request| {
        let (_, name) = request.url.rsplit_once('/').unwrap();
        films[name.strip_suffix(".mp4").unwrap().parse::<usize>().unwrap()].sent(request)
    });
    let ids: Vec<_> =
        (0..count).map(|n| ingest_file(&memory, "one", &format!("{n}.mp4"))).collect();
    publish(&memory, &ids.iter().map(String::as_str).collect::<Vec<_>>());
    let purged = admin(&memory, "DELETE", "/api/v2/admin/startup/film");
    assert_eq!(purged.status, 200, "{}", text(&purged));
    (restart(memory), ids)
}

/// Ingests the film of a provider, and returns its source id.
pub(crate) fn ingest(memory: &Memory, provider: &str) -> String {
    ingest_file(memory, provider, "film.mp4")
}

fn ingest_file(memory: &Memory, provider: &str, file: &str) -> String {
    source_id(&crate::deployment::ingest(memory, provider, file))
}

/// The same stores and upstream, and a new instance.
pub(crate) fn restart(memory: Memory) -> Memory {
    let Memory { key_value, objects, database, outbound, clock, settings, .. } = memory;
    outbound.requests.borrow_mut().clear();
    Memory { key_value, objects, database, outbound, clock, settings, ..Memory::default() }
}

/// A signed URL with more of a query; `route` is `headers` or `start`.
pub(crate) fn url(memory: &Memory, route: &str, id: &str, query: &str) -> String {
    format!("{}&{query}", signed_url(memory, route, id))
}

pub(crate) fn get(memory: &Memory, route: &str, id: &str, query: &str) -> MemoryResponse {
    send(memory, "GET", &url(memory, route, id, query), &[], Some(b""))
}

/// Publishes the title `film`, whose episodes have these sources.
pub(crate) fn publish(memory: &Memory, ids: &[&str]) {
    put_catalog(memory, vec![title("film", ids)]);
}

/// Splits a start into its boxes and the content of the last one, `byte`.
pub(crate) fn parts(answer: &MemoryResponse) -> (&[u8], &[u8]) {
    assert_eq!(answer.status, 200, "{}", text(answer));
    assert_eq!(answer.header("content-length"), answer.body.len().to_string());
    let (mut at, body) = (0, &answer.body);
    loop {
        let size = u32::from_be_bytes(body[at..at + 4].try_into().unwrap()) as usize;
        if &body[at + 4..at + 8] == b"byte" {
            assert_eq!(at + size, body.len(), "it comes last, and is whole");
            return (&body[..at], &body[at + 8..]);
        }
        at += size;
    }
}

/// The `moov` of a file.
pub(crate) fn moov(file: &[u8]) -> &[u8] {
    let at = file.windows(4).position(|kind| kind == b"moov").unwrap() - 4;
    let size = u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    &file[at..at + size]
}
