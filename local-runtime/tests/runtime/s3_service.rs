//! The object store, over S3.

use std::{io::Write as _, net::TcpStream, time::Duration};

use tests::bytes::content;

use crate::s3_server::{S3Server, bytes, header, object_file_count, signed, status};
use rusty_s3::{
    Credentials, S3Action as _,
    actions::{
        CompleteMultipartUpload, CreateMultipartUpload, ListObjectsV2, ListParts, UploadPart,
    },
};

fn create_upload(server: &S3Server, key: &str) -> String {
    let action = CreateMultipartUpload::new(&server.bucket, Some(&server.credentials), key);
    let mut response = server.agent.post(signed(&action)).send_empty().unwrap();
    let text = String::from_utf8(bytes(&mut response)).unwrap();
    CreateMultipartUpload::parse_response(&text).unwrap().upload_id().to_owned()
}

fn upload_part(server: &S3Server, key: &str, upload: &str, number: u16, part: &[u8]) -> String {
    let action = UploadPart::new(&server.bucket, Some(&server.credentials), key, number, upload);
    let response = server.agent.put(signed(&action)).send(part).unwrap();
    assert_eq!(status(&response), 200);
    header(&response, "etag")
}

fn list_parts(server: &S3Server, key: &str, upload: &str) -> Vec<(u16, u64)> {
    let action = ListParts::new(&server.bucket, Some(&server.credentials), key, upload);
    let mut response = server.agent.get(signed(&action)).call().unwrap();
    let text = String::from_utf8(bytes(&mut response)).unwrap();
    let parsed = ListParts::parse_response(&text).unwrap();
    parsed.parts.iter().map(|part| (part.number, part.size)).collect()
}

fn complete(server: &S3Server, key: &str, upload: &str, etags: &[&str]) -> u16 {
    let action = CompleteMultipartUpload::new(
        &server.bucket,
        Some(&server.credentials),
        key,
        upload,
        etags.iter().copied(),
    );
    let url = signed(&action);
    status(&server.agent.post(url).send(action.body()).unwrap())
}

#[test]
fn object_is_put_read_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start(folder.path());
    let film = content(1, 0, 1_000_000);
    let put = server.put("media/a", &film);
    assert_eq!(status(&put), 200);
    let etag = header(&put, "etag");
    assert!(etag.starts_with('"') && etag.len() == 34, "{etag}");

    let mut whole = server.get("media/a", &[]);
    assert_eq!((status(&whole), header(&whole, "content-type").as_str()), (200, "video/mp4"));
    assert_eq!(header(&whole, "content-length"), "1000000");
    assert_eq!(header(&whole, "accept-ranges"), "bytes");
    assert!(bytes(&mut whole) == film);

    for (range, first, last) in
        [("0-0", 0, 0), ("10-99", 10, 99), ("999990-", 999_990, 999_999), ("-5", 999_995, 999_999)]
    {
        let mut response = server.get("media/a", &[("range", &format!("bytes={range}"))]);
        assert_eq!(status(&response), 206, "{range}");
        assert_eq!(header(&response, "content-range"), format!("bytes {first}-{last}/1000000"));
        assert!(bytes(&mut response) == film[first..=last], "{range}");
    }
    let response = server.get("media/a", &[("range", "bytes=999990-2000000")]);
    assert_eq!(header(&response, "content-range"), "bytes 999990-999999/1000000");
    let response = server.get("media/a", &[("range", "bytes=1000000-")]);
    assert_eq!(status(&response), 416);
    assert_eq!(header(&response, "content-range"), "bytes */1000000");

    let url = signed(&server.bucket.head_object(Some(&server.credentials), "media/a"));
    let head = server.agent.head(url).call().unwrap();
    assert_eq!((status(&head), header(&head, "content-length").as_str()), (200, "1000000"));
    assert_eq!(header(&head, "etag"), etag);

    let url = signed(&server.bucket.delete_object(Some(&server.credentials), "media/a"));
    assert_eq!(status(&server.agent.delete(url).call().unwrap()), 204);
    assert_eq!(status(&server.get("media/a", &[])), 404);
    assert_eq!(object_file_count(folder.path()), 0);
}

#[test]
fn preconditions_decide_the_status() {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start(folder.path());
    let etag = header(&server.put("media/a", b"film"), "etag");
    let date = header(&server.get("media/a", &[]), "last-modified");
    let old = "Thu, 01 Jan 1970 00:00:00 GMT";
    for (name, value, expected) in [
        ("if-none-match", etag.as_str(), 304),
        ("if-none-match", "\"other\"", 200),
        ("if-match", etag.as_str(), 200),
        ("if-match", "\"other\"", 412),
        ("if-modified-since", date.as_str(), 304),
        ("if-modified-since", old, 200),
        ("if-unmodified-since", date.as_str(), 200),
        ("if-unmodified-since", old, 412),
    ] {
        assert_eq!(status(&server.get("media/a", &[(name, value)])), expected, "{name}: {value}");
    }
}

