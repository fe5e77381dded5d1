//! Cached responses: the same bytes as the component sends, until something changes.

use tests::bytes::content;
use ureq::{Body, http::Response};

use crate::s3_server::{S3Server, bytes, header, signed, status};

const URL: &str = "api/v2/media/0123";

/// One range of the film, and whether it came from the cache.
fn read(server: &S3Server, range: &str) -> (Vec<u8>, bool) {
    let request = server.agent.get(format!("{}{URL}", server.url)).header("range", range);
    let mut response = request.call().unwrap();
    assert_eq!(status(&response), 206, "{range}");
    for (name, value) in
        [("accept-ranges", "bytes"), ("cross-origin-resource-policy", "same-origin")]
    {
        assert_eq!(header(&response, name), value);
    }
    assert!(header(&response, "etag").starts_with('"'));
    assert_eq!(
        header(&response, api::OBJECT_FIELD),
        "",
        "the private field is not sent to clients"
    );
    let is_cached = !header(&response, "age").is_empty();
    let length = header(&response, "content-length");
    let bytes = bytes(&mut response);
    assert_eq!(length, bytes.len().to_string());
    (bytes, is_cached)
}

/// The status of a purge that the component refuses.
fn purge_with_wrong_key(server: &S3Server) -> u16 {
    let purge = server.agent.delete(format!("{}api/v2/admin/startup", server.url));
    status(&purge.header("authorization", "Bearer somebody").call().unwrap())
}

#[test]
fn requested_film_is_sent_from_its_file_until_it_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start(folder.path());
    let film = content(1, 0, 3_000_000);
    server.put("media/0123", &film);
    assert!(read(&server, "bytes=1000-99999") == (film[1000..100_000].to_vec(), false));
    assert!(read(&server, "bytes=1000-99999") == (film[1000..100_000].to_vec(), true));
    assert!(read(&server, "bytes=5000-5000") == (film[5000..=5000].to_vec(), true));
    assert!(read(&server, "bytes=10-2999999") == (film[10..].to_vec(), true));
    assert!(read(&server, "bytes=2999999-3500000") == (film[2_999_999..].to_vec(), true));
    let mut whole = server.agent.get(format!("{}{URL}", server.url)).call().unwrap();
    assert!(!header(&whole, "age").is_empty());
    assert!(bytes(&mut whole) == film);
    assert_eq!(purge_with_wrong_key(&server), 401);
    assert!(read(&server, "bytes=5000-5000").1, "a refused request leaves the cache as it is");

    let film = content(2, 0, 3_000_000);
    server.put("media/0123", &film);
    assert!(read(&server, "bytes=1000-99999") == (film[1000..100_000].to_vec(), false));
    let delete_url = signed(&server.bucket.delete_object(Some(&server.credentials), "media/0123"));
    server.agent.delete(delete_url).call().unwrap();
    let request = server.agent.get(format!("{}{URL}", server.url));
    assert_eq!(status(&request.header("range", "bytes=1000-99999").call().unwrap()), 404);
}

#[test]
fn change_of_a_linked_film_is_seen_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start(folder.path());
    let own = folder.path().join("film.mp4");
    std::fs::write(&own, content(1, 0, 300_000)).unwrap();
    std::fs::hard_link(&own, folder.path().join("incoming/0123")).unwrap();
    let url = signed(&server.bucket.put_object(Some(&server.credentials), "media/0123"));
    let copy = server.agent.put(url.as_str()).header("x-amz-copy-source", "incoming/0123");
    assert_eq!(status(&copy.send_empty().unwrap()), 200);
    read(&server, "bytes=0-99");
    assert!(
        read(&server, "bytes=100000-199999")
            == (content(1, 0, 300_000)[100_000..200_000].to_vec(), true)
    );
    let film = content(2, 0, 200_000);
    std::fs::write(&own, &film).unwrap();
    assert!(read(&server, "bytes=100000-299999") == (film[100_000..].to_vec(), false));
    assert!(read(&server, "bytes=0-199999") == (film, true));
}

#[test]
fn conditional_requests_bypass_the_cache_and_size_zero_turns_it_off() {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start_with(folder.path(), &["--cache-mib-max", "0"]);
    server.put("media/0123", &content(1, 0, 10_000));
    assert!(!read(&server, "bytes=0-99").1);
    assert!(!read(&server, "bytes=0-99").1);
    drop(server);

    let server = S3Server::start(folder.path());
    read(&server, "bytes=0-99");
    assert!(read(&server, "bytes=0-99").1);
    let url = format!("{}{URL}", server.url);
    let tag = header(&server.agent.get(&url).call().unwrap(), "etag");
    let known = server.agent.get(&url).header("if-none-match", tag).call().unwrap();
    assert_eq!(status(&known), 304);
    let other = server.agent.get(&url).header("if-match", "\"other\"").call().unwrap();
    assert_eq!(status(&other), 412);
    let behind = server.agent.get(&url).header("range", "bytes=10000-10001").call().unwrap();
    assert_eq!(status(&behind), 416);
}

const ONE: &str = "https://one.example";
const OTHER: &str = "https://other.example";
const ORIGINS: &str = "https://one.example,https://OTHER.example:443";

/// The fields that say which pages may read a response.
const SHARING_FIELDS: [&str; 4] = [
    "access-control-allow-origin",
    "access-control-expose-headers",
    "cross-origin-resource-policy",
    "vary",
];

/// A response to a request of a page of `origin`, for which the server has several.
fn get_from(server: &S3Server, path: &str, origin: &str) -> Response<Body> {
    let request = server.agent.get(format!("{}{path}", server.url)).header("range", "bytes=0-99");
    let request = if origin.is_empty() { request } else { request.header("origin", origin) };
    request.call().unwrap()
}

#[test]
fn each_origin_has_its_own_cached_response() {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start_with(folder.path(), &["--cors-origins", ORIGINS]);
    let film = content(1, 0, 10_000);
    server.put("media/0123", &film);
    for (origin, allowed) in [(ONE, ONE), (OTHER, OTHER), ("", "")] {
        for is_cached in [false, true] {
            let mut response = get_from(&server, URL, origin);
            assert_eq!(!header(&response, "age").is_empty(), is_cached, "{origin}");
            assert_eq!(header(&response, "access-control-allow-origin"), allowed);
            assert_eq!(header(&response, "vary"), "Origin");
            assert!(bytes(&mut response) == film[..100]);
        }
    }
    let unknown = get_from(&server, URL, "https://third.example");
    assert_ne!(header(&unknown, "age"), "", "it is the same response as for no page at all");
    assert_eq!(header(&unknown, "access-control-allow-origin"), "");
}

#[test]
fn errors_of_the_server_are_shared_as_those_of_the_edge() {
    for origins in ["", ONE, ORIGINS, "*"] {
        let folder = tempfile::tempdir().unwrap();
        let server = S3Server::start_with(folder.path(), &["--cors-origins", origins]);
        let too_long = "x".repeat(9_000);
        for origin in ["", ONE, OTHER, "https://third.example"] {
            let of_edge = get_from(&server, "api/v2/nothing", origin);
            let of_server = get_from(&server, &too_long, origin);
            assert_eq!((status(&of_edge), status(&of_server)), (404, 414));
            for name in SHARING_FIELDS {
                let [expected, found] = [&of_edge, &of_server].map(|it| header(it, name));
                assert_eq!(found, expected, "{name} for {origin:?} with {origins:?}");
            }
        }
    }
}
