//! Pictures of a provider.

use api::{IngestedFile, TitleDetail};
use catalog::Title;
use tests::{
    fixture::{self, PNG},
    http::{Request, Response},
    upstream::PICTURE,
};

use crate::{Subject, shared::Checks};

const TITLE: &str = "with-a-poster";

fn ingest(subject: &Subject, file: &str) -> Response {
    let body = format!("{{\"provider\": \"one\", \"file\": \"{file}\"}}");
    subject.admin(Request::post(api::paths::ADMIN_PICTURES, body))
}

pub(crate) fn upstream_picture_is_sent_to_clients_with_its_signed_url(subject: &Subject) {
    let ingested = ingest(subject, PICTURE);
    let picture: IngestedFile = ingested.envelope().expect("an envelope").data.expect("a picture");
    let title = Title { id: TITLE.into(), cover: Some(picture.id), ..Title::default() };
    let build = catalog::build(vec![title]).expect("a catalog");
    let current = fixture::root(&subject.deployment).expect("a root").map(|root| root.manifest);
    fixture::put_packs(&subject.deployment, &build).expect("its packs are stored");
    fixture::flip(&subject.deployment, &build, current).expect("it is current");
    // An instance reads the root every two seconds.
    let cover = (0..50).find_map(|_| {
        let title: Option<TitleDetail> =
            subject.get(&format!("/api/v2/catalog/{TITLE}")).envelope().ok()?.data;
        std::thread::sleep(std::time::Duration::from_millis(100));
        Some(title?.cover_image)
    });
    let cover = cover.expect("the title is there");
    let mut checks = Checks::default();
    let response = subject.get_plain(&cover);
    checks.equal("status", response.status, 200);
    checks.that(response.body == PNG, || "other bytes".to_owned());
    checks.header("poster", &response, "content-type", "image/png");
    checks.header("poster", &response, "content-security-policy", "default-src 'none'; sandbox");
    checks.header("poster", &response, "x-content-type-options", "nosniff");
    checks.equal("vary", response.header("vary"), None);
    let tag = response.header("etag").unwrap_or_default();
    let held = subject.send(&Request::get(&*cover).header("If-None-Match", &*tag));
    checks.equal("with its ETag", (held.status, held.body.len()), (304, 0));
    let bare = cover.split('?').next().unwrap_or_default();
    checks.equal("without its signature", subject.get(bare).status, 403);
    checks.equal("with another", subject.get(&format!("{cover}0")).status, 403);
    checks.done();
}

pub(crate) fn film_is_not_ingested_as_a_picture(subject: &Subject) {
    let film = ingest(subject, "long");
    let said = String::from_utf8_lossy(&film.body).into_owned();
    assert_eq!(film.status, 400, "{said}");
    assert!(said.contains("invalid_payload") && said.contains("a picture is"), "{said}");
}
