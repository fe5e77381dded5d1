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

/// Starts an upload to `key`; returns its id.
fn create(server: &S3Server, key: &str, fields: &[(&str, &str)]) -> String {
    let created = send(server, "POST", &format!("/firstframe/{key}?uploads="), fields);
    values(&created, "UploadId").remove(0)
}

/// Completes an upload of one part.
fn complete(
    server: &S3Server,
    key: &str,
    id: &str,
    etag: &str,
    fields: &[(&str, &str)],
) -> Response {
    let list = format!(
        "<CompleteMultipartUpload><Part><ETag>{etag}</ETag><PartNumber>1</PartNumber></Part>\
         </CompleteMultipartUpload>"
    );
    let target = format!("/firstframe/{key}?uploadId={id}");
    Call { fields, body: list.as_bytes(), ..Call::new("POST", &target) }.send(server)
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

/// Keys, and prefixes with a plus, of the folder `m` on pages of one entry.
fn pages_of_folder_m(server: &S3Server, version: u8) -> Vec<String> {
    let (mut seen, mut next) = (Vec::new(), String::new());
    while seen.len() < 9 {
        // The signature wants parameters in order.
        let page = format!("delimiter=%2F{next}&max-keys=1&prefix=m%2F");
        let page = match (version, next.is_empty()) {
            (1, _) => page,
            (_, true) => page.replace("&max", "&list-type=2&max"),
            (_, false) => format!(
                "continuation-token={}&delimiter=%2F&list-type=2&max-keys=1&prefix=m%2F",
                next.replace('%', "%25")
            ),
        };
        let page = send(server, "GET", &format!("/firstframe?{page}"), &[]);
        assert_eq!(page.status, 200, "{}", text(&page));
        seen.extend(values(&page, "Key"));
        let prefixes = values(&page, "CommonPrefixes").join("");
        let prefix = prefixes.strip_prefix("<Prefix>").and_then(|rest| rest.split('<').next());
        seen.extend(prefix.map(|prefix| format!("+{prefix}")));
        let field = if version == 1 { "NextMarker" } else { "NextContinuationToken" };
        match (values(&page, field).pop(), version) {
            (None, _) => break,
            (Some(marker), 1) => next = format!("&marker={}", marker.replace('/', "%2F")),
            (Some(token), _) => next = token,
        }
    }
    seen
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
    for version in [1, 2] {
        assert_eq!(pages_of_folder_m(&server, version), ["m/", "m/1", "+m/2/", "m/3"], "{version}");
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
    let id = create(&server, "b", &[]);
    let part = put(&server, &format!("b?partNumber=1&uploadId={id}"), DIGITS, &[]);
    assert_eq!(part.header("etag").unwrap(), etag);
    let done = complete(&server, "b", &id, &etag, &[]);
    // The MD5 of the sixteen bytes of that MD5.
    let expected = "\"5927c5d64d94a5786f90003aa26d0159-1\"";
    assert_eq!(get(&server, "b").header("etag").unwrap(), expected, "{}", text(&done));
}

/// Metadata of an object.
const FIELDS: [(&str, &str); 6] = [
    ("cache-control", "max-age=60"),
    ("content-disposition", "attachment; filename=\"a.mp4\""),
    ("content-encoding", "identity"),
    ("content-language", "de"),
    ("content-type", "video/mp4"),
    ("x-amz-meta-mtime", "1700000000.123456789"),
];

#[test]
fn metadata_survives_puts_uploads_copies_and_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start(folder.path());
    assert_eq!(put(&server, "a", b"film", &FIELDS).status, 200);
    let id = create(&server, "b", &FIELDS);
    server.kill();
    let server = S3Server::start(folder.path());
    let source = [("x-amz-copy-source", "/firstframe/a"), ("x-amz-copy-source-range", "bytes=0-3")];
    let part = put(&server, &format!("b?partNumber=1&uploadId={id}"), b"", &source);
    let etag = values(&part, "ETag").remove(0);
    assert_eq!(complete(&server, "b", &id, &etag, &[]).status, 200);
    assert_eq!(put(&server, "c", b"", &source[..1]).status, 200);
    for key in ["a", "b", "c"] {
        let object = get(&server, key);
        assert_eq!(object.body, b"film", "{key}");
        let head = send(&server, "HEAD", &format!("/firstframe/{key}"), &[]);
        for (name, value) in FIELDS {
            assert_eq!(object.header(name).as_deref(), Some(value), "{key}: {name}");
            assert_eq!(head.header(name).as_deref(), Some(value), "{key}: {name}");
        }
    }
}

#[test]
fn metadata_is_replaced_by_a_copy_of_an_object_to_itself() {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start(folder.path());
    put(&server, "a", b"film", &FIELDS);
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
    assert_eq!(object_file_count(folder.path()), 1);
}

#[test]
fn metadata_that_is_too_large_or_not_supported_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start(folder.path());
    let refused = |name: &str, value: &str| {
        let response = put(&server, "a", b"film", &[(name, value)]);
        (response.status, values(&response, "Code").pop().unwrap_or_default())
    };
    let large = "x".repeat(2 << 10);
    for name in ["x-amz-meta-a", "cache-control", "content-type"] {
        assert_eq!(refused(name, &large), (400, "MetadataTooLarge".to_owned()), "{name}");
    }
    for name in ["x-amz-server-side-encryption", "x-amz-tagging", "x-amz-object-lock-mode"] {
        assert_eq!(refused(name, "AES256").0, 501, "{name}");
    }
    assert_eq!(get(&server, "a").status, 404);
    assert_eq!(refused("x-amz-meta-a", &large[1..]).0, 200);
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
    let id = create(&server, "e", &[]);
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
}

