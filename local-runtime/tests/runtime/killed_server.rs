//! A server that is killed twenty times while it writes has no partial object, and has lost none that
//! it acknowledged.

use std::{collections::BTreeMap, sync::Mutex, thread, time::Duration};

use tests::bytes::content;

use crate::s3_server::{S3Server, bytes, object_file_count, status};
use rusty_s3::S3Action as _;

const ROUNDS: u64 = 20;
const WRITERS: u64 = 4;
const FILM_BYTES: usize = 3 << 20;

/// Writes objects, some under the same key again, until the server is gone. Logs each write that
/// starts and each one that is acknowledged.
fn write(server: &S3Server, round: u64, writer: u64, log: &Mutex<WriteLog>) {
    for count in 0.. {
        let key = format!("media/{writer}-{}", count % 3);
        let seed = (round << 32) | (writer << 24) | count;
        let action = server.bucket.put_object(Some(&server.credentials), &key);
        let url = action.sign(crate::s3_server::SIGNATURE_VALID);
        log.lock().unwrap().pending.entry(key.clone()).or_default().push(seed);
        let film = content(seed, 0, FILM_BYTES);
        match server.agent.put(url.as_str()).send(&film) {
            Ok(response) if status(&response) == 200 => {
                let mut log = log.lock().unwrap();
                log.pending.insert(key.clone(), Vec::new());
                log.acknowledged.insert(key, seed);
            }
            Ok(response) => panic!("refused: {}", status(&response)),
            Err(_) => return,
        }
    }
}

#[derive(Default)]
struct WriteLog {
    acknowledged: BTreeMap<String, u64>,
    /// Seeds of the writes since the acknowledged one that got no response.
    pending: BTreeMap<String, Vec<u64>>,
}

#[test]
fn killed_server_keeps_every_acknowledged_object_and_no_partial_one() {
    let folder = tempfile::tempdir().unwrap();
    let log = Mutex::new(WriteLog::default());
    for round in 0..ROUNDS {
        let server = S3Server::start(folder.path());
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

/// Restarts the server and reads every object.
fn check(data: &std::path::Path, log: &mut WriteLog) {
    let server = S3Server::start(data);
    let mut objects = 0;
    for (key, pending) in &mut log.pending {
        let acknowledged = log.acknowledged.get(key).copied();
        let mut response = server.get(key, &[]);
        if status(&response) == 404 {
            assert_eq!(acknowledged, None, "{key} was acknowledged and is lost");
            pending.clear();
            continue;
        }
        objects += 1;
        let film = bytes(&mut response);
        let mut possible = pending.iter().copied().chain(acknowledged);
        let found = possible.find(|seed| content(*seed, 0, FILM_BYTES) == film);
        let found = found.unwrap_or_else(|| panic!("{key} is a partial object, or an old one"));
        log.acknowledged.insert(key.clone(), found);
        pending.clear();
    }
    assert_eq!(object_file_count(data), objects, "partial object_file_count are removed");
}
