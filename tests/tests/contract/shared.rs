//! The deployments that the cases run against, each started once, and the checks of a case.

use std::sync::OnceLock;

use anyhow::Result;
use api::ErrorCode;
use catalog::BuiltCatalog;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tests::{
    deployment::Deployment,
    fixture::{self, CLIP, LONG, LONG_BYTES, LONG_SEED},
    http::{Request, Response},
    upstream::{self, Upstream},
};

/// The flags of a deployment that pages of every origin may read, and those of one may frame; workerd.mjs
/// has the same settings.
const SHARED: [&str; 4] = ["--cors-origins", "*", "--embed-origins", "https://page.example"];

/// How platforms differ, each with its reason.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Differences {
    /// Cloudflare's front, and the part of workerd that stands in for it, decides which content coding
    /// a client gets. It tells the Worker that every client accepts gzip, decompresses for a client
    /// that requests identity without another `ETag` or length, and compresses JSON by itself, empty
    /// responses included.
    pub(crate) front_compresses: bool,
}

/// A deployment that cases run against, and the films in it.
pub(crate) struct Subject {
    pub(crate) deployment: Deployment,
    pub(crate) build: BuiltCatalog,
    pub(crate) differences: Differences,
    /// The URL of the clip of the fixture.
    pub(crate) clip: String,
    /// A film of several chunks.
    pub(crate) long: Long,
    /// The provider that has these films, where they are not the deployment's own.
    pub(crate) upstream: Option<Upstream>,
}

/// A long film.
pub(crate) struct Long {
    pub(crate) url: String,
    pub(crate) seed: u64,
    pub(crate) bytes: usize,
}

pub(crate) fn firstframe_serve() -> &'static Subject {
    static SUBJECT: OnceLock<Subject> = OnceLock::new();
    SUBJECT.get_or_init(|| {
        let deployment = match std::env::var("BASE_URL") {
            Ok(url) => Deployment::at_url(&url),
            Err(_) => Deployment::local_runtime_with(&SHARED),
        };
        subject(deployment, Differences { front_compresses: false })
    })
}

pub(crate) fn workerd() -> &'static Subject {
    static SUBJECT: OnceLock<Subject> = OnceLock::new();
    SUBJECT
        .get_or_init(|| subject(Deployment::workerd("[]"), Differences { front_compresses: true }))
}

/// A library for those who have accounts.
pub(crate) fn accounts_behind_firstframe_serve() -> &'static Subject {
    static SUBJECT: OnceLock<Subject> = OnceLock::new();
    SUBJECT.get_or_init(|| {
        let deployment = Deployment::local_runtime_with(&["--viewers", "accounts"]);
        subject(deployment, Differences { front_compresses: false })
    })
}

pub(crate) fn accounts_behind_workerd() -> &'static Subject {
    static SUBJECT: OnceLock<Subject> = OnceLock::new();
    SUBJECT.get_or_init(|| {
        subject(Deployment::workerd_with_accounts(), Differences { front_compresses: true })
    })
}

/// The same films of a provider.
pub(crate) fn upstream_behind_firstframe_serve() -> &'static Subject {
    static SUBJECT: OnceLock<Subject> = OnceLock::new();
    SUBJECT.get_or_init(|| {
        // The server outlives every case: nothing removes its folder.
        let folder = tempfile::tempdir().expect("a folder").keep();
        let serve =
            |upstream: &Upstream| Deployment::serve_with_upstream(&folder, upstream, &SHARED);
        upstream_subject(serve, Differences { front_compresses: false })
    })
}

pub(crate) fn upstream_behind_workerd() -> &'static Subject {
    static SUBJECT: OnceLock<Subject> = OnceLock::new();
    SUBJECT.get_or_init(|| {
        let serve = |upstream: &Upstream| Deployment::workerd(&upstream.providers());
        upstream_subject(serve, Differences { front_compresses: true })
    })
}

fn upstream_subject(
    serve: impl FnOnce(&Upstream) -> Result<Deployment>,
    differences: Differences,
) -> Subject {
    let upstream = Upstream::start().expect("a provider");
    let mut subject = subject(serve(&upstream), differences);
    let films = ["clip", "long"]
        .map(|file| fixture::ingest(&subject.deployment, file).expect("a film that is ingested"));
    fixture::publish_title(&subject.deployment, "upstream-films", &films).expect("a catalog");
    let url = |episode| fixture::media_url(&subject.deployment, episode).expect("a stream");
    let bytes = usize::try_from(upstream::FILM_BYTES).expect("a size");
    let long = Long { url: url("upstream-films.2"), seed: upstream::FILM_SEED, bytes };
    (subject.clip, subject.long, subject.upstream) =
        (url("upstream-films.1"), long, Some(upstream));
    subject
}

fn subject(deployment: Result<Deployment>, differences: Differences) -> Subject {
    let deployment = deployment.unwrap_or_else(|error| panic!("cannot start: {error:#}"));
    let build = fixture::install(&deployment)
        .unwrap_or_else(|error| panic!("{} refuses the fixture: {error:#}", deployment.name));
    let [clip, url] = [CLIP, LONG].map(|id| format!("/api/v2/media/{id}"));
    let long = Long { url, seed: LONG_SEED, bytes: LONG_BYTES };
    Subject { deployment, build, differences, clip, long, upstream: None }
}

impl Subject {
    /// The response to a request. A case fails without one.
    pub(crate) fn send(&self, request: &Request) -> Response {
        request
            .send(&self.deployment.origin)
            .unwrap_or_else(|error| panic!("{}: {error:#}", self.deployment.name))
    }

    pub(crate) fn get(&self, target: &str) -> Response {
        self.send(&Request::get(target))
    }

    /// The response to a client that accepts no content coding.
    pub(crate) fn get_plain(&self, target: &str) -> Response {
        let get = Request::get(target);
        let front = self.differences.front_compresses;
        self.send(&if front { get.header("Accept-Encoding", "identity") } else { get })
    }

    pub(crate) fn admin(&self, request: Request) -> Response {
        self.send(&self.deployment.admin(request))
    }
}

/// The data of a response. A case fails without.
pub(crate) fn data<T: DeserializeOwned>(response: &Response) -> T {
    let envelope = response.envelope().expect("an envelope");
    envelope.data.unwrap_or_else(|| panic!("{}: {:?}", response.status, envelope.error))
}

/// The code of an error.
pub(crate) fn code(response: &Response) -> Option<ErrorCode> {
    response.envelope::<Value>().ok()?.error.map(|error| error.code)
}

/// The checks of one case. All of them are made before the case fails with a list.
#[derive(Debug, Default)]
pub(crate) struct Checks(Vec<String>);

impl Checks {
    pub(crate) fn that(&mut self, holds: bool, sentence: impl FnOnce() -> String) {
        if !holds {
            self.0.push(sentence());
        }
    }

    pub(crate) fn equal<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, is: T, should: T) {
        self.that(is == should, || format!("{what}: is {is:?}, should be {should:?}"));
    }

    pub(crate) fn header(&mut self, what: &str, response: &Response, name: &str, should: &str) {
        let is = response.header(name);
        self.equal(&format!("{what}: {name}"), is.as_deref(), Some(should));
    }

    pub(crate) fn done(self) {
        assert!(self.0.is_empty(), "\n  {}\n", self.0.join("\n  "));
    }
}
