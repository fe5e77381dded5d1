//! The stored start index: an interrupted write leaves the old one or the new, and broken bytes are found.

use edge::{
    http::{ByteRange, ReadRange},
    memory::{Memory, MemoryObjects, run},
    platform::{ObjectRead, ObjectStore, PortError},
};
use mp4::{start_index::Root, synth::MoovAt};

use crate::fixture::{LongFilm, OWN, admin, get, moov, own, own_bytes, publish, restart, text};

const ROOT: &str = "index/00ff/root.1";

fn stored(memory: &Memory, key: &str) -> Option<Vec<u8>> {
    let objects: &MemoryObjects = &memory.objects;
    let read = run(memory, objects.read(key, ReadRange::Whole)).unwrap().unwrap();
    read.map(|read| match read {
        ObjectRead::Bytes { stream, .. } => stream.bytes,
        ObjectRead::Unsatisfiable => panic!("it has no bytes"),
    })
}

/// Keys of the packs that the root names.
fn packs(memory: &Memory) -> Vec<String> {
    let sealed = stored(memory, ROOT).unwrap();
    let Root::Stored { names, .. } = Root::read(catalog::verify_hash(&sealed).unwrap()).unwrap()
    else {
        panic!("it is refused");
    };
    names.into_iter().map(|name| format!("index/00ff/{name}")).collect()
}

fn film() -> LongFilm {
    LongFilm::new(2, MoovAt::Tail)
}

#[test]
fn stored_start_index_outlives_an_instance_and_is_read_in_two_operations() {
    let memory = own(&film());
    let first = get(&memory, "headers", OWN, "at=60");
    assert_eq!(first.status, 200, "{}", text(&first));
    let memory = restart(memory);
    let before = memory.objects.operations.get();
    assert_eq!(get(&memory, "headers", OWN, "at=60").body, first.body);
    assert_eq!(memory.objects.operations.get() - before, 2, "the root and a pack");
    assert_eq!(get(&memory, "headers", OWN, "at=90").status, 200);
    assert_eq!(memory.objects.operations.get() - before, 2, "and then none");
}

#[test]
fn broken_start_index_is_rebuilt_and_never_sent() {
    let memory = own(&film());
    let right = get(&memory, "headers", OWN, "at=60").body;
    let mut memory = memory;
    let keys: Vec<String> = packs(&memory).into_iter().chain([ROOT.to_owned()]).collect();
    for key in keys {
        let whole = stored(&memory, &key).unwrap();
        let mut flipped = whole.clone();
        *flipped.last_mut().unwrap() ^= 1;
        let other = [vec![0; 64], whole[64..].to_vec()].concat();
        for broken in [Vec::new(), whole[..whole.len() / 2].to_vec(), flipped, other] {
            memory = restart(memory);
            memory.objects.put(&key, &broken, 0);
            let answer = get(&memory, "headers", OWN, "at=60");
            assert_eq!(answer.status, 200, "{}", text(&answer));
            assert!(answer.body == right, "{key}");
            assert_eq!(stored(&memory, &key).unwrap(), whole, "mended");
        }
    }
}

#[test]
fn start_index_with_a_sample_entry_of_quicktime_is_rebuilt() {
    let memory = own(&film());
    let right = get(&memory, "headers", OWN, "at=60").body;
    let whole = stored(&memory, ROOT).unwrap();
    let mut root = catalog::verify_hash(&whole).unwrap().to_vec();
    // As earlier versions stored them: with the version of the file's own entry.
    let sound = root.windows(4).rposition(|kind| kind == b"mp4a").unwrap();
    root[sound + 4 + 9] = 1;
    memory.objects.put(ROOT, &catalog::prepend_hash(&root), 0);
    let memory = restart(memory);
    assert!(get(&memory, "headers", OWN, "at=60").body == right);
    assert_eq!(stored(&memory, ROOT).unwrap(), whole, "mended");
}

#[test]
fn film_without_a_start_index_gives_the_reason_and_is_not_tried_again() {
    for (bytes, why) in [
        (vec![0; 100_000], "a box"),
        (fragmented(), "without a playable track"),
        (film().bytes(ByteRange { start: 0, end: 50_000 }), "moov"),
    ] {
        let memory = own_bytes(&bytes);
        for (route, operations) in [("headers", None), ("start", Some(0))] {
            let before = memory.objects.operations.get();
            let answer = get(&memory, route, OWN, "at=0");
            assert_eq!(answer.status, 404, "{}", text(&answer));
            let said = text(&answer);
            assert!(said.contains("\"no_index\"") && said.contains(why), "{said}");
            let took = memory.objects.operations.get() - before;
            assert!(operations.is_none_or(|most| took <= most), "{took}");
        }
        assert!(stored(&memory, ROOT).is_some());
    }
}

/// The head of a fragmented film, without a fragment.
fn fragmented() -> Vec<u8> {
    let clip: &[u8] = include_bytes!("../../../local-runtime/demo/clip.mp4");
    let index = mp4::Index::parse(moov(clip)).unwrap();
    mp4::init::write(&index, 0).unwrap()
}

#[test]
fn interrupted_build_leaves_the_old_start_index_or_the_new() {
    let memory = own(&film());
    let right = get(&memory, "headers", OWN, "at=60").body;
    let names = packs(&memory);
    // A making that was cut has left packs that no root names, of this film or an older form.
    memory.objects.put(&format!("index/00ff/{}", "0".repeat(64)), b"of a cut", 0);
    let old = restart(memory);
    assert!(get(&old, "headers", OWN, "at=60").body == right, "the old");
    // Or it has some packs, and no root yet.
    run(&old, old.objects.delete(ROOT)).unwrap().unwrap();
    run(&old, old.objects.delete(&names[0])).unwrap().unwrap();
    let new = restart(old);
    assert!(get(&new, "headers", OWN, "at=60").body == right, "the new");
    assert!(stored(&new, &names[0]).is_some() && stored(&new, ROOT).is_some());
}

#[test]
fn full_store_is_reported_and_the_film_plays_without_a_start_index() {
    let memory = own(&film());
    memory.objects.failing.set_error(Some(PortError::Full("no room".to_owned())));
    let answer = get(&memory, "headers", OWN, "at=0");
    assert_eq!(answer.status, 507, "{}", text(&answer));
    assert!(!memory.reports.borrow().is_empty());
}

#[test]
fn purge_deletes_the_start_index_of_a_title() {
    let memory = own(&film());
    publish(&memory, &[OWN]);
    assert_eq!(get(&memory, "headers", OWN, "at=0").status, 200);
    let names = packs(&memory);
    let answer = admin(&memory, "DELETE", "/api/v2/admin/startup/film");
    assert_eq!(answer.status, 200, "{}", text(&answer));
    assert!(stored(&memory, ROOT).is_none());
    assert!(names.iter().all(|name| stored(&memory, name).is_none()));
    assert_eq!(get(&memory, "headers", OWN, "at=0").status, 200, "and it is made anew");
}
