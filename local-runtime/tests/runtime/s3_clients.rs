//! What rclone, the AWS command line and boto3 send to the object store, and what they need back.
//! `cargo xtask test clients` runs these programs themselves.

use tests::http::Response;

use crate::{
    s3_server::{S3Server, object_file_count},
    sig_v4::{Call, Payload},
};

/// The check input of CRC algorithms, its MD5, and two of its checksums in base64.
const DIGITS: &[u8] = b"123456789";
const DIGITS_MD5: &str = "25f9e794323b453885f5181f1b624d0b";
const DIGITS_CRC32: &str = "y/Q5Jg==";
const DIGITS_CRC64: &str = "rosUhgp5mIg=";

fn send(server: &S3Server, method: &str, target: &str, fields: &[(&str, &str)]) -> Response {
    Call { fields, ..Call::new(method, target) }.send(server)
}

fn put(server: &S3Server, key: &str, body: &[u8], fields: &[(&str, &str)]) -> Response {
    let target = format!("/firstframe/{key}");
    Call { fields, body, ..Call::new("PUT", &target) }.send(server)
}

fn get(server: &S3Server, key: &str) -> Response {
    send(server, "GET", &format!("/firstframe/{key}"), &[])
}

fn post(server: &S3Server, target: &str, body: &str) -> Response {
    Call { body: body.as_bytes(), ..Call::new("POST", target) }.send(server)
}

fn text(response: &Response) -> String {
    String::from_utf8(response.body.clone()).unwrap()
}

/// The content of each `<name>` in a response.
fn values(response: &Response, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let text = text(response);
    let rest = text.split(&open).skip(1);
    rest.map(|rest| rest.split(&close).next().unwrap().to_owned()).collect()
}

#[test]
fn bucket_is_found_and_needs_not_be_created() {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start(folder.path());
    let buckets = send(&server, "GET", "/", &[]);
    assert_eq!(values(&buckets, "Name"), ["firstframe"], "{}", text(&buckets));
    assert_eq!(values(&buckets, "CreationDate").len(), 1);
    let location = send(&server, "GET", "/firstframe?location=", &[]);
    assert!(location.status == 200 && text(&location).contains("LocationConstraint"));
    assert_eq!(send(&server, "HEAD", "/firstframe", &[]).status, 200);
    assert_eq!(send(&server, "HEAD", "/another", &[]).status, 404);
    let create = send(&server, "PUT", "/firstframe", &[]);
    assert_eq!(
        (create.status, values(&create, "Code")),
        (409, vec!["BucketAlreadyOwnedByYou".into()])
    );
    assert_eq!(values(&send(&server, "PUT", "/another", &[]), "Code"), ["TooManyBuckets"]);
}

