//! What was acknowledged is there after a power cut; what was not is absent, never half.
#![expect(clippy::expect_used, reason = "a test that cannot go on ends here, and says why")]

use std::{fs, io::Write as _, net::TcpStream, path::Path, time::Duration};

use tests::{
    bytes,
    fixture::{self, CLIP, CLIP_BYTES, CLIP_SEED},
    http::{Origin, Request, Response},
    s3,
    target::Deployment,
};

const SOURCE: &str = "50505050505050505050505050505050";
const SEED: u64 = 50;
const FILM_BYTES: usize = 24 << 20;

fn media(deployment: &Deployment, source: &str) -> Response {
    let request = Request::get(format!("/api/v2/media/{source}"));
    request.send(&deployment.origin).expect("an answer")
}

/// Bytes that files of a folder take, all the way down.
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
fn a_server_killed_in_the_middle_of_an_upload_keeps_what_it_had_and_takes_no_half() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let start = || Deployment::serve(data.clone(), &[]).expect("firstframe serve starts");
    let film = bytes::content(SEED, 0, FILM_BYTES);

    let mut deployment = start();
    let build = fixture::install(&deployment).expect("the fixture is taken");
    // From just after the head to just before the last byte.
    for sent in [1, FILM_BYTES / 3, FILM_BYTES - (1 << 20), FILM_BYTES - 1] {
        let key = api::paths::media_key(SOURCE);
        let url = deployment.store().expect("it speaks S3").put_url(&key);
        let origin = Origin::parse(&url).expect("a URL");
        let mut upload = TcpStream::connect(&origin.authority).expect("a connection");
        let authority = &origin.authority;
        write!(
            upload,
            "PUT {} HTTP/1.1\r\nHost: {authority}\r\nContent-Length: {FILM_BYTES}\r\n\r\n",
            s3::target(&url)
        )
        .expect("the head is sent");
        upload.write_all(&film[..sent]).expect("the bytes are sent");
        // The server has some of them by now, in a file or in memory.
        std::thread::sleep(Duration::from_millis(100));
        deployment.process().expect("it runs here").kill().expect("it can be killed");
        drop(upload);

        deployment = start();
        assert_eq!(media(&deployment, SOURCE).status, 404, "half a film after {sent} bytes");
        let clip = media(&deployment, CLIP);
        assert!(clip.body == bytes::content(CLIP_SEED, 0, CLIP_BYTES), "another film is lost");
        let current = fixture::root(&deployment).expect("a root").map(|root| root.manifest);
        assert_eq!(current.as_ref(), Some(&build.manifest.hash), "the catalog is lost");
    }
    let used = size_of(&data);
    assert!(used < FILM_BYTES as u64, "{used} bytes of what was never acknowledged stay");

    deployment.put_object(&api::paths::media_key(SOURCE), &film).expect("the whole is taken");
    assert!(media(&deployment, SOURCE).body == film, "other bytes");
}

#[test]
fn what_was_acknowledged_is_there_after_a_power_cut() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let film = bytes::content(SEED, 0, 3 << 20);
    for round in 0..5_u64 {
        let mut deployment = Deployment::serve(data.clone(), &[]).expect("firstframe serve starts");
        for earlier in 0..round {
            let source = format!("{earlier:032x}");
            assert!(media(&deployment, &source).body == film, "film {earlier} after {round} cuts");
        }
        let key = api::paths::media_key(&format!("{round:032x}"));
        deployment.put_object(&key, &film).expect("the film is taken");
        let titles: Vec<_> = (0..=round)
            .map(|number| catalog::Title { id: format!("t{number}"), ..Default::default() })
            .collect();
        let build = catalog::build(titles).expect("titles that fit");
        fixture::put_packs(&deployment, &build).expect("packs are taken");
        let current = fixture::root(&deployment).expect("a root").map(|root| root.manifest);
        fixture::flip(&deployment, &build, current).expect("the catalog is taken");
        deployment.process().expect("it runs here").kill().expect("it can be killed");

        let deployment = Deployment::serve(data.clone(), &[]).expect("firstframe serve starts");
        for number in 0..=round {
            let target = format!("/api/v2/catalog/t{number}");
            let response = Request::get(&target).send(&deployment.origin).expect("an answer");
            assert_eq!(response.status, 200, "{target} after cut {round}");
        }
    }
}
