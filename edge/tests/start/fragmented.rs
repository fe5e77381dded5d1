//! Fragmented films: the edge gathers the samples of one with few `moof` boxes, and says of another that
//! it does not.

use edge::{
    http::ByteRange,
    memory::{ScriptedResponse, run},
    platform::ObjectStore as _,
};
use mp4::{
    Index,
    fragment::Payload,
    init,
    plan::{self, Selection},
    start_index,
    synth::MoovAt,
};

use crate::fixture::{
    LongFilm, OWN, get, ingest, moov, own_bytes, parts, providers_of, restart, text,
    upstream_requests,
};

/// The film in fragments of this length, without `sidx` or `mfra`.
fn fragmented(film: &LongFilm, span_ms: u64) -> Vec<u8> {
    let whole = film.bytes(ByteRange { start: 0, end: film.size() });
    let place = |at: u64| usize::try_from(at).unwrap();
    let index = Index::parse(moov(&whole)).unwrap();
    let selection = Selection { video: index.default_video(), audio: index.default_audio() };
    let mut out = init::write_many(&index, &[0, 1]).unwrap();
    let (mut cursor, _) = plan::seek(&index, selection, 0).unwrap();
    while let Some(window) = plan::next(&index, selection, cursor, span_ms).unwrap() {
        for fetch in &window.fetches {
            let bytes = &whole[place(fetch.range.start)..place(fetch.range.end)];
            for fragment in &fetch.fragments {
                out.extend(&fragment.header);
                match &fragment.payload {
                    Payload::AsIs => out.extend(bytes),
                    Payload::Gather(runs) => {
                        let runs = runs.iter();
                        runs.for_each(|r| out.extend(&bytes[place(r.start)..place(r.end)]));
                    }
                }
            }
        }
        cursor = window.next;
    }
    out
}

#[test]
fn film_of_few_fragments_starts_by_headers_wherever_it_is_asked() {
    let film = LongFilm::new(2, MoovAt::Head);
    let memory = own_bytes(&fragmented(&film, 10_000));
    for at in [0, 33, 77, 110] {
        let answer = get(&memory, "start", OWN, &format!("at={at}"));
        let start = start_index::decode(parts(&answer).0).unwrap();
        assert!(start.duration_ms.abs_diff(112_000) < 100, "{}", start.duration_ms);
        let asked_ms = at * 1000;
        assert!(start.start_ms <= asked_ms && asked_ms < start.start_ms + 4_000, "{at}");
    }
    // The next instance reads no moof.
    let memory = restart(memory);
    let before = memory.objects.operations.get();
    assert_eq!(get(&memory, "headers", OWN, "at=60").status, 200);
    assert_eq!(memory.objects.operations.get() - before, 2, "the root and a pack");
}

#[test]
fn upstream_film_of_few_fragments_is_gathered_at_its_ingest() {
    let film = fragmented(&LongFilm::new(2, MoovAt::Head), 10_000);
    let memory = providers_of(film);
    let id = ingest(&memory, "one");
    let requests = upstream_requests(&memory);
    assert!(requests <= 32 + 3, "{requests}");
    let memory = restart(memory);
    memory.outbound.serve_with(|_| ScriptedResponse::ConnectionRefused);
    let answer = get(&memory, "headers", &id, "at=0");
    assert_eq!(answer.status, 200, "{}", text(&answer));
}

#[test]
fn film_of_many_fragments_is_left_to_the_player_after_a_few_reads() {
    let film = fragmented(&LongFilm::new(2, MoovAt::Head), 500);
    let memory = own_bytes(&film);
    let before = memory.objects.operations.get();
    let answer = get(&memory, "headers", OWN, "at=0");
    assert_eq!(answer.status, 404, "{}", text(&answer));
    assert!(text(&answer).contains("more moof boxes than the edge reads"), "{}", text(&answer));
    let took = memory.objects.operations.get() - before;
    assert!(took <= 10, "{took} operations: the first reads tell that there are too many");
    let read = run(&memory, memory.objects.head("index/00ff/root.1")).unwrap().unwrap();
    assert!(read.is_some(), "so that nothing tries again");
    let memory = providers_of(film);
    ingest(&memory, "one");
    assert!(upstream_requests(&memory) <= 3 + 5, "{}", upstream_requests(&memory));
}
