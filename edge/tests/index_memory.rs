//! What it costs the edge to make what starts of a film of ten hours are made of.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use edge::{
    http::ByteRange,
    memory::{Memory, MemoryStream, OutboundRequest, ScriptedResponse, send},
};
use mp4::synth::{self, MoovAt};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const CLIP: &[u8] = include_bytes!("../../local-runtime/demo/clip.mp4");
const PROVIDERS: &str = r#"[{"id": "one", "origins": ["https://a.example"],
    "bases": ["https://a.example/"]}]"#;

/// What the edge is given.
fn bytes(film: &synth::SynthFile, range: ByteRange) -> Vec<u8> {
    let media_end = film.size_bytes() - film.tail.len() as u64;
    let at = |at: u64| usize::try_from(at).unwrap();
    let byte = |place: u64| match place.checked_sub(media_end) {
        Some(place) => film.tail.get(at(place)).copied(),
        None => Some(film.head.get(at(place)).copied().unwrap_or(7)),
    };
    (range.start..range.end).map_while(byte).collect()
}

#[test]
fn film_of_ten_hours_is_indexed_in_64_mb() {
    let film = synth::repeat_clip(CLIP, 10 * 60 * 60 / 16, MoovAt::Tail).unwrap();
    let (size, moov_bytes) = (film.size_bytes(), film.tail.len());
    let memory = Memory::default();
    for (name, value) in [("admin_key", "the-key"), ("providers", PROVIDERS)] {
        memory.settings.0.borrow_mut().insert(name.to_owned(), value.to_owned());
    }
    memory.outbound.serve_with(move |request: &OutboundRequest| {
        let range = request.range.unwrap();
        let range = ByteRange { start: range.start, end: range.end.min(size) };
        let said = format!("bytes {}-{}/{size}", range.start, range.end - 1);
        let headers = vec![("content-range", said), ("content-length", range.len().to_string())];
        ScriptedResponse::Response(206, headers, MemoryStream::whole(bytes(&film, range)))
    });
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let body = br#"{"provider": "one", "file": "film.mp4"}"#;
    let headers = [("authorization", "Bearer the-key")];
    let answer = send(&memory, "POST", "/api/v2/admin/sources", &headers, Some(body));
    let peak = MEMORY.peak_usage() - before;
    assert_eq!(answer.status, 201);
    assert!(memory.reports.borrow().is_empty(), "{:?}", memory.reports);
    let stored: usize = memory.key_value.values.borrow().values().map(Vec::len).sum();
    assert!(stored > 8_000_000, "{stored} bytes are stored");
    // The server of this test holds its answers, and the stores what they keep: neither is the edge's.
    let edge = peak.saturating_sub(stored + moov_bytes);
    assert!(edge < 64_000_000, "{edge} bytes for a moov of {moov_bytes}, {peak} in all");
}
