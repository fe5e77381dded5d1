//! Blocks in a store that outlives the data folder of the server.

use api::{Health, IngestedFile, StartupStore};
use tests::{
    deployment::Deployment,
    fixture,
    http::Request,
    upstream::{FILM_BYTES, FaultMode},
};

use crate::fixture::{TITLE, UpstreamFixture};

/// Where the server says that it stores blocks.
fn startup_store(deployment: &Deployment) -> Option<StartupStore> {
    let response = Request::get("/health").send(&deployment.origin).expect("a response");
    response.envelope::<Health>().expect("health").data.expect("data").startup_store
}

#[test]
fn empty_data_folder_is_restored_from_a_separate_store() {
    let store = Deployment::local_runtime().expect("a store");
    let flags = store.store().expect("its keys").as_durable();
    let flags: Vec<_> = ["--startup-store", "separate"]
        .into_iter()
        .chain(flags.iter().map(String::as_str))
        .collect();
    let mut fixture = UpstreamFixture::new(&flags);
    assert_eq!(startup_store(&fixture.deployment), Some(StartupStore::Separate));
    fixture.upstream.set_fault_mode(FaultMode::Forbidden);
    let requests = fixture.upstream.request_count();
    fixture.restart_with_empty_data_folder(&flags);
    let film = IngestedFile { id: fixture.id.clone(), size_bytes: FILM_BYTES };
    fixture::publish_title(&fixture.deployment, TITLE, &[film]).expect("a catalog");
    fixture.url = fixture.media_url();
    for (start, end) in [(0, 262_144), (FILM_BYTES - 524_288, FILM_BYTES), (262_144, 1_500_000)] {
        assert_eq!(fixture.read(start, end), Some(end));
    }
    assert_eq!(fixture.upstream.request_count(), requests);
    // A purge deletes the blocks from that store, too.
    let all = Request::new("DELETE", api::paths::ADMIN_STARTUP);
    assert_eq!(fixture.send(&fixture.deployment.admin(all)).status, 200);
    assert_eq!(fixture.read(0, 262_144), None);
}

#[test]
fn separate_store_without_keys_is_local_and_health_says_so() {
    let fixture = UpstreamFixture::new(&["--startup-store", "separate"]);
    assert_eq!(startup_store(&fixture.deployment), Some(StartupStore::Local));
    assert_eq!(fixture.read(0, 1000), Some(1000));
}

#[test]
fn purged_title_is_purged_from_the_durable_store_too() {
    let fixture = UpstreamFixture::new(&["--startup-store", "durable"]);
    fixture.upstream.set_fault_mode(FaultMode::Forbidden);
    assert_eq!(fixture.read(0, 262_144), Some(262_144));
    fixture.purge();
    assert_eq!(fixture.read(0, 262_144), None);
}
