//! A private library: the password from the command line to the cookie, and the cache in front of it.

use std::{
    io::Write as _,
    process::{Output, Stdio},
    time::{Duration, Instant},
};

use tests::{
    deployment::Deployment,
    fixture::{self, CLIP},
    http::{Request, Response},
    process::firstframe_command,
};

/// Longer than a hash takes on a loaded machine.
const SIGN_IN_MAX: Duration = Duration::from_secs(3);

fn hash_password(password: &str) -> Output {
    let mut command = firstframe_command().unwrap();
    command.arg("hash-password").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn get(deployment: &Deployment, target: &str, cookie: &str) -> Response {
    Request::get(target).header("Cookie", cookie).send(&deployment.origin).unwrap()
}

#[test]
fn stranger_gets_nothing_from_the_cache_and_a_viewer_plays_without_a_cookie() {
    let hash = String::from_utf8(hash_password("open sesame\n").stdout).unwrap();
    let flags = ["--viewers", "password", "--viewers-password", hash.trim(), "--log", "off"];
    let deployment = Deployment::local_runtime_with(&flags).unwrap();
    fixture::install(&deployment).unwrap();
    assert_eq!(get(&deployment, "/", "").status, 200, "the page asks for the password");

    let sign_in = |password: &str| {
        let body = format!("{{\"password\": \"{password}\"}}");
        Request::post("/api/v2/session", body).send(&deployment.origin).unwrap()
    };
    assert_eq!(sign_in("open barley").status, 401);
    let started = Instant::now();
    let answer = sign_in("open sesame");
    let elapsed = started.elapsed();
    println!("sign-in: {elapsed:?}");
    assert!(answer.status == 200 && elapsed < SIGN_IN_MAX, "{} {elapsed:?}", answer.status);
    let cookie = answer.header("set-cookie").unwrap();
    let cookie = cookie.split(';').next().unwrap();

    let stream = get(&deployment, "/api/v2/stream/night-train.1", cookie);
    let stream: api::Envelope<api::Stream> = stream.envelope().unwrap();
    let url = stream.data.unwrap().candidates.into_iter().find(|one| one.url.contains(CLIP));
    let url = url.unwrap().url;
    for _ in 0..3 {
        assert_eq!(get(&deployment, "/api/v2/home", cookie).status, 200);
        assert_eq!(get(&deployment, "/api/v2/home", "").status, 401);
        assert_eq!(get(&deployment, "/api/v2/stream/night-train.1", "").status, 401);
        assert_eq!(get(&deployment, &url, "").status, 200);
        let unsigned = url.split('?').next().unwrap();
        assert_eq!(get(&deployment, unsigned, cookie).status, 403);
        let forged = url.replace("&s=", "&s=0");
        assert_eq!(get(&deployment, &forged, cookie).status, 403);
    }
}

#[test]
fn password_that_is_empty_or_too_long_has_no_hash() {
    for (password, error) in [("\n", "is empty"), (&*"x".repeat(300), "at most 256 bytes")] {
        let output = hash_password(password);
        assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
        assert!(String::from_utf8(output.stderr).unwrap().contains(error), "{password}");
    }
}
