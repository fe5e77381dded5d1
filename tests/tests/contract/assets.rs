//! The page and its assets.

use std::io::Read as _;

use flate2::read::GzDecoder;
use tests::http::Request;

use crate::{Subject, shared::Checks};

/// Names of assets that the page refers to.
fn assets(subject: &Subject) -> Vec<String> {
    let page = subject.get_plain("/");
    assert_eq!(page.status, 200, "the page is not built: `cargo xtask build` makes target/web");
    let html = String::from_utf8(page.body).expect("HTML in UTF-8");
    let mut found: Vec<String> = html
        .split("/assets/")
        .skip(1)
        .filter_map(|rest| rest.split(['"', '\'', ')', ' ', '>']).next())
        .map(|name| format!("/assets/{name}"))
        .collect();
    found.sort();
    found.dedup();
    assert!(!found.is_empty(), "the page refers to no asset");
    found
}

pub(crate) fn page_is_revalidated(subject: &Subject) {
    let mut checks = Checks::default();
    let page = subject.get("/");
    checks.equal("status", page.status, 200);
    let type_ = page.header("content-type").unwrap_or_default();
    checks.that(type_.starts_with("text/html"), || format!("content-type {type_:?}"));
    let cache = page.header("cache-control").unwrap_or_default();
    checks.that(cache.contains("no-cache"), || format!("cache-control {cache:?}"));
    let etag = page.header("etag").unwrap_or_default();
    checks.that(etag.starts_with('"'), || format!("ETag {etag:?}"));
    let again = subject.send(&Request::get("/").header("If-None-Match", &etag));
    checks.equal("with its ETag", again.status, 304);
    let head = subject.send(&Request::head("/"));
    checks.equal("HEAD", (head.status, head.header("etag")), (200, Some(etag)));
    checks.done();
}

pub(crate) fn every_page_path_serves_the_page(subject: &Subject) {
    let page = subject.get("/").body;
    let mut checks = Checks::default();
    for target in ["/title/night-train", "/?q=1"] {
        let response = subject.get(target);
        checks.equal(target, response.status, 200);
        checks.that(response.body == page, || format!("{target} is another page"));
    }
    checks.done();
}

pub(crate) fn page_of_an_episode_has_it_in_the_document(subject: &Subject) {
    let mut checks = Checks::default();
    let target = "/watch/night-train.1";
    let plain = subject.get_plain(target);
    checks.equal("status", plain.status, 200);
    let link = plain.header("link");
    let html = String::from_utf8(plain.body).expect("HTML in UTF-8");
    for text in ["<title>Night Train · Firstframe</title>", "og:title", "application/ld+json"] {
        checks.that(html.contains(text), || format!("no {text} in {html}"));
    }
    let start = "</api/v2/stream/night-train.1/start?at=0.000&until=picture>; rel=preload; as=fetch; crossorigin";
    checks.equal("Link", link.as_deref(), Some(start));
    let packed = subject.send(&Request::get(target).header("Accept-Encoding", "gzip"));
    let mut unpacked = String::new();
    let read = GzDecoder::new(packed.body.as_slice()).read_to_string(&mut unpacked);
    checks.that(read.is_ok() && unpacked == html, || format!("gzip has other bytes: {read:?}"));
    let etag = packed.header("etag").unwrap_or_default();
    let held =
        Request::get(target).header("Accept-Encoding", "gzip").header("If-None-Match", &etag);
    checks.equal("with its ETag", subject.send(&held).status, 304);
    checks.equal("HEAD", subject.send(&Request::head(target)).status, 200);
    let person = Request::get("/watch/night-train.99").header("Accept", "text/html");
    let nothing = subject.send(&person);
    checks.equal("an unknown episode", nothing.status, 404);
    let type_ = nothing.header("content-type").unwrap_or_default();
    checks.that(type_.starts_with("text/html"), || format!("content-type {type_:?}"));
    checks.done();
}

pub(crate) fn player_is_framed_by_the_sites_of_the_setting(subject: &Subject) {
    let mut checks = Checks::default();
    let frames = |target: &str| {
        let response = subject.get_plain(target);
        let policy = response.header("content-security-policy").unwrap_or_default();
        let (_, frames) = policy.split_once("frame-ancestors ").unwrap_or_default();
        (response.status, frames.to_owned())
    };
    let listed = "'self' https://page.example".to_owned();
    checks.equal("player", frames("/embed/night-train.1"), (200, listed.clone()));
    for target in ["/watch/night-train.1", "/"] {
        checks.equal(target, frames(target), (200, "'self'".to_owned()));
    }
    let person = Request::get("/embed/night-train.99").header("Accept", "text/html");
    let nothing = subject.send(&person);
    checks.equal("an unknown episode", nothing.status, 404);
    let policy = nothing.header("content-security-policy").unwrap_or_default();
    checks.that(policy.ends_with(&listed), || format!("an unknown episode: {policy}"));
    let corp = subject.get("/embed/night-train.1").header("cross-origin-resource-policy");
    checks.equal("resource policy", corp.as_deref(), Some("cross-origin"));
    checks.done();
}

