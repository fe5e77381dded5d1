//! Sixty-four readers read a film of one gigabyte at once: every byte is right, and memory is bounded.
#![expect(clippy::expect_used, reason = "a test that cannot go on ends here, and says why")]

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
    time::Instant,
};

use tests::{
    bytes::{self, Dice},
    deployment::{Deployment, memory_peak, reset_memory_peak},
    http::Request,
};

const READERS: u64 = 64;
const REQUESTS_EACH: u64 = 24;
const FILM_BYTES: u64 = 1 << 30;
/// A fragment of ten seconds of a good film is about this long.
const RANGE_BYTES_MAX: u64 = 2 << 20;
const MEMORY_BYTES_MAX: u64 = 200 << 20;
const SEED: u64 = 64;
const SOURCE: &str = "64646464646464646464646464646464";

#[test]
fn sixty_four_readers_get_the_right_bytes_in_bounded_memory() {
    let deployment = Deployment::local_runtime().expect("firstframe serve starts");
    let write = |path: &Path| {
        let mut film = BufWriter::new(File::create(path)?);
        bytes::write(&mut film, SEED, FILM_BYTES)?;
        Ok(film.flush()?)
    };
    let put = deployment.put_file(&api::paths::media_key(SOURCE), write);
    put.expect("the disk has room for a gigabyte");

    let server = deployment.server().expect("a server").runtime.pid;
    reset_memory_peak(server).expect("a process may reset its own peak");
    let (deployment, start) = (&deployment, Instant::now());
    let read: u64 = std::thread::scope(|scope| {
        let readers: Vec<_> =
            (0..READERS).map(|number| scope.spawn(move || read(deployment, number))).collect();
        readers.into_iter().map(|reader| reader.join().expect("every byte is right")).sum()
    });
    let peak = memory_peak(server).expect("it still runs");
    println!(
        "{} MiB read by {READERS} readers in {:.1} s; firstframe used {} MiB at most",
        read >> 20,
        start.elapsed().as_secs_f64(),
        peak >> 20
    );
    assert!(peak < MEMORY_BYTES_MAX, "firstframe used {} MiB", peak >> 20);
}

/// Reads random ranges on one connection and returns the number of bytes.
fn read(deployment: &Deployment, number: u64) -> u64 {
    let mut dice = Dice::new(number);
    let mut connection = deployment.origin.connect().expect("a connection");
    let mut total = 0;
    for _ in 0..REQUESTS_EACH {
        let first = dice.below(FILM_BYTES);
        let length = (1 + dice.below(RANGE_BYTES_MAX)).min(FILM_BYTES - first);
        let last = first + length - 1;
        let response = Request::get(format!("/api/v2/media/{SOURCE}"))
            .header("Range", format!("bytes={first}-{last}"))
            .send_on(&mut connection)
            .expect("a response");
        assert_eq!(response.status, 206, "bytes {first}-{last}");
        let range = response.header("content-range");
        assert_eq!(range, Some(format!("bytes {first}-{last}/{FILM_BYTES}")));
        let right = bytes::content(SEED, first, response.body.len());
        assert_eq!(response.body.len() as u64, length, "length of {first}-{last}");
        assert!(response.body == right, "other bytes in {first}-{last}");
        total += length;
    }
    total
}
