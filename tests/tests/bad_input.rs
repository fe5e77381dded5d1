//! A clear answer, and nothing lost: a port in use, a disk that is full.
#![expect(clippy::expect_used, reason = "a test that cannot go on ends here, and says why")]

use std::{net::TcpListener, process::Command, time::Duration};

use api::{ErrorCode, limits::VALUE_BYTES_MAX, paths};
use catalog::Pack;
use serde_json::Value;
use tests::{
    bytes,
    fixture::{self, CLIP, CLIP_BYTES, CLIP_SEED, FILM},
    http::Request,
    process::{Process, firstframe},
    target::Deployment,
};

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new("timeout")
        .arg("20")
        .arg(firstframe().expect("the binary"))
        .args(["serve", "--listen", &address, "--data"])
        .arg(folder.path().join("data"))
        .env_remove("FIRSTFRAME_COMPONENT")
        .env_remove("RUST_BACKTRACE")
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "it serves on a port that is taken");
    assert_ne!(output.status.code(), Some(124), "it neither serves nor ends");
    let port = taken.local_addr().expect("an address").port().to_string();
    assert!(said.contains(&port), "the port is not named: {said}");
    assert!(!said.contains("panicked"), "it panics: {said}");
    assert!(said.lines().count() <= 6, "more than a person reads: {said}");
}

#[test]
fn a_data_folder_is_served_once() {
    let first = Deployment::local_runtime().expect("firstframe serve starts");
    let data = first.data.clone().expect("a data folder");
    let folder = data.to_str().expect("a path in UTF-8");
    let arguments = ["20", "serve", "--listen", "127.0.0.1:0", "--data", folder];
    let binary = firstframe().expect("the binary");
    let output = Command::new("timeout")
        .arg(arguments[0])
        .arg(binary)
        .args(&arguments[1..])
        .env_remove("FIRSTFRAME_COMPONENT")
        .env_remove("RUST_BACKTRACE")
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "two servers, one folder");
    assert_ne!(output.status.code(), Some(124), "two servers serve one folder");
    assert!(said.contains(folder), "the folder is not named: {said}");
    let health = Request::get("/health").send(&first.origin).expect("an answer");
    assert_eq!(health.status, 200, "the first one is disturbed");
}

/// Runs a command with a small disk of its own at `$1`, which is gone when it ends.
const ON_A_SMALL_DISK: &str = r#"
mount -t tmpfs -o size=24m small "$1" && shift && exec "$@""#;

/// A server whose data folder is a disk of 24 MiB, and the way to see into that disk.
fn serve_on_a_small_disk(folder: &str) -> Deployment {
    let binary = firstframe().expect("the binary");
    let binary = binary.to_str().expect("a path in UTF-8");
    let process = Process::start(
        "unshare".as_ref(),
        &[
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            ON_A_SMALL_DISK,
            "sh",
            folder,
            binary,
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--data",
            folder,
        ],
    )
    .expect("a mount namespace of the test's own, with a small disk in it");
    // Only the server itself sees its disk.
    let root = format!("/proc/{}/root{folder}", process.pid);
    Deployment::adopt(process, root.into()).expect("firstframe serve starts on a small disk")
}

#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let deployment = serve_on_a_small_disk(folder.path().to_str().expect("a path in UTF-8"));
    fixture::install(&deployment).expect("the fixture fits");

    let large = "1a".repeat(16);
    let film = bytes::content(7, 0, 40 << 20);
    let error = deployment
        .put_object(&paths::media_key(&large), &film)
        .expect_err("40 MiB do not fit a disk of 24 MiB");
    let said = format!("{error:#}");
    assert!(said.contains("S3 answered 5"), "a refusal that tells: {said}");
    let absent = Request::get(format!("/api/v2/media/{large}"));
    assert_eq!(absent.send(&deployment.origin).expect("an answer").status, 404, "half a film");

    let small = "2b".repeat(16);
    deployment
        .put_object(&paths::media_key(&small), &bytes::content(8, 0, 4 << 20))
        .expect("what was refused gave its room back");
    still_right(&deployment);

    let refusal = (0..40_u8)
        .map(|number| {
            let pack = Pack::new(bytes::content(u64::from(number), 0, VALUE_BYTES_MAX));
            let target = format!("{}{}", paths::ADMIN_PACKS, pack.hash);
            let request = deployment.admin(Request::put(target, pack.bytes));
            request.send(&deployment.origin).expect("an answer")
        })
        .find(|response| !matches!(response.status, 200 | 201))
        .expect("36 MB of packs do not fit a disk of 24 MiB");
    let envelope = refusal.envelope::<Value>().expect("an envelope");
    assert_eq!(refusal.status, 503);
    assert_eq!(envelope.error.map(|error| error.code), Some(ErrorCode::StorageUnavailable));
    still_right(&deployment);
}

/// What was there before the disk was full is still there and still served.
fn still_right(deployment: &Deployment) {
    let mut connection = deployment.origin.connect().expect("a connection");
    for _ in 0..3 {
        let clip = Request::get(format!("/api/v2/media/{CLIP}"));
        let clip = clip.send_on(&mut connection).expect("an answer");
        assert!(clip.body == bytes::content(CLIP_SEED, 0, CLIP_BYTES), "other bytes of a film");
        let film = Request::get(format!("/api/v2/catalog/{FILM}"));
        assert_eq!(film.send_on(&mut connection).expect("an answer").status, 200, "the catalog");
        std::thread::sleep(Duration::from_millis(10));
    }
}
