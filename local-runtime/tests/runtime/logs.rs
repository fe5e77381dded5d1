//! The access log on stdout, and the lines of admin calls on stderr.

use std::process::Stdio;

use tests::{
    http::{Origin, Request},
    process::firstframe_command,
    server::Server,
};

/// Admin calls, and more lines than the log has of others in a second.
const CALLS: usize = 30;

#[test]
fn each_request_and_each_admin_call_has_one_line_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    // It leaves the compiled component in the folder.
    let server = Server::start(folder.path(), &["--log", "off"]).unwrap();
    let (key, address) = (server.keys.admin_key.clone(), server.runtime.url.clone());
    drop(server);
    let address = address.trim_start_matches("http://").trim_end_matches('/');

    let mut command = firstframe_command().unwrap();
    command.args(["serve", "--listen", address, "--access-log", "json", "--data"]);
    command.arg(folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let server = command.args(["--s3-listen", "127.0.0.1:0"]).spawn().unwrap();
    let origin = Origin::parse(&format!("http://{address}/")).unwrap();
    while origin.connect().is_err() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    for _ in 0..CALLS {
        let request = Request::get("/api/v2/admin/root?secret-of-a-query");
        let request = request.header("Authorization", format!("Bearer {key}"));
        assert_eq!(request.send(&origin).unwrap().status, 200);
    }
    let missing =
        Request::get("/api/v2/media/00ff?e=5&s=abcdef").header("User-Agent", "a\u{202e}b");
    missing.send(&origin).unwrap();
    std::process::Command::new("kill").arg(server.id().to_string()).status().unwrap();
    let output = server.wait_with_output().unwrap();

    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    let lines: Vec<serde_json::Value> =
        out.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), CALLS + 1, "{out}");
    let last = lines.last().unwrap();
    assert_eq!(last["target"], "/api/v2/media/00ff?e=5&s=hidden");
    assert_eq!((&last["status"], &last["client"]), (&403.into(), &"127.0.0.1".into()));
    let is_audit = |line: &&str| line.contains("admin key=\"admin\" method=GET");
    assert_eq!(err.lines().filter(is_audit).count(), CALLS, "{err}");
    assert!(err.contains("status=200 client=\"127.0.0.1\""), "{err}");
    for text in [&out, &err] {
        for secret in [&*key, "secret-of-a-query", "abcdef", "\u{202e}"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
