//! After a power cut an acknowledged write is there, and any other is there whole or absent.
#![expect(clippy::expect_used, reason = "a test that cannot go on ends here, and says why")]

use std::{fs, io::Write as _, net::TcpStream, path::Path, time::Duration};

use tests::{
    bytes,
    deployment::Deployment,
    fixture::{self, CLIP, CLIP_BYTES, CLIP_SEED},
    http::{Origin, Request, Response},
    s3,
};

const SOURCE: &str = "50505050505050505050505050505050";
const SEED: u64 = 50;
const FILM_BYTES: usize = 24 << 20;

fn serve(data: &Path) -> Deployment {
    Deployment::serve(data, &[]).expect("firstframe serve starts")
}

fn media(deployment: &Deployment, source: &str) -> Response {
    let request = Request::get(format!("/api/v2/media/{source}"));
    request.send(&deployment.origin).expect("a response")
}

/// Bytes of all files in a folder and the folders within it.
fn size_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size_of(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

#[test]
fn killed_upload_leaves_no_half_object_and_loses_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let film = bytes::content(SEED, 0, FILM_BYTES);

    let mut deployment = serve(&data);
    let build = fixture::install(&deployment).expect("the fixture is published");
    // From just after the head to just before the last byte.
    for sent in [1, FILM_BYTES / 3, FILM_BYTES - (1 << 20), FILM_BYTES - 1] {
        kill_during_upload(&mut deployment, &film[..sent]);
        deployment = serve(&data);
        assert_eq!(media(&deployment, SOURCE).status, 404, "half a film after {sent} bytes");
        let clip = media(&deployment, CLIP);
        assert!(clip.body == bytes::content(CLIP_SEED, 0, CLIP_BYTES), "another film is lost");
        let current = fixture::root(&deployment).expect("a root").map(|root| root.manifest);
        assert_eq!(current.as_ref(), Some(&build.manifest.hash), "the catalog is lost");
    }
    let used = size_of(&data);
    assert!(used < FILM_BYTES as u64, "{used} bytes of unacknowledged uploads stay on the disk");

    deployment.put_object(&api::paths::media_key(SOURCE), &film).expect("the whole is stored");
    assert!(media(&deployment, SOURCE).body == film, "other bytes");
}

/// Sends the first bytes of an upload of [`FILM_BYTES`], then kills the server.
fn kill_during_upload(deployment: &mut Deployment, sent: &[u8]) {
    let url = deployment.store().expect("S3").put_url(&api::paths::media_key(SOURCE));
    let origin = Origin::parse(&url).expect("a URL");
    let authority = &origin.authority;
    let mut upload = TcpStream::connect(authority).expect("a connection");
    write!(
        upload,
        "PUT {} HTTP/1.1\r\nHost: {authority}\r\nContent-Length: {FILM_BYTES}\r\n\r\n",
        s3::target(&url)
    )
    .expect("the head is sent");
    upload.write_all(sent).expect("the bytes are sent");
    // The server has some of them by now, in a file or in memory.
    std::thread::sleep(Duration::from_millis(100));
    deployment.process().expect("a process").kill().expect("it can be killed");
}

#[test]
fn acknowledged_writes_are_there_after_a_power_cut() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let film = bytes::content(SEED, 0, 3 << 20);
    for round in 0..5_u64 {
        let mut deployment = serve(&data);
        for earlier in 0..round {
            let source = format!("{earlier:032x}");
            assert!(media(&deployment, &source).body == film, "film {earlier} after {round} cuts");
        }
        let key = api::paths::media_key(&format!("{round:032x}"));
        deployment.put_object(&key, &film).expect("the film is stored");
        let titles: Vec<_> = (0..=round)
            .map(|number| catalog::Title { id: format!("t{number}"), ..Default::default() })
            .collect();
        let build = catalog::build(titles).expect("titles that fit");
        fixture::put_packs(&deployment, &build).expect("packs are stored");
        let current = fixture::root(&deployment).expect("a root").map(|root| root.manifest);
        fixture::flip(&deployment, &build, current).expect("the catalog is current");
        deployment.process().expect("a process").kill().expect("it can be killed");

        let deployment = serve(&data);
        for number in 0..=round {
            let target = format!("/api/v2/catalog/t{number}");
            let response = Request::get(&target).send(&deployment.origin).expect("a response");
            assert_eq!(response.status, 200, "{target} after cut {round}");
        }
    }
}