#[test]
fn both_versions_of_a_list_have_pages_prefixes_and_encoded_keys() {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start(folder.path());
    for key in ["a%20%2B%26b", "m/", "m/1", "m/2/x", "m/2/y", "m/3", "z%C3%A9"] {
        assert_eq!(put(&server, key, b"x", &[]).status, 200, "{key}");
    }
    let all = send(&server, "GET", "/firstframe?encoding-type=url&list-type=2", &[]);
    let keys = ["a%20%2B%26b", "m/", "m/1", "m/2/x", "m/2/y", "m/3", "z%C3%A9"];
    assert_eq!(values(&all, "Key"), keys);
    assert_eq!(values(&all, "EncodingType"), ["url"]);
    let plain = send(&server, "GET", "/firstframe", &[]);
    assert_eq!(values(&plain, "Key")[0], "a +&amp;b");
    // The pages of one folder, in either version.
    for (version, parameter, next) in [
        ("", "marker", "NextMarker"),
        ("&list-type=2", "continuation-token", "NextContinuationToken"),
    ] {
        let (mut seen, mut token) = (Vec::new(), None::<String>);
        loop {
            // Parameters are signed in their order.
            let (first, last) = match &token {
                None => (String::new(), String::new()),
                Some(token) if version.is_empty() => {
                    (String::new(), format!("&{parameter}={}", token.replace('/', "%2F")))
                }
                Some(token) => {
                    (format!("{parameter}={}&", token.replace('%', "%25")), String::new())
                }
            };
            let sorted = if version.is_empty() {
                format!("/firstframe?delimiter=%2F{last}&max-keys=1&prefix=m%2F")
            } else {
                format!("/firstframe?{first}delimiter=%2F{version}&max-keys=1&prefix=m%2F")
            };
            let page = send(&server, "GET", &sorted, &[]);
            assert_eq!(page.status, 200, "{}", text(&page));
            seen.extend(values(&page, "Key"));
            let prefixes = values(&page, "CommonPrefixes");
            seen.extend(prefixes.iter().map(|prefix| prefix.replace("<Prefix>", "+")));
            token = values(&page, next).pop();
            if token.is_none() {
                break;
            }
            assert!(seen.len() < 9, "{seen:?}");
        }
        assert_eq!(seen, ["m/", "m/1", "+m/2/</Prefix>", "m/3"], "{version}");
    }
    let after = send(&server, "GET", "/firstframe?list-type=2&start-after=m%2F2%2Fx", &[]);
    assert_eq!(values(&after, "Key").len(), 3);
    assert_eq!(send(&server, "GET", "/firstframe?max-keys=-1", &[]).status, 400);
    let none = send(&server, "GET", "/firstframe?list-type=2&max-keys=0", &[]);
    assert_eq!(values(&none, "KeyCount"), ["0"]);
}

#[test]
fn etag_is_the_md5_of_a_put_and_of_the_parts_of_an_upload() {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start(folder.path());
    let etag = put(&server, "a", DIGITS, &[]).header("etag").unwrap();
    assert_eq!(etag, format!("\"{DIGITS_MD5}\""));
    let created = post(&server, "/firstframe/b?uploads=", "");
    let id = values(&created, "UploadId").remove(0);
    let part = put(&server, &format!("b?partNumber=1&uploadId={id}"), DIGITS, &[]);
    assert_eq!(part.header("etag").unwrap(), etag);
    let list = format!(
        "<CompleteMultipartUpload><Part><ETag>{etag}</ETag><PartNumber>1</PartNumber></Part>\
         </CompleteMultipartUpload>"
    );
    let done = post(&server, &format!("/firstframe/b?uploadId={id}"), &list);
    // The MD5 of the sixteen bytes of that MD5.
    let expected = "\"5927c5d64d94a5786f90003aa26d0159-1\"";
    assert_eq!(get(&server, "b").header("etag").unwrap(), expected, "{}", text(&done));
}

