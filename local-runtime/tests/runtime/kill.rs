//! Twenty times killed while it writes: no object is half there, and none that was acknowledged is
//! lost.

use std::{collections::BTreeMap, sync::Mutex, thread, time::Duration};

use tests::bytes::content;

use crate::server::{Server, bytes, object_file_count, status};
use rusty_s3::S3Action as _;

const ROUNDS: u64 = 20;
const WRITERS: u64 = 4;
const FILM_BYTES: usize = 3 << 20;

/// Writes objects, some under the same key again, until the server is gone; tells each that it
/// begins and each that was acknowledged.
fn write(server: &Server, round: u64, writer: u64, log: &Mutex<Log>) {
    for count in 0.. {
        let key = format!("media/{writer}-{}", count % 3);
        let seed = (round << 32) | (writer << 24) | count;
        let action = server.bucket.put_object(Some(&server.credentials), &key);
        let url = action.sign(crate::server::SIGNATURE_VALID);
        log.lock().unwrap().begun.entry(key.clone()).or_default().push(seed);
        let film = content(seed, 0, FILM_BYTES);
        match server.agent.put(url.as_str()).send(&film) {
            Ok(answer) if status(&answer) == 200 => {
                let mut log = log.lock().unwrap();
                log.begun.insert(key.clone(), Vec::new());
                log.acknowledged.insert(key, seed);
            }
            Ok(answer) => panic!("refused: {}", status(&answer)),
            Err(_) => return,
        }
    }
}

#[derive(Default)]
struct Log {
    acknowledged: BTreeMap<String, u64>,
    /// Seeds of writes after the acknowledged one whose end nobody has heard of.
    begun: BTreeMap<String, Vec<u64>>,
}

#[test]
fn after_a_kill_every_object_is_whole_and_every_acknowledged_one_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let log = Mutex::new(Log::default());
    for round in 0..ROUNDS {
        let server = Server::start(folder.path());
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (server, log) = (&server, &log);
                scope.spawn(move || write(server, round, writer, log));
            }
            // A different moment in each round.
            thread::sleep(Duration::from_millis(40 + 17 * round));
            server.signal("-KILL");
        });
        drop(server);
        check(folder.path(), &mut log.lock().unwrap());
    }
    assert!(!log.lock().unwrap().acknowledged.is_empty(), "nothing was ever acknowledged");
}

/// Starts again and reads everything.
fn check(data: &std::path::Path, log: &mut Log) {
    let server = Server::start(data);
    let mut objects = 0;
    for (key, begun) in &mut log.begun {
        let acknowledged = log.acknowledged.get(key).copied();
        let mut answer = server.get(key, &[]);
        if status(&answer) == 404 {
            assert_eq!(acknowledged, None, "{key} was acknowledged and is lost");
            begun.clear();
            continue;
        }
        objects += 1;
        let film = bytes(&mut answer);
        let mut possible = begun.iter().copied().chain(acknowledged);
        let found = possible.find(|seed| content(*seed, 0, FILM_BYTES) == film);
        let found = found.unwrap_or_else(|| panic!("{key} is half an object, or an old one"));
        log.acknowledged.insert(key.clone(), found);
        begun.clear();
    }
    assert_eq!(object_file_count(data), objects, "what was half-written is swept");
}