#[test]
fn requests_without_the_right_signature_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = S3Server::start(folder.path());
    server.put("media/a", b"film");
    let url = server.bucket.object_url("media/a");
    assert_eq!(status(&server.agent.get(url.as_str()).call().unwrap()), 403);
    let key = server.credentials.key().to_owned();
    server.credentials = Credentials::new(key, "another secret");
    assert_eq!(status(&server.get("media/a", &[])), 403);
    assert_eq!(status(&server.put("media/b", b"film")), 403);
}

#[test]
fn list_has_pages() {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start(folder.path());
    for number in 0..5 {
        server.put(&format!("media/{number} & more"), b"film");
    }
    server.put("image/x", b"picture");
    let (mut keys, mut token) = (Vec::new(), None::<String>);
    loop {
        let mut action = ListObjectsV2::new(&server.bucket, Some(&server.credentials));
        action.with_prefix("media/");
        action.with_max_keys(2);
        if let Some(token) = token {
            action.with_continuation_token(token);
        }
        let mut response = server.agent.get(signed(&action)).call().unwrap();
        let text = String::from_utf8(bytes(&mut response)).unwrap();
        let page = ListObjectsV2::parse_response(&text).unwrap();
        assert!(page.contents.len() <= 2);
        keys.extend(page.contents.into_iter().map(|object| (object.key, object.size)));
        token = page.next_continuation_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(keys.len(), 5);
    assert!(keys.iter().all(|(key, size)| key.starts_with("media/") && *size == Some(4)));
}

#[test]
fn multipart_upload_continues_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let film = content(2, 0, 12 << 20);
    let (first, second) = film.split_at(7 << 20);
    let server = S3Server::start(folder.path());
    let upload = create_upload(&server, "media/a");
    let one = upload_part(&server, "media/a", &upload, 1, first);
    server.kill();
    let server = S3Server::start(folder.path());
    assert_eq!(list_parts(&server, "media/a", &upload), [(1, 7 << 20)]);
    let two = upload_part(&server, "media/a", &upload, 2, second);
    assert_eq!(complete(&server, "media/a", &upload, &[&one, "wrong"]), 400);
    assert_eq!(complete(&server, "media/a", &upload, &[&one, &two]), 200);
    assert!(bytes(&mut server.get("media/a", &[])) == film);
    assert_eq!(complete(&server, "media/a", &upload, &[&one, &two]), 404);
    assert_eq!(object_file_count(folder.path()), 1);
}

#[test]
fn film_in_incoming_is_moved_and_not_copied() {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start(folder.path());
    let own = folder.path().join("own.mp4");
    std::fs::write(&own, b"frames").unwrap();
    std::fs::hard_link(&own, folder.path().join("incoming/0123abcd")).unwrap();
    let url = signed(&server.bucket.put_object(Some(&server.credentials), "media/a"));
    let copy = |name: &str| {
        let source = format!("incoming/{name}");
        let request = server.agent.put(url.as_str()).header("x-amz-copy-source", source);
        request.send_empty().unwrap()
    };
    let mut response = copy("0123abcd");
    let text = String::from_utf8(bytes(&mut response)).unwrap();
    assert_eq!(status(&response), 200, "{text}");
    assert!(text.contains("<ETag>"), "{text}");
    assert_eq!(bytes(&mut server.get("media/a", &[])), b"frames");
    assert!(!folder.path().join("incoming/0123abcd").exists());
    assert_eq!(status(&copy("0123abcd")), 404);
    assert_eq!(status(&copy("../keys.toml")), 404);

    let before = header(&server.get("media/a", &[]), "etag");
    std::fs::write(&own, b"other frames").unwrap();
    let mut response = server.get("media/a", &[]);
    assert_ne!(header(&response, "etag"), before);
    assert_eq!(bytes(&mut response), b"other frames");
}

#[test]
fn response_of_a_film_that_changes_ends_with_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start(folder.path());
    let film = content(3, 0, 64 << 20);
    server.put("media/a", &film);
    let blob = std::fs::read_dir(folder.path().join("objects")).unwrap().next().unwrap();
    let mut response = server.get("media/a", &[]);
    let mut reader = response.body_mut().as_reader();
    let mut head = vec![0; 1 << 20];
    std::io::Read::read_exact(&mut reader, &mut head).unwrap();
    std::fs::write(blob.unwrap().path(), content(4, 0, 64 << 20)).unwrap();
    let mut rest = Vec::new();
    assert!(std::io::Read::read_to_end(&mut reader, &mut rest).is_err());
    assert!(film[1 << 20..].starts_with(&rest));
}

