//! A catalog that was built is read again, whatever the order of its titles.

use catalog::{Episode, Error, Manifest, Source, Title, build, find_title, read_home};

fn title(id: &str, added_at_ms: u64, episode_count: u32) -> Title {
    let episodes = (1..=episode_count)
        .map(|number| Episode {
            number,
            title: format!("Episode {number}"),
            sources: vec![Source { id: "00ff".into(), playable: true, ..Source::default() }],
            ..Episode::default()
        })
        .collect();
    let cover = Some(format!("cover-{id}"));
    Title { id: id.into(), title: id.into(), added_at_ms, cover, episodes, ..Title::default() }
}

/// Titles of some 1.3 KB each: `count` of them make several packs.
fn many(count: usize) -> Vec<Title> {
    let synopsis = "A \"quoted\" line\nand another. ".repeat(40);
    (0..count)
        .map(|n| Title { synopsis: synopsis.clone(), ..title(&format!("t{n:05}"), 7, 1) })
        .collect()
}

#[test]
fn titles_are_found_in_the_packs_that_the_manifest_names() {
    let titles = many(1_000);
    let built = build(titles.clone()).unwrap();
    assert!(built.packs.len() > 4, "{} packs", built.packs.len());
    let manifest = Manifest::parse(&built.manifest.bytes).unwrap();
    assert_eq!(manifest.title_count, 1_000);
    for title in &titles {
        let hash = manifest.pack_with_title(&title.id).unwrap();
        let pack = built.packs.iter().find(|pack| pack.hash == hash).unwrap();
        assert_eq!(find_title(&pack.bytes, &title.id).unwrap().as_ref(), Some(title));
    }
}

#[test]
fn title_that_is_not_in_the_catalog_is_none() {
    let built = build(many(10)).unwrap();
    let manifest = Manifest::parse(&built.manifest.bytes).unwrap();
    let hash = manifest.pack_with_title("t00004x").unwrap();
    let pack = built.packs.iter().find(|pack| pack.hash == hash).unwrap();
    // Ids that begin or end another one, and one that would match across a quote.
    for id in ["t00004x", "t0000", "0004", "t00004\",\"title"] {
        assert_eq!(find_title(&pack.bytes, id), Ok(None), "{id}");
    }
}

#[test]
fn manifest_names_every_pack_by_the_hash_of_its_bytes() {
    let built = build(many(500)).unwrap();
    let manifest = Manifest::parse(&built.manifest.bytes).unwrap();
    let named: Vec<&str> = manifest.packs().collect();
    let stored: Vec<&str> = built.packs.iter().map(|pack| pack.hash.as_str()).collect();
    assert_eq!(named, stored);
    for pack in built.packs.iter().chain([&built.manifest]) {
        assert_eq!(pack.hash, catalog::hash(&pack.bytes));
        assert!(pack.bytes.len() <= api::limits::VALUE_BYTES_MAX);
    }
}

#[test]
fn same_titles_make_the_same_bytes_in_any_order() {
    let titles = many(300);
    let reversed = titles.iter().rev().cloned().collect();
    assert_eq!(build(titles), build(reversed));
}

#[test]
fn title_added_in_the_middle_leaves_most_packs_unchanged() {
    let mut titles = many(2_000);
    let before = build(titles.clone()).unwrap();
    titles.push(title("t00500b", 7, 1));
    let after = build(titles).unwrap();
    let new = after.packs.iter().filter(|pack| !before.packs.contains(pack)).count();
    assert!(new <= 6, "{new} of {} packs are new", after.packs.len());
}

#[test]
fn home_view_shows_the_newest_titles_first() {
    let titles = vec![title("old-series", 1, 12), title("film", 3, 1), title("new-series", 2, 2)];
    let built = build(titles).unwrap();
    let manifest = Manifest::parse(&built.manifest.bytes).unwrap();
    let pack = built.packs.iter().find(|pack| pack.hash == manifest.home).unwrap();
    let home = read_home(&pack.bytes).unwrap();
    let ids = |cards: &[api::TitleCard]| cards.iter().map(|c| c.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&home.recent), ["film", "new-series", "old-series"]);
    assert_eq!(ids(&home.ongoing), ["new-series", "old-series"]);
    let film = &home.featured[0];
    assert_eq!(film.cover_image, "/api/v2/image/cover-film");
    assert_eq!(film.episode_label, None);
    assert_eq!(home.ongoing[1].episode_label.as_deref(), Some("12 episodes"));
}

#[test]
fn empty_catalog_is_built_and_read() {
    let built = build(Vec::new()).unwrap();
    let manifest = Manifest::parse(&built.manifest.bytes).unwrap();
    assert_eq!(manifest.pack_with_title("a"), None);
    assert_eq!(read_home(&built.packs[0].bytes).unwrap(), api::Home::default());
}

#[test]
fn ids_that_cannot_be_keys_or_are_used_twice_are_refused() {
    let mut twice = title("a", 1, 2);
    twice.episodes[1].number = 1;
    let mut zero = title("a", 1, 1);
    zero.episodes[0].number = 0;
    let long = "a".repeat(127);
    for (titles, error) in [
        (vec![title("A", 1, 1)], Error::InvalidId("A".into())),
        (vec![title("", 1, 1)], Error::InvalidId(String::new())),
        (vec![title(&long, 1, 10)], Error::InvalidId(format!("cover-{long}"))),
        (vec![zero], Error::InvalidId("a.0".into())),
        (vec![twice], Error::DuplicateId("a.1".into())),
        (vec![title("a", 1, 1), title("a", 2, 1)], Error::DuplicateId("a".into())),
    ] {
        assert_eq!(build(titles), Err(error));
    }
}

#[test]
fn title_larger_than_a_value_is_refused_by_name() {
    let synopsis = "x".repeat(api::limits::VALUE_BYTES_MAX);
    let error = build(vec![Title { synopsis, ..title("a", 1, 1) }]).unwrap_err();
    assert!(error.to_string().starts_with("the title `a` takes 900"), "{error}");
}
