//! What `publish` may do, and only with the key.

use std::{
    sync::Mutex,
    thread::sleep,
    time::{Duration, Instant},
};

use api::{CatalogRoot, Envelope, ErrorCode, RootUpdate, limits::VALUE_BYTES_MAX, paths};
use catalog::Pack;
use tests::{
    fixture,
    http::{Request, Response},
};

use crate::{
    Subject,
    shared::{Checks, code},
};

/// One case at a time changes which catalog is current.
static FLIPPING: Mutex<()> = Mutex::new(());

fn pack_path(hash: &str) -> String {
    format!("{}{hash}", paths::ADMIN_PACKS)
}

/// The status once it is `status`: instances may hold a root for 2 seconds, and then some time goes
/// by on a loaded machine.
fn becomes(subject: &Subject, target: &str, status: u16) -> u16 {
    let start = Instant::now();
    loop {
        let is = subject.get(target).status;
        if is == status || start.elapsed() > Duration::from_secs(5) {
            return is;
        }
        sleep(Duration::from_millis(100));
    }
}

fn flip(subject: &Subject, manifest: &str, previous: Option<&str>) -> Response {
    let body = RootUpdate { manifest: manifest.to_owned(), previous: previous.map(str::to_owned) };
    let body = serde_json::to_vec(&body).expect("a flip is JSON");
    subject.admin(Request::put(paths::ADMIN_ROOT, body))
}

pub(crate) fn admin_routes_need_the_key(subject: &Subject) {
    let mut checks = Checks::default();
    let key = &subject.deployment.admin_key;
    let almost = key.get(..key.len() - 1).expect("a key of ASCII").to_owned();
    let known = pack_path(&subject.build.manifest.hash);
    let authorizations = [
        None,
        Some(String::new()),
        Some("Bearer ".to_owned()),
        Some("Bearer wrong".to_owned()),
        Some(format!("Bearer {almost}")),
        Some(format!("Bearer {key}x")),
        Some(format!("Basic {key}")),
        Some(key.clone()),
    ];
    for authorization in authorizations {
        for request in [
            Request::get(paths::ADMIN_ROOT),
            Request::put(paths::ADMIN_ROOT, "{}"),
            Request::get(&known),
            Request::put(pack_path(&catalog::hash(b"x")), "x"),
        ] {
            let request = match &authorization {
                Some(value) => request.header("Authorization", value),
                None => request,
            };
            let response = subject.send(&request);
            let what = format!("{request} with {:?}", authorization.as_ref().map(String::len));
            checks.equal(&what, response.status, 401);
            checks.equal(&what, code(&response), Some(ErrorCode::Unauthorized));
        }
    }
    let lower = Request::get(paths::ADMIN_ROOT).header("Authorization", format!("bearer {key}"));
    checks.equal("the scheme in lower case", subject.send(&lower).status, 200);
    checks.done();
}

pub(crate) fn pack_is_stored_under_the_hash_of_its_bytes_only(subject: &Subject) {
    let mut checks = Checks::default();
    let pack = Pack::new(b"{\"a\":1}".to_vec());
    let other = subject.admin(Request::put(pack_path(&pack.hash), "{\"a\":2}"));
    checks.equal("other bytes", other.status, 400);
    checks.equal("other bytes", code(&other), Some(ErrorCode::InvalidPayload));
    for hash in ["abc", &"A".repeat(64), &"g".repeat(64), "..%2froot"] {
        let response = subject.admin(Request::put(pack_path(hash), "x"));
        checks.that(matches!(response.status, 400 | 404), || {
            format!("a pack named {hash}: {}", response.status)
        });
    }
    for time in ["first", "second"] {
        let response = subject.admin(Request::put(pack_path(&pack.hash), &*pack.bytes));
        checks.that(matches!(response.status, 200 | 201), || {
            format!("its own bytes, {time} time: {}", response.status)
        });
    }
    checks.done();
}

pub(crate) fn too_large_a_pack_is_refused(subject: &Subject) {
    let mut checks = Checks::default();
    for (length, status) in [(VALUE_BYTES_MAX, 201), (VALUE_BYTES_MAX + 1, 413)] {
        let pack = Pack::new(vec![b'x'; length]);
        let response = subject.admin(Request::put(pack_path(&pack.hash), &*pack.bytes));
        let fits = status == 201 && matches!(response.status, 200 | 201);
        checks.that(fits || response.status == status, || {
            format!("{length} bytes: {}, should be {status}", response.status)
        });
        if status == 413 {
            checks.equal("code", code(&response), Some(ErrorCode::PayloadTooLarge));
        }
    }
    checks.done();
}

