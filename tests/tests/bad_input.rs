//! What a person can get wrong ends in a clear error and loses nothing: a port in use, a folder that is
//! served already, a full disk.
#![expect(clippy::expect_used, reason = "a test that cannot go on ends here, and says why")]

use std::{net::TcpListener, path::Path, process::Command, time::Duration};

use api::{ErrorCode, limits::VALUE_BYTES_MAX, paths};
use catalog::Pack;
use serde_json::Value;
use tests::{
    bytes,
    deployment::Deployment,
    fixture::{self, CLIP, CLIP_BYTES, CLIP_SEED, FILM},
    http::Request,
    process::{Process, firstframe},
    server::Server,
};

/// Runs `firstframe serve`, which must end with an error within 20 seconds, and returns what it
/// wrote to standard error.
fn refused_serve(listen: &str, data: &Path) -> String {
    let mut command = Command::new("timeout");
    let output = command
        .arg("20")
        .arg(firstframe().expect("the binary"))
        .args(["serve", "--listen", listen, "--data"])
        .arg(data)
        .env_remove("FIRSTFRAME_COMPONENT")
        .env_remove("RUST_BACKTRACE")
        .output()
        .expect("it runs");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "it serves: {stderr}");
    assert_ne!(output.status.code(), Some(124), "it does not end: {stderr}");
    stderr
}

#[test]
fn port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address");
    let folder = tempfile::tempdir().expect("a folder");
    let stderr = refused_serve(&address.to_string(), &folder.path().join("data"));
    assert!(stderr.contains(&address.port().to_string()), "the port is not named: {stderr}");
    assert!(!stderr.contains("panicked"), "it panics: {stderr}");
    assert!(stderr.lines().count() <= 6, "more than a person reads: {stderr}");
}

#[test]
fn data_folder_is_served_by_one_server() {
    let first = Deployment::local_runtime().expect("firstframe serve starts");
    let data = first.data().expect("a data folder");
    let stderr = refused_serve("127.0.0.1:0", data);
    let folder = data.to_str().expect("a path in UTF-8");
    assert!(stderr.contains(folder), "the folder is not named: {stderr}");
    let health = Request::get("/health").send(&first.origin).expect("a response");
    assert_eq!(health.status, 200, "the first server is disturbed");
}

/// A shell script that mounts a small disk at `$1`, for itself alone, and runs the other arguments.
const ON_A_SMALL_DISK: &str = r#"
mount -t tmpfs -o size=24m small "$1" && shift && exec "$@""#;

/// Starts a server whose data folder is a disk of 24 MiB.
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
    let data = format!("/proc/{}/root{folder}", process.pid);
    let server = Server::adopt(process, data.as_ref());
    let server = server.expect("firstframe serve starts on a small disk");
    Deployment::of_server(server).expect("its keys are right")
}

#[test]
fn full_disk_is_reported_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let deployment = serve_on_a_small_disk(folder.path().to_str().expect("a path in UTF-8"));
    fixture::install(&deployment).expect("the fixture fits");

    put_too_large_a_film(&deployment);
    let small = "2b".repeat(16);
    deployment
        .put_object(&paths::media_key(&small), &bytes::content(8, 0, 4 << 20))
        .expect("the refused film takes no room");
    assert_installed(&deployment);
    fill_with_packs(&deployment);
    assert_installed(&deployment);
}

/// A film that is larger than the disk is refused, and no part of it is served.
fn put_too_large_a_film(deployment: &Deployment) {
    let large = "1a".repeat(16);
    let film = bytes::content(7, 0, 40 << 20);
    let error = deployment
        .put_object(&paths::media_key(&large), &film)
        .expect_err("40 MiB do not fit a disk of 24 MiB");
    let error = format!("{error:#}");
    assert!(error.contains("S3 answered 5"), "{error}");
    let absent = Request::get(format!("/api/v2/media/{large}"));
    assert_eq!(absent.send(&deployment.origin).expect("a response").status, 404, "half a film");
}

/// Packs are stored until the disk is full; then the edge says so.
fn fill_with_packs(deployment: &Deployment) {
    let refusal = (0..40_u8)
        .map(|number| {
            let pack = Pack::new(bytes::content(u64::from(number), 0, VALUE_BYTES_MAX));
            let target = format!("{}{}", paths::ADMIN_PACKS, pack.hash);
            let request = deployment.admin(Request::put(target, pack.bytes));
            request.send(&deployment.origin).expect("a response")
        })
        .find(|response| !matches!(response.status, 200 | 201))
        .expect("36 MB of packs do not fit a disk of 24 MiB");
    let envelope = refusal.envelope::<Value>().expect("an envelope");
    assert_eq!(refusal.status, 503);
    assert_eq!(envelope.error.map(|error| error.code), Some(ErrorCode::StorageUnavailable));
}

/// The objects and the catalog from before the disk was full are still served.
fn assert_installed(deployment: &Deployment) {
    let mut connection = deployment.origin.connect().expect("a connection");
    for _ in 0..3 {
        let clip = Request::get(format!("/api/v2/media/{CLIP}"));
        let clip = clip.send_on(&mut connection).expect("a response");
        assert!(clip.body == bytes::content(CLIP_SEED, 0, CLIP_BYTES), "other bytes of a film");
        let film = Request::get(format!("/api/v2/catalog/{FILM}"));
        assert_eq!(film.send_on(&mut connection).expect("a response").status, 200, "the catalog");
        std::thread::sleep(Duration::from_millis(10));
    }
}
