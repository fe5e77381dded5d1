//! Health of a server whose database is damaged.

use std::fs;

use crate::s3_server::{S3Server, bytes, status};

fn get(server: &S3Server, path: &str) -> (u16, String) {
    let mut response = server.agent.get(format!("{}{path}", server.url)).call().unwrap();
    (status(&response), String::from_utf8(bytes(&mut response)).unwrap())
}

#[test]
fn damaged_database_is_named_by_readiness_and_not_by_liveness() {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start(folder.path());
    assert_eq!(get(&server, "health").0, 200);
    assert_eq!(get(&server, "health/ready").0, 200);
    server.kill();
    for rest in ["", "-wal", "-shm"] {
        let path = folder.path().join(format!("database.sqlite{rest}"));
        let _absent = fs::remove_file(&path);
    }
    fs::write(folder.path().join("database.sqlite"), [7; 8192]).unwrap();
    let server = S3Server::start(folder.path());
    let session = server.agent.post(format!("{}api/v2/session/anonymous", server.url));
    assert_eq!(status(&session.send_empty().unwrap()), 503);
    assert_eq!(get(&server, "health").0, 503);
    assert_eq!(get(&server, "health/live").0, 200);
    let (status, first) = get(&server, "health/ready");
    assert_eq!(status, 503);
    assert!(first.contains(r#""store":"database","needed":true,"problem":"#), "{first}");
    // A new instance of the component says the same time.
    std::thread::sleep(std::time::Duration::from_millis(1200));
    assert_eq!(get(&server, "health/ready"), (503, first));
}