pub(crate) fn packs_are_read_back_as_they_were_put(subject: &Subject) {
    let mut checks = Checks::default();
    for pack in subject.build.packs.iter().chain([&subject.build.manifest]) {
        let response = subject.admin(Request::get(pack_path(&pack.hash)));
        checks.equal(&pack.hash, response.status, 200);
        checks.that(response.body == pack.bytes, || format!("{}: other bytes", pack.hash));
        let head = subject.admin(Request::head(pack_path(&pack.hash)));
        checks.equal("HEAD", head.status, 200);
    }
    let absent = pack_path(&catalog::hash(b"never put"));
    checks.equal("GET of none", subject.admin(Request::get(&absent)).status, 404);
    checks.equal("HEAD of none", subject.admin(Request::head(&absent)).status, 404);
    checks.done();
}

pub(crate) fn root_flips_only_from_the_catalog_it_was_built_on(subject: &Subject) {
    let _one_at_a_time = FLIPPING.lock();
    let ours = subject.build.manifest.hash.as_str();
    let next = catalog::build(fixture::titles_and_one_more()).expect("titles that fit");
    fixture::put_packs(&subject.deployment, &next).expect("packs are taken");
    let other = catalog::hash(b"another manifest");

    let mut checks = Checks::default();
    for previous in [None, Some(other.as_str()), Some(next.manifest.hash.as_str())] {
        let response = flip(subject, &next.manifest.hash, previous);
        checks.equal(&format!("previous {previous:?}"), response.status, 409);
        checks.equal("code", code(&response), Some(ErrorCode::Conflict));
    }
    let target = format!("/api/v2/catalog/{}", fixture::ONE_MORE);
    checks.equal("before the flip", subject.get(&target).status, 404);

    let response = flip(subject, &next.manifest.hash, Some(ours));
    checks.equal("previous is current", response.status, 200);
    let root: Option<CatalogRoot> =
        response.envelope().ok().and_then(|envelope: Envelope<CatalogRoot>| envelope.data);
    let named = root.as_ref().map(|root| root.manifest.as_str());
    checks.equal("the answer names", named, Some(next.manifest.hash.as_str()));
    checks.that(root.is_some_and(|root| root.flipped_at_ms > 0), || "no time".to_owned());
    checks.equal("after the flip", becomes(subject, &target, 200), 200);

    let back = flip(subject, ours, Some(&next.manifest.hash));
    checks.equal("back to a catalog that is still there", back.status, 200);
    let current = fixture::root(&subject.deployment).expect("a root").map(|root| root.manifest);
    checks.equal("current", current.as_deref(), Some(ours));
    checks.equal("after the way back", becomes(subject, &target, 404), 404);
    checks.done();
}

pub(crate) fn catalog_with_a_missing_pack_is_refused(subject: &Subject) {
    let _one_at_a_time = FLIPPING.lock();
    let mut titles = fixture::titles();
    titles.push(catalog::Title { id: "never-put".into(), ..Default::default() });
    let build = catalog::build(titles).expect("titles that fit");
    let ours = subject.build.manifest.hash.as_str();
    let mut checks = Checks::default();

    let response = flip(subject, &build.manifest.hash, Some(ours));
    checks.equal("a manifest that is not there", response.status, 400);
    let put = Request::put(pack_path(&build.manifest.hash), &*build.manifest.bytes);
    assert!(matches!(subject.admin(put).status, 200 | 201), "the manifest is taken");
    let response = flip(subject, &build.manifest.hash, Some(ours));
    checks.equal("a pack that is not there", response.status, 400);
    checks.equal("code", code(&response), Some(ErrorCode::InvalidPayload));
    let current = fixture::root(&subject.deployment).expect("a root").map(|root| root.manifest);
    checks.equal("current", current.as_deref(), Some(ours));
    checks.done();
}

pub(crate) fn flip_that_does_not_parse_is_refused(subject: &Subject) {
    let mut checks = Checks::default();
    let deep = "[".repeat(1000);
    for body in ["", "{", "null", "[]", "{\"manifest\":1}", "{\"manifest\":\"abc\"}", &deep] {
        let response = subject.admin(Request::put(paths::ADMIN_ROOT, body));
        let start = body.get(..20).unwrap_or(body);
        checks.equal(&format!("a flip that is {start:?}"), response.status, 400);
        checks.equal("code", code(&response), Some(ErrorCode::InvalidPayload));
    }
    let endless = subject.admin(Request::put(paths::ADMIN_ROOT, "[".repeat(2 << 20)));
    checks.equal("a flip of 2 MiB", endless.status, 413);
    checks.done();
}