pub(crate) fn embedding_is_described_to_sites(subject: &Subject) {
    let mut checks = Checks::default();
    let html = String::from_utf8(subject.get_plain("/watch/night-train.1").body).expect("UTF-8");
    let (_, rest) = html.split_once("application/json+oembed\" href=\"").expect("a link");
    let (address, _) = rest.split_once('"').expect("its end");
    let (_, target) = address.split_once("/oembed").expect("the path of the link");
    let target = format!("/oembed{}", target.replace("&amp;", "&"));
    let response = subject.send(&Request::get(&target));
    checks.equal("status", response.status, 200);
    checks.header("oembed", &response, "content-type", "application/json");
    let said: serde_json::Value = serde_json::from_slice(&response.body).expect("JSON");
    checks.equal("kind", (&said["type"], &said["title"]), (&"video".into(), &"Night Train".into()));
    let html = said["html"].as_str().unwrap_or_default();
    checks.that(html.contains("/embed/night-train.1\""), || html.to_owned());
    let xml = format!("{}xml", target.trim_end_matches("json"));
    checks.equal("XML", subject.get(&xml).status, 501);
    let foreign = "/oembed?url=https%3A%2F%2Fother.example%2Fwatch%2Fnight-train.1";
    checks.equal("another host", subject.get(foreign).status, 404);
    checks.done();
}

pub(crate) fn assets_are_immutable(subject: &Subject) {
    let mut checks = Checks::default();
    for target in assets(subject) {
        let response = subject.get_plain(&target);
        checks.equal(&target, response.status, 200);
        let cache = "public, max-age=31536000, immutable";
        checks.header(&target, &response, "cache-control", cache);
        checks.header(&target, &response, "vary", "Accept-Encoding");
        checks.header(&target, &response, "access-control-allow-origin", "*");
        checks.header(&target, &response, "cross-origin-resource-policy", "cross-origin");
        checks.header(&target, &response, "x-content-type-options", "nosniff");
        let etag = response.header("etag").unwrap_or_default();
        checks.that(etag.starts_with('"'), || format!("{target}: ETag {etag:?}"));
        let again = subject.send(&Request::get(&target).header("If-None-Match", &etag));
        checks.equal(&format!("{target} with its ETag"), again.status, 304);
        let head = subject.send(&Request::head(&target));
        let lengths = (head.header("content-length"), response.body.len().to_string());
        let front = subject.differences.front_compresses;
        let same = lengths.0.as_ref() == Some(&lengths.1);
        checks.that(front || same, || format!("{target}: {lengths:?}"));
    }
    checks.done();
}

pub(crate) fn player_is_revalidated_and_imports_an_asset(subject: &Subject) {
    let mut checks = Checks::default();
    let target = "/player/firstframe.js";
    let response = subject.get(target);
    checks.equal("status", response.status, 200);
    checks.header(target, &response, "content-type", "text/javascript; charset=utf-8");
    checks.header(target, &response, "cache-control", "no-cache");
    checks.header(target, &response, "access-control-allow-origin", "*");
    checks.header(target, &response, "cross-origin-resource-policy", "cross-origin");
    let etag = response.header("etag").unwrap_or_default();
    let again = subject.send(&Request::get(target).header("If-None-Match", &etag));
    checks.equal("with its ETag", again.status, 304);
    let script = String::from_utf8(response.body).expect("a script in UTF-8");
    let asset = script.split('"').nth(1).unwrap_or_default().trim_start_matches("..");
    let known = assets(subject);
    checks.that(known.iter().any(|name| name == asset), || format!("{script} and {known:?}"));
    checks.done();
}

pub(crate) fn assets_are_compressed_for_clients_that_accept_gzip(subject: &Subject) {
    let mut checks = Checks::default();
    for target in assets(subject) {
        let plain = subject.get_plain(&target);
        checks.equal(&target, plain.header("content-encoding"), None);
        let request = Request::get(&target).header("Accept-Encoding", "br;q=0.9, gzip");
        let packed = subject.send(&request);
        if plain.body.len() < 1000 {
            continue;
        }
        checks.header(&target, &packed, "content-encoding", "gzip");
        let mut unpacked = Vec::new();
        let read = GzDecoder::new(packed.body.as_slice()).read_to_end(&mut unpacked);
        checks.that(read.is_ok() && unpacked == plain.body, || format!("{target}: other bytes"));
        let front = subject.differences.front_compresses;
        checks.that(front || plain.header("etag") != packed.header("etag"), || {
            format!("{target}: a strong ETag names one sequence of bytes, this one names two")
        });
        let refused = Request::get(&target).header("Accept-Encoding", "gzip;q=0");
        let coding = subject.send(&refused).header("content-encoding");
        checks.equal(&format!("{target} with gzip;q=0"), coding, None);
    }
    checks.done();
}

pub(crate) fn unknown_assets_are_not_found(subject: &Subject) {
    for target in ["/assets/app.0000000000000000.js", "/assets/x", "/favicon.png"] {
        assert_eq!(subject.get(target).status, 404, "{target}");
    }
}
