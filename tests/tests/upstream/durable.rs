//! Blocks in a store that outlives the place.

use api::{Health, IngestedFile, StartupStore};
use tests::{
    fixture,
    http::Request,
    target::Deployment,
    upstream::{FaultMode, SIZE},
};

use crate::fixture::{TITLE, UpstreamFixture};

/// What the server says of where blocks are kept.
fn startup_store(deployment: &Deployment) -> Option<StartupStore> {
    let answer = Request::get("/health").send(&deployment.origin).expect("an answer");
    answer.envelope::<Health>().expect("health").data.expect("data").startup_store
}

#[test]
fn a_place_that_lost_everything_is_restored_from_a_store_apart() {
    let apart = Deployment::local_runtime().expect("a store");
    let flags = apart.store().expect("its keys").as_durable();
    let flags: Vec<_> =
        ["--startup-store", "apart"].into_iter().chain(flags.iter().map(String::as_str)).collect();
    let mut fixture = UpstreamFixture::new(&flags);
    assert_eq!(startup_store(&fixture.deployment), Some(StartupStore::Separate));
    fixture.upstream.set(FaultMode::Refused);
    let asked = fixture.upstream.asked();
    fixture.wipe(&flags);
    let film = IngestedFile { id: fixture.id.clone(), size_bytes: SIZE };
    fixture::show(&fixture.deployment, TITLE, &[film]).expect("a catalog");
    fixture.url = fixture.stream();
    for (start, end) in [(0, 262_144), (SIZE - 524_288, SIZE), (262_144, 1_500_000)] {
        assert_eq!(fixture.read(start, end), Some(end));
    }
    assert_eq!(fixture.upstream.asked(), asked);
    // What is purged is gone from there, too.
    let all = Request::new("DELETE", api::paths::ADMIN_STARTUP);
    assert_eq!(fixture.send(&fixture.deployment.admin(all)).status, 200);
    assert_eq!(fixture.read(0, 262_144), None);
}

#[test]
fn a_durable_store_without_keys_is_none_and_that_is_said() {
    let fixture = UpstreamFixture::new(&["--startup-store", "apart"]);
    assert_eq!(startup_store(&fixture.deployment), Some(StartupStore::Local));
    assert_eq!(fixture.read(0, 1000), Some(1000));
}

#[test]
fn a_title_is_purged_from_the_durable_store_too() {
    let fixture = UpstreamFixture::new(&["--startup-store", "durable"]);
    fixture.upstream.set(FaultMode::Refused);
    assert_eq!(fixture.read(0, 262_144), Some(262_144));
    fixture.purge();
    assert_eq!(fixture.read(0, 262_144), None);
}
