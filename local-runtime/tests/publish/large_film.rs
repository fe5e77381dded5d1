//! A film of 10 GB whose `moov` is at its end is published without reading its middle.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::fixture::{PublishFixture, clip, finish, folder};

const FILM_BYTES: u64 = 10_000_000_000;

/// The clip, with its media data extended by zeros to 10 GB in front of `moov`.
fn write_large(path: &Path) -> Vec<u8> {
    let clip = clip();
    let boxes = boxes(clip);
    let at = |kind: &[u8]| boxes.iter().find(|(k, ..)| k == kind).copied().unwrap();
    let (_, free, _) = at(b"free");
    let (_, mdat, mdat_end) = at(b"mdat");
    let (_, moov, moov_end) = at(b"moov");
    assert_eq!((free + 8, mdat_end), (mdat, moov), "ffmpeg leaves room for a 64-bit size");
    let moov = &clip[moov..moov_end];
    let moov_at = FILM_BYTES - moov.len() as u64;
    let mut file = File::create(path).unwrap();
    file.write_all(&clip[..free]).unwrap();
    file.write_all(&1_u32.to_be_bytes()).unwrap();
    file.write_all(b"mdat").unwrap();
    file.write_all(&(moov_at - free as u64).to_be_bytes()).unwrap();
    file.write_all(&clip[mdat + 8..mdat_end]).unwrap();
    file.seek(SeekFrom::Start(moov_at)).unwrap();
    file.write_all(moov).unwrap();
    moov.to_vec()
}

fn boxes(bytes: &[u8]) -> Vec<([u8; 4], usize, usize)> {
    let (mut boxes, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let size = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        boxes.push((bytes[at + 4..at + 8].try_into().unwrap(), at, at + size));
        at += size;
    }
    boxes
}

#[test]
fn film_of_ten_gigabytes_is_linked_and_only_its_ends_are_read() {
    let server = PublishFixture::start();
    // Beside the data folder, so that both are on one disk.
    let dir = tempfile::tempdir_in(server.data().parent().unwrap()).unwrap();
    let path = dir.path().join("Large.mp4");
    let moov = write_large(&path);
    // A picture is there: otherwise ffmpeg, another process, would read the film for a frame.
    fs::write(dir.path().join("Large.png"), b"\x89PNG\r\n\x1a\n").unwrap();
    let before = blocks(server.data());
    let started = Instant::now();
    let mut run = server.publish(dir.path()).stdout(Stdio::piped()).spawn().unwrap();
    // A zombie process still has its I/O counters.
    let process = format!("/proc/{}", run.id());
    while !fs::read_to_string(format!("{process}/stat")).unwrap().contains(") Z ") {
        assert!(started.elapsed() < Duration::from_mins(1), "publish takes too long");
        thread::sleep(Duration::from_millis(5));
    }
    let io = fs::read_to_string(format!("{process}/io")).unwrap();
    let read: u64 =
        io.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap().parse().unwrap();
    let output = {
        run.wait().unwrap();
        std::io::read_to_string(run.stdout.take().unwrap()).unwrap()
    };
    assert!(output.contains("10.00 GB linked"), "{output}");
    assert!(read < 8 << 20, "{read} bytes were read");
    assert_eq!(fs::metadata(&path).unwrap().nlink(), 2);
    assert!(blocks(server.data()) - before < 2 << 20, "the film was copied");

    let media = server.media_of("large.1").unwrap();
    let tail = format!("bytes={}-{}", FILM_BYTES - moov.len() as u64, FILM_BYTES - 1);
    assert!(server.get_range(&media, &tail) == (206, moov), "the end is served");
    let zeros = server.get_range(&media, "bytes=5000000000-5000000999");
    assert!(zeros == (206, vec![0; 1000]), "the middle is served");
    let again = finish(&mut server.publish(dir.path()));
    again.assert_success(&["0 B sent, 0 B linked, 1 file there before"]);
}

/// Bytes on disk of the files in a folder.
fn blocks(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            let metadata = entry.metadata().unwrap();
            if metadata.is_dir() { blocks(&entry.path()) } else { metadata.blocks() * 512 }
        })
        .sum()
}

#[test]
fn film_on_another_disk_is_uploaded() {
    let server = PublishFixture::start();
    let dir = tempfile::tempdir_in("/dev/shm").expect("a second file system is mounted there");
    fs::write(dir.path().join("Film.mp4"), clip()).unwrap();
    assert_ne!(
        fs::metadata(dir.path()).unwrap().dev(),
        fs::metadata(server.data()).unwrap().dev(),
        "/dev/shm is a file system of its own"
    );
    let run = finish(&mut server.publish(dir.path()));
    run.assert_success(&["  sent, ", "0 B linked"]);
    let unlinked = folder(&[("Film.mp4", clip())]);
    finish(&mut server.publish(unlinked.path())).assert_success(&["1 file there before"]);
}
