//! The database is lost: the films stay, `--rebuild` finds them, and `publish` sends none again.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use crate::fixture::{PublishFixture, film, finish, folder};

const PNG: &[u8] = tests::bytes::PNG;

/// Removes the index database, and the component's one: there the last publisher has claimed the
/// catalog for two minutes.
fn remove_databases(data: &Path) {
    for name in ["firstframe.sqlite", "database.sqlite"] {
        for suffix in ["", "-wal", "-shm"] {
            let _absent = fs::remove_file(data.join(format!("{name}{suffix}")));
        }
    }
}

fn count(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

/// Gives each file the name that earlier versions gave it, which says nothing of its object.
fn remove_labels(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        fs::rename(&path, folder.join(&name[..32])).unwrap();
    }
}

#[test]
fn library_is_rebuilt_from_its_blobs_and_published_without_sending_a_film() {
    for has_labels in [true, false] {
        let mut server = PublishFixture::start();
        let (one, two) = (film(1, 100_000), film(2, 200_000));
        let dir = folder(&[("One.mp4", &one), ("Two.mp4", &two), ("One.png", PNG)]);
        finish(&mut server.publish_by_s3(dir.path())).assert_success(&["2 titles"]);
        let path = server.media_of("one.1").unwrap();
        let (objects, quarantine) =
            (server.data().join("objects"), server.data().join("quarantine"));
        let blobs = count(&objects);
        if !has_labels {
            remove_labels(&objects);
        }

        server.kill();
        remove_databases(server.data());
        server.restart_with(&[]);
        assert_eq!((count(&objects), count(&quarantine)), (0, blobs), "every blob is there");
        assert_eq!(server.get(&path).0, 404);

        server.kill();
        server.restart_with(&["--rebuild"]);
        assert!(server.get(&path) == (200, one), "labels: {has_labels}");
        // What only its name explains, the start indexes, stays in quarantine without labels.
        let expected = if has_labels { blobs } else { 4 };
        assert_eq!((count(&objects), count(&quarantine)), (expected, blobs - expected));
        let inodes = || {
            let files =
                fs::read_dir(&objects).unwrap().map(|entry| entry.unwrap().metadata().unwrap());
            files.filter(|file| file.len() > 90_000).map(|file| file.ino()).collect::<Vec<_>>()
        };
        let before = inodes();
        finish(&mut server.publish_by_s3(dir.path())).assert_success(&["2 titles"]);
        server.wait_for_titles(&["one", "two"]);
        assert_eq!(inodes(), before, "a film was sent again");
    }
}
