//! A provider behind TLS whose certificate an authority of its own has signed: it is trusted where
//! `outbound_ca` names the authority, and nothing else of its certificate is forgiven.

use std::fs;

use tempfile::TempDir;
use tests::{
    bytes::content,
    deployment::Deployment,
    fixture,
    http::Request,
    tls_front::{self, TlsFront},
    upstream::{FILM_BYTES, FILM_SEED, Upstream},
};

const FILM: &str = "a film.mp4";

/// A server whose provider shows this certificate. `flags` are further ones.
fn serve(upstream: &Upstream, certificate: &str, flags: &[&str]) -> (TempDir, Deployment) {
    let plain = upstream.origin.strip_prefix("http://").expect("its origin");
    let TlsFront { origin } = TlsFront::start(plain, certificate).expect("a TLS server");
    let folder = tempfile::tempdir().expect("a folder");
    let providers = folder.path().join("providers.json");
    let record = format!(
        r#"[{{"id": "one", "origins": ["{origin}"], "bases": ["{origin}/films/"], "private": true}}]"#
    );
    fs::write(&providers, record).expect("the record is written");
    let providers = providers.to_str().expect("a path in UTF-8");
    let setting = ["--providers", providers, "--allowed-outbound-hosts", &origin];
    let deployment = Deployment::serve(&folder.path().join("data"), &[&setting, flags].concat());
    (folder, deployment.expect("firstframe serve starts"))
}

fn ca() -> String {
    tls_front::fixture("ca.pem").to_str().expect("a path in UTF-8").to_owned()
}

#[test]
fn provider_whose_authority_is_named_is_read() {
    let upstream = Upstream::start().expect("a provider");
    let (_folder, deployment) = serve(&upstream, "server.pem", &["--outbound-ca", &ca()]);
    let film = fixture::ingest(&deployment, FILM).expect("the film is ingested");
    assert_eq!(film.size_bytes, FILM_BYTES);
    fixture::publish_title(&deployment, "film", std::slice::from_ref(&film)).expect("a catalog");
    let url = fixture::media_url(&deployment, "film.1").expect("a stream");
    let request = Request::get(url).header("Range", "bytes=2500000-4999999");
    let response = request.send(&deployment.origin).expect("a response");
    assert_eq!(response.status, 206);
    assert!(
        response.body == content(FILM_SEED, 2_500_000, 2_500_000),
        "these bytes are not stored"
    );
}

#[test]
fn certificate_that_is_not_trusted_is_refused_and_said() {
    let upstream = Upstream::start().expect("a provider");
    let ca = ca();
    let trusting = ["--outbound-ca", ca.as_str()];
    let cases: [(&str, &[&str]); 3] =
        [("server.pem", &[]), ("other-name.pem", &trusting), ("expired.pem", &trusting)];
    for (certificate, flags) in cases {
        let (_folder, deployment) = serve(&upstream, certificate, flags);
        let error = fixture::ingest(&deployment, FILM).expect_err("nothing of it is trusted");
        let error = error.to_string();
        assert!(error.contains("502") && error.contains("TLS"), "{certificate}: {error}");
    }
    assert_eq!(upstream.request_count(), 0, "nothing was asked of it");
}