#[test]
fn upload_that_breaks_off_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start(folder.path());
    let action = server.bucket.put_object(Some(&server.credentials), "media/a");
    let url = action.sign(crate::s3_server::SIGNATURE_VALID);
    let address = (url.host_str().unwrap(), url.port().unwrap());
    let mut stream = TcpStream::connect(address).unwrap();
    let target = format!("{}?{}", url.path(), url.query().unwrap());
    let host = format!("{}:{}", address.0, address.1);
    let head = format!("PUT {target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000000\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&content(5, 0, 400_000)).unwrap();
    let started = std::time::Instant::now();
    while object_file_count(folder.path()) == 0 && started.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(object_file_count(folder.path()), 1, "the upload is under way");
    drop(stream);
    while object_file_count(folder.path()) > 0 && started.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(object_file_count(folder.path()), 0);
    assert_eq!(status(&server.get("media/a", &[])), 404);
}

#[test]
fn body_with_a_wrong_content_md5_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let server = S3Server::start(data.path());
    // RFC 1321 §A.5: the digest of `abc`, in base64.
    for (md5, body, expected, code) in [
        ("kAFQmDzST7DWlj99KOF/cg==", "abc", 200, ""),
        ("kAFQmDzST7DWlj99KOF/cg==", "abd", 400, "BadDigest"),
        ("1B2M2Y8AsgTpgAmY7PhCfg==", "", 200, ""),
        ("not a digest", "abc", 400, "InvalidDigest"),
        ("kAFQ", "abc", 400, "InvalidDigest"),
    ] {
        let key = format!("k{expected}{code}");
        let mut action = server.bucket.put_object(Some(&server.credentials), &key);
        action.headers_mut().insert("content-md5", md5);
        let request = server.agent.put(signed(&action)).header("content-md5", md5);
        let mut response = request.send(body.as_bytes()).unwrap();
        assert_eq!(status(&response), expected, "{md5} {body}");
        let text = String::from_utf8(bytes(&mut response)).unwrap();
        assert!(text.contains(code), "{text}");
        let stored = if expected == 200 { 200 } else { 404 };
        assert_eq!(status(&server.get(&key, &[])), stored, "{md5} {body}");
    }
}

#[test]
fn full_store_refuses_an_upload_and_keeps_its_objects() {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start_with(folder.path(), &["--objects-mib-max", "1"]);
    assert_eq!(status(&server.put("media/a", &content(6, 0, 900_000))), 200);
    // More than socket buffers hold, so that the response arrives while the body is sent.
    let mut full = server.put("media/b", &content(7, 0, 30 << 20));
    let text = String::from_utf8(bytes(&mut full)).unwrap();
    assert_eq!(status(&full), 507, "{text}");
    assert!(text.contains("InsufficientStorage"), "{text}");
    assert_eq!(object_file_count(folder.path()), 1);
    assert_eq!(bytes(&mut server.get("media/a", &[])).len(), 900_000);
}

#[test]
fn key_with_a_control_character_is_refused_and_lists_stay_readable() {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start(folder.path());
    server.put("media/a", b"film");
    for key in ["media/\u{1}", "media/\u{1b}[2J", "media/a\nb", "media/\u{ffff}", "media/\u{7f}"] {
        let mut put = server.put(key, b"film");
        let text = String::from_utf8(bytes(&mut put)).unwrap();
        assert_eq!(status(&put), 400, "{key:?}");
        assert!(text.contains("no control characters"), "{text}");
        let action = CreateMultipartUpload::new(&server.bucket, Some(&server.credentials), key);
        assert_eq!(status(&server.agent.post(signed(&action)).send_empty().unwrap()), 400);
    }
    let action = ListObjectsV2::new(&server.bucket, Some(&server.credentials));
    let mut list = server.agent.get(signed(&action)).call().unwrap();
    let text = String::from_utf8(bytes(&mut list)).unwrap();
    let keys: Vec<_> = ListObjectsV2::parse_response(&text).unwrap().contents;
    assert_eq!(keys.len(), 1, "{text}");
    assert_eq!(object_file_count(folder.path()), 1);
}

#[test]
fn signed_url_is_valid_for_at_most_seven_days() {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start(folder.path());
    server.put("media/a", b"film");
    let action = server.bucket.get_object(Some(&server.credentials), "media/a");
    let week = Duration::from_hours(7 * 24);
    for (valid, expected) in [(week, 200), (week + Duration::from_secs(1), 400)] {
        let url = action.sign(valid).to_string();
        let mut response = server.agent.get(&url).call().unwrap();
        assert_eq!(status(&response), expected, "{valid:?}");
        let text = String::from_utf8_lossy(&bytes(&mut response)).into_owned();
        assert_eq!(text.contains("seven days"), expected == 400, "{text}");
    }
}