#[test]
fn metadata_is_kept_by_puts_uploads_copies_and_a_restart() {
    const FIELDS: [(&str, &str); 6] = [
        ("cache-control", "max-age=60"),
        ("content-disposition", "attachment; filename=\"a.mp4\""),
        ("content-encoding", "identity"),
        ("content-language", "de"),
        ("content-type", "video/mp4"),
        ("x-amz-meta-mtime", "1700000000.123456789"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start(folder.path());
    assert_eq!(put(&server, "a", b"film", &FIELDS).status, 200);
    let target = "/firstframe/b?uploads=";
    let created = Call { fields: &FIELDS, ..Call::new("POST", target) }.send(&server);
    let id = values(&created, "UploadId").remove(0);
    server.kill();
    let server = S3Server::start(folder.path());
    let copied = [("x-amz-copy-source", "/firstframe/a"), ("x-amz-copy-source-range", "bytes=0-3")];
    let part = put(&server, &format!("b?partNumber=1&uploadId={id}"), b"", &copied);
    let etag = values(&part, "ETag").remove(0);
    let list = format!(
        "<CompleteMultipartUpload><Part><ETag>{etag}</ETag><PartNumber>1</PartNumber></Part>\
         </CompleteMultipartUpload>"
    );
    assert_eq!(post(&server, &format!("/firstframe/b?uploadId={id}"), &list).status, 200);
    assert_eq!(put(&server, "c", b"", &copied[..1]).status, 200);
    for key in ["a", "b", "c"] {
        let object = get(&server, key);
        assert_eq!(object.body, b"film", "{key}");
        let head = send(&server, "HEAD", &format!("/firstframe/{key}"), &[]);
        for (name, value) in FIELDS {
            assert_eq!(object.header(name).as_deref(), Some(value), "{key}: {name}");
            assert_eq!(head.header(name).as_deref(), Some(value), "{key}: {name}");
        }
    }
    // rclone sets a time so.
    let replaced = [
        ("x-amz-copy-source", "/firstframe/a"),
        ("x-amz-meta-mtime", "5"),
        ("x-amz-metadata-directive", "REPLACE"),
    ];
    assert_eq!(put(&server, "a", b"", &replaced).status, 200);
    let object = get(&server, "a");
    assert_eq!(object.header("x-amz-meta-mtime").as_deref(), Some("5"));
    assert_eq!((object.header("cache-control"), object.body.as_slice()), (None, &b"film"[..]));
    let large = "x".repeat(2 << 10);
    let refused = put(&server, "d", b"film", &[("x-amz-meta-a", &large)]);
    assert_eq!((refused.status, values(&refused, "Code")), (400, vec!["MetadataTooLarge".into()]));
    let encrypted = put(&server, "d", b"film", &[("x-amz-server-side-encryption", "AES256")]);
    assert_eq!(encrypted.status, 501);
    assert_eq!(get(&server, "d").status, 404);
}

#[test]
fn copy_obeys_its_conditions_and_names_the_missing_source() {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start(folder.path());
    let etag = put(&server, "a%20b", b"film", &[]).header("etag").unwrap();
    let copy = |fields: &[(&str, &str)]| {
        let source = [("x-amz-copy-source", "firstframe/a%20b")];
        put(&server, "c", b"", &[&source, fields].concat())
    };
    assert_eq!(copy(&[("x-amz-copy-source-if-match", "\"other\"")]).status, 412);
    assert_eq!(copy(&[("x-amz-copy-source-if-none-match", &etag)]).status, 412);
    assert_eq!(get(&server, "c").status, 404);
    let done = copy(&[("x-amz-copy-source-if-match", &etag)]);
    assert_eq!((done.status, values(&done, "ETag").len()), (200, 1), "{}", text(&done));
    assert_eq!(object_file_count(folder.path()), 2);
    let absent = put(&server, "d", b"", &[("x-amz-copy-source", "/firstframe/absent")]);
    assert_eq!((absent.status, values(&absent, "Code")), (404, vec!["NoSuchKey".into()]));
    let itself = put(&server, "c", b"", &[("x-amz-copy-source", "/firstframe/c")]);
    assert_eq!((itself.status, values(&itself, "Code")), (400, vec!["InvalidRequest".into()]));
    let created = post(&server, "/firstframe/e?uploads=", "");
    let id = values(&created, "UploadId").remove(0);
    let target = format!("e?partNumber=1&uploadId={id}");
    for range in ["bytes=0-4", "bytes=-2", "bytes=2-", "0-1"] {
        let source = [("x-amz-copy-source", "/firstframe/c"), ("x-amz-copy-source-range", range)];
        assert_eq!(put(&server, &target, b"", &source).status, 400, "{range}");
    }
}

#[test]
fn conditional_writes_keep_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start(folder.path());
    let write = |body: &[u8], name: &str, value: &str| {
        let response = put(&server, "a", body, &[(name, value)]);
        (response.status, response.header("etag").unwrap_or_default())
    };
    assert_eq!(write(b"0", "if-match", "*").0, 404);
    let (status, etag) = write(b"1", "if-none-match", "*");
    assert_eq!(status, 200);
    assert_eq!(write(b"2", "if-none-match", "*").0, 412);
    assert_eq!(write(b"2", "if-match", "\"other\"").0, 412);
    assert_eq!(get(&server, "a").body, b"1");
    assert_eq!(write(b"2", "if-match", &etag).0, 200);
    assert_eq!(get(&server, "a").body, b"2");
    assert_eq!(object_file_count(folder.path()), 1);
    let id = values(&post(&server, "/firstframe/a?uploads=", ""), "UploadId").remove(0);
    let part = put(&server, &format!("a?partNumber=1&uploadId={id}"), b"3", &[]);
    let list = format!(
        "<CompleteMultipartUpload><Part><ETag>{}</ETag><PartNumber>1</PartNumber></Part>\
         </CompleteMultipartUpload>",
        part.header("etag").unwrap()
    );
    let target = format!("/firstframe/a?uploadId={id}");
    let fields = [("if-none-match", "*")];
    let complete = Call { fields: &fields, body: list.as_bytes(), ..Call::new("POST", &target) };
    assert_eq!(complete.send(&server).status, 412);
    assert_eq!(get(&server, "a").body, b"2");
    assert_eq!(post(&server, &target, &list).status, 200, "the upload is still there");
}

#[test]
fn many_objects_are_deleted_by_one_request() {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start(folder.path());
    for key in ["a", "b", "c%26d"] {
        put(&server, key, key.as_bytes(), &[]);
    }
    let keys = "<Object><Key>a</Key></Object><Object><Key>absent</Key></Object>";
    let loud = post(&server, "/firstframe?delete=", &format!("<Delete>{keys}</Delete>"));
    assert_eq!(values(&loud, "Key"), ["a", "absent"], "{}", text(&loud));
    let keys = "<Object><Key>c&amp;d</Key></Object><Quiet>true</Quiet>";
    let quiet = post(&server, "/firstframe?delete=", &format!("<Delete>{keys}</Delete>"));
    assert_eq!((quiet.status, values(&quiet, "Deleted").len()), (200, 0));
    let many = "<Object><Key>b</Key></Object>".repeat(1001);
    let refused = post(&server, "/firstframe?delete=", &format!("<Delete>{many}</Delete>"));
    assert_eq!((refused.status, values(&refused, "Code")), (400, vec!["MalformedXML".into()]));
    let left = send(&server, "GET", "/firstframe?list-type=2", &[]);
    assert_eq!(values(&left, "Key"), ["b"]);
    assert_eq!(object_file_count(folder.path()), 1);
}

#[test]
fn checksum_behind_the_chunks_of_a_body_is_verified() {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start(folder.path());
    for payload in [Payload::UnsignedTrailer, Payload::SignedTrailer] {
        for (trailer, status, code) in [
            (("x-amz-checksum-crc32", DIGITS_CRC32), 200, ""),
            (("x-amz-checksum-crc64nvme", DIGITS_CRC64), 200, ""),
            (("x-amz-checksum-crc32", "AAAAAA=="), 400, "BadDigest"),
        ] {
            let call = Call { body: DIGITS, payload, trailer, ..Call::new("PUT", "/firstframe/a") };
            let response = call.send(&server);
            assert_eq!(response.status, status, "{trailer:?} {}", text(&response));
            if status == 200 {
                assert_eq!(response.header(trailer.0).as_deref(), Some(trailer.1));
                let object = get(&server, "a");
                assert_eq!(object.body, DIGITS);
                assert_eq!(object.header("content-encoding"), None, "aws-chunked is framing");
                send(&server, "DELETE", "/firstframe/a", &[]);
            } else {
                assert_eq!(values(&response, "Code"), [code]);
                assert_eq!(get(&server, "a").status, 404);
            }
        }
    }
    let field = |value| put(&server, "b", DIGITS, &[("x-amz-checksum-crc32", value)]).status;
    assert_eq!((field("AAAAAA=="), field(DIGITS_CRC32)), (400, 200));
    assert_eq!(object_file_count(folder.path()), 1);
}