#[test]
fn conditional_completion_keeps_the_upload_where_it_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start(folder.path());
    put(&server, "a", b"2", &[]);
    let id = create(&server, "a", &[]);
    let part = put(&server, &format!("a?partNumber=1&uploadId={id}"), b"3", &[]);
    let etag = part.header("etag").unwrap();
    let refused = complete(&server, "a", &id, &etag, &[("if-none-match", "*")]);
    assert_eq!((refused.status, get(&server, "a").body), (412, b"2".to_vec()));
    assert_eq!(complete(&server, "a", &id, &etag, &[]).status, 200);
    assert_eq!(get(&server, "a").body, b"3");
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
    let put = |payload, trailer| {
        let call = Call { body: DIGITS, payload, trailer, ..Call::new("PUT", "/firstframe/a") };
        call.send(&server)
    };
    for payload in [Payload::UnsignedTrailer, Payload::SignedTrailer] {
        let wrong = put(payload, ("x-amz-checksum-crc32", "AAAAAA=="));
        assert_eq!((wrong.status, values(&wrong, "Code")), (400, vec!["BadDigest".into()]));
        assert_eq!(get(&server, "a").status, 404);
        for (name, value) in
            [("x-amz-checksum-crc32", DIGITS_CRC32), ("x-amz-checksum-crc64nvme", DIGITS_CRC64)]
        {
            let right = put(payload, (name, value));
            assert_eq!(right.status, 200, "{name} {}", text(&right));
            assert_eq!(right.header(name).as_deref(), Some(value));
        }
        let object = get(&server, "a");
        assert_eq!((object.body.as_slice(), object.header("content-encoding")), (DIGITS, None));
        send(&server, "DELETE", "/firstframe/a", &[]);
    }
}

#[test]
fn checksum_in_a_field_is_verified() {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start(folder.path());
    let field = |value| put(&server, "b", DIGITS, &[("x-amz-checksum-crc32", value)]).status;
    assert_eq!((field("AAAAAA=="), field(DIGITS_CRC32)), (400, 200));
    assert_eq!(object_file_count(folder.path()), 1);
}
