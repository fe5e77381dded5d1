//! `firstframe serve`: start, refused settings, caps on clients, and shutdown.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    time::Duration,
};

use tests::bytes::content;

use crate::s3_server::{S3Server, bytes, header, start_error, status};

#[test]
fn edge_sends_the_bytes_of_the_object_store() {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start(folder.path());
    let response = server.agent.get(format!("{}health", server.url)).call().unwrap();
    assert_eq!(status(&response), 200);

    let film = content(1, 0, 3_000_000);
    server.put("media/0123", &film);
    let url = format!("{}api/v2/media/0123", server.url);
    let mut whole = server.agent.get(&url).call().unwrap();
    assert_eq!((status(&whole), header(&whole, "content-length").as_str()), (200, "3000000"));
    assert!(bytes(&mut whole) == film);
    let mut part = server.agent.get(&url).header("range", "bytes=1000-1999").call().unwrap();
    assert_eq!(header(&part, "content-range"), "bytes 1000-1999/3000000");
    assert!(bytes(&mut part) == film[1000..2000]);
}

#[test]
fn port_in_use_is_named_with_its_setting() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let port = address.rsplit_once(':').unwrap().1;
    let error = start_error(folder.path(), &["--s3-listen", &address]);
    assert!(error.contains("s3_listen") && error.contains(port), "{error}");
    assert!(error.contains("in use"), "{error}");
}

#[test]
fn object_store_on_a_public_address_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = start_error(folder.path(), &["--s3-listen", "0.0.0.0:0"]);
    assert!(error.contains("--s3-listen") && error.contains("loopback"), "{error}");
}

#[test]
fn bad_line_in_the_settings_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("my.toml");
    fs::write(&settings, "listen = \"127.0.0.1:0\"\nrequests_max = \"many\"\n").unwrap();
    let error = start_error(folder.path(), &["--config", settings.to_str().unwrap()]);
    assert!(error.contains("requests_max = \"many\""), "{error}");
    assert!(error.contains("my.toml line 2"), "{error}");
}

#[test]
fn second_server_of_a_data_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let _server = S3Server::start(folder.path());
    let error = start_error(folder.path(), &[]);
    assert!(error.contains("another firstframe"), "{error}");
}

/// The response to a request for the page under this name.
fn response_for(server: &S3Server, host: &str) -> String {
    let address = server.url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET /health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response.to_lowercase()
}

#[test]
fn request_for_a_name_that_is_not_ours_is_refused_on_loopback() {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start_with(folder.path(), &["--public-hosts", "films.example"]);
    for host in ["localhost", "127.0.0.1:1", "[::1]:80", "Films.example", "films.example:443"] {
        let response = response_for(&server, host);
        assert!(response.starts_with("http/1.1 200"), "{host}: {response}");
    }
    for host in ["evil.example", "localhost.evil.example:8700"] {
        let response = response_for(&server, host);
        assert!(response.starts_with("http/1.1 421"), "{host}: {response}");
        assert!(
            response.contains("public_hosts") && response.contains("unknown_host"),
            "{response}"
        );
        assert!(response.contains("x-content-type-options: nosniff"), "{response}");
        assert!(!response.contains("access-control-allow-origin"), "{response}");
    }
}

#[test]
fn database_files_alone_are_whole_after_a_clean_end() {
    let folder = tempfile::tempdir().unwrap();
    let (data, copy) = (folder.path().join("data"), folder.path().join("copy"));
    let mut server = S3Server::start(&data);
    server.put("media/0123", b"film");
    // The component writes to its own database.
    let session = server.agent.post(format!("{}api/v2/session/anonymous", server.url));
    assert_eq!(status(&session.send_empty().unwrap()), 200);
    server.signal("-TERM");
    assert!(server.exits_cleanly(Duration::from_secs(10)));
    fs::create_dir(&copy).unwrap();
    fs::rename(data.join("objects"), copy.join("objects")).unwrap();
    for name in ["firstframe.sqlite", "database.sqlite"] {
        let wal = data.join(format!("{name}-wal"));
        assert!(fs::metadata(&wal).map_or(0, |metadata| metadata.len()) == 0, "{}", wal.display());
        fs::copy(data.join(name), copy.join(name)).unwrap();
    }
    let server = S3Server::start(&copy);
    assert_eq!(bytes(&mut server.get("media/0123", &[])), b"film");
}

#[test]
fn data_folder_and_databases_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    let _server = S3Server::start(&data);
    let mode = |name: &str| fs::metadata(data.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(""), 0o700);
    for name in ["firstframe.sqlite", "firstframe.sqlite-wal", "database.sqlite", "runtime.json"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
}

#[test]
fn running_response_is_finished_after_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = S3Server::start(folder.path());
    let film = content(2, 0, 32 << 20);
    server.put("media/0123", &film);
    let address = server.url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let mut stream = TcpStream::connect(&address).unwrap();
    write!(stream, "GET /api/v2/media/0123 HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    let mut response = vec![0; 1 << 20];
    stream.read_exact(&mut response).unwrap();
    server.signal("-TERM");
    // The server has seen the signal when it no longer accepts connections.
    while TcpStream::connect(&address).is_ok() {
        std::thread::sleep(Duration::from_millis(10));
    }
    stream.read_to_end(&mut response).unwrap();
    assert!(response.ends_with(&film), "{} bytes came", response.len());
    assert!(server.exits_cleanly(Duration::from_secs(10)));
    assert!(!folder.path().join("runtime.json").exists());
}

#[test]
fn response_that_nobody_reads_is_cut_off_after_shutdown_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = S3Server::start_with(folder.path(), &["--shutdown-seconds", "1"]);
    server.put("media/0123", &content(3, 0, 32 << 20));
    let address = server.url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let mut stream = TcpStream::connect(&address).unwrap();
    write!(stream, "GET /api/v2/media/0123 HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    stream.read_exact(&mut [0; 1024]).unwrap();
    server.signal("-TERM");
    assert!(server.exits_cleanly(Duration::from_secs(8)));
}
