//! A film that was removed is answered with 404 by every route and every instance.

use edge::memory::{Memory, send};
use mp4::synth::MoovAt;

use crate::deployment::signed_url;
use crate::fixture::{LongFilm, OWN, admin, get, ingest, own, providers};

/// The statuses of a film's routes.
fn statuses(memory: &Memory, id: &str) -> [u16; 3] {
    let media =
        send(memory, "GET", &signed_url(memory, "media", id), &[("range", "bytes=0-9")], None);
    [
        media.status,
        get(memory, "headers", id, "at=0").status,
        get(memory, "start", id, "at=0").status,
    ]
}

#[test]
fn removed_film_is_gone_from_stores_and_from_the_memory_of_every_instance() {
    let film = LongFilm::new(2, MoovAt::Tail);
    let upstream = providers(&film);
    let id = ingest(&upstream, "one");
    for (mut memory, id) in [(own(&film), OWN), (upstream, &id)] {
        assert_eq!(statuses(&memory, id), [206, 200, 200], "{id}");
        let other = std::mem::take(&mut memory.instance);
        assert_eq!(statuses(&memory, id), [206, 200, 200], "{id}");
        let path = format!("/api/v2/admin/sources/{id}");
        assert_eq!(send(&memory, "DELETE", &path, &[], None).status, 401);
        assert_eq!(admin(&memory, "DELETE", &path).status, 200);
        assert_eq!(statuses(&memory, id), [404; 3], "{id}");
        memory.instance = other;
        memory.clock.0.set(memory.clock.0.get() + 2_000);
        assert_eq!(statuses(&memory, id), [404; 3], "{id} in another instance");
        assert!(memory.objects.keys().is_empty(), "{:?}", memory.objects.keys());
        assert_eq!(admin(&memory, "DELETE", &path).status, 200, "a second time");
    }
}

#[test]
fn film_that_is_ingested_again_after_its_removal_plays() {
    let memory = providers(&LongFilm::new(2, MoovAt::Tail));
    let id = ingest(&memory, "one");
    assert_eq!(admin(&memory, "DELETE", &format!("/api/v2/admin/sources/{id}")).status, 200);
    assert_eq!(ingest(&memory, "one"), id);
    assert_eq!(statuses(&memory, &id), [206, 200, 200]);
}

#[test]
fn ingested_film_is_described_by_its_start_index() {
    let memory = providers(&LongFilm::new(2, MoovAt::Tail));
    let answer = crate::deployment::ingest(&memory, "one", "film.mp4");
    let film: api::Envelope<api::IngestedFilm> = serde_json::from_slice(&answer.body).unwrap();
    let film = film.data.unwrap();
    assert_eq!((film.height, film.duration_ms), (Some(720), Some(112_000)));
    assert_eq!(film.codec.as_deref(), Some("avc1.64001f, mp4a.40.2"));
}

#[test]
fn ingested_films_are_listed_by_their_provider_until_they_are_removed() {
    let memory = providers(&LongFilm::new(2, MoovAt::Tail));
    let id = ingest(&memory, "one");
    let list = |query: &str| -> Vec<(String, String)> {
        let answer = admin(&memory, "GET", &format!("/api/v2/admin/sources?{query}"));
        let films: api::Envelope<api::IngestedFilms> =
            serde_json::from_slice(&answer.body).unwrap();
        films.data.unwrap().items.into_iter().map(|film| (film.file, film.id)).collect()
    };
    assert_eq!(list("provider=one"), [("film.mp4".to_owned(), id.clone())]);
    assert_eq!(list("provider=%6fne&after=film.mp3").len(), 1);
    assert!(list("provider=one&after=film.mp4").is_empty() && list("provider=two").is_empty());
    assert_eq!(admin(&memory, "GET", "/api/v2/admin/sources").status, 400);
    admin(&memory, "DELETE", &format!("/api/v2/admin/sources/{id}"));
    assert!(list("provider=one").is_empty());
}

#[test]
fn removed_picture_is_gone() {
    let memory = own(&LongFilm::new(1, MoovAt::Tail));
    memory.objects.put("image/00aa", b"\x89PNG\r\n\x1a\npicture", 0);
    let get = || send(&memory, "GET", "/api/v2/image/00aa", &[], None).status;
    assert_eq!(get(), 200);
    assert_eq!(admin(&memory, "DELETE", "/api/v2/admin/pictures/00aa").status, 200);
    assert_eq!(get(), 404);
}
