//! The two deployments, each started once, and how checks speak.

use std::sync::OnceLock;

use anyhow::{Context as _, Result};
use catalog::BuiltCatalog;
use tests::{
    fixture::{self, CLIP, LONG, LONG_BYTES, LONG_SEED},
    http::{Request, Response},
    target::Deployment,
    upstream::{self, Upstream},
};

/// In what a platform differs, each with its reason.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Differences {
    /// Cloudflare's front, and workerd's stand-in for it, decides which coding a client gets: it
    /// tells the Worker that everybody takes gzip, unpacks for who asks for identity without
    /// another `ETag` or length, and packs JSON by itself, empty answers included.
    pub(crate) front_compresses: bool,
}

/// What a case is run against.
pub(crate) struct Subject {
    pub(crate) deployment: Deployment,
    pub(crate) build: BuiltCatalog,
    pub(crate) differences: Differences,
    /// The URL of the clip of the fixture.
    pub(crate) clip: String,
    /// A film of several chunks.
    pub(crate) long: Long,
    /// Who has them, where that is not the deployment.
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
            Err(_) => Deployment::local_runtime(),
        };
        subject(deployment, Differences { front_compresses: false })
    })
}

pub(crate) fn workerd() -> &'static Subject {
    static SUBJECT: OnceLock<Subject> = OnceLock::new();
    SUBJECT
        .get_or_init(|| subject(Deployment::workerd("[]"), Differences { front_compresses: true }))
}

/// The same films, with a provider.
pub(crate) fn a_provider_behind_firstframe_serve() -> &'static Subject {
    static SUBJECT: OnceLock<Subject> = OnceLock::new();
    SUBJECT.get_or_init(|| {
        let serve = |upstream: &Upstream| {
            let folder = tempfile::tempdir()?.keep();
            std::fs::write(folder.join("providers.json"), upstream.providers())?;
            let providers = folder.join("providers.json");
            let providers = providers.to_str().context("a path in UTF-8")?;
            let allowed = ["--allowed-outbound-hosts", &upstream.origin];
            let arguments = [&["--providers", providers], &allowed[..]].concat();
            Deployment::serve(folder.join("data"), &arguments)
        };
        elsewhere(serve, Differences { front_compresses: false })
    })
}

pub(crate) fn a_provider_behind_workerd() -> &'static Subject {
    static SUBJECT: OnceLock<Subject> = OnceLock::new();
    SUBJECT.get_or_init(|| {
        let serve = |upstream: &Upstream| Deployment::workerd(&upstream.providers());
        elsewhere(serve, Differences { front_compresses: true })
    })
}

fn elsewhere(
    serve: impl FnOnce(&Upstream) -> Result<Deployment>,
    differences: Differences,
) -> Subject {
    let upstream = Upstream::start().expect("a provider");
    let mut subject = subject(serve(&upstream), differences);
    let films = ["clip", "long"]
        .map(|file| fixture::ingest(&subject.deployment, file).expect("a film that is taken up"));
    fixture::show(&subject.deployment, "elsewhere", &films).expect("a catalog");
    let url = |episode| fixture::media_url(&subject.deployment, episode).expect("a stream");
    let bytes = usize::try_from(upstream::SIZE).expect("a size");
    let long = Long { url: url("elsewhere.2"), seed: upstream::SEED, bytes };
    (subject.clip, subject.long, subject.upstream) = (url("elsewhere.1"), long, Some(upstream));
    subject
}

fn subject(deployment: Result<Deployment>, differences: Differences) -> Subject {
    let deployment = deployment.unwrap_or_else(|error| panic!("cannot start: {error:#}"));
    let build = fixture::install(&deployment)
        .unwrap_or_else(|error| panic!("{} takes no fixture: {error:#}", deployment.name));
    let [clip, url] = [CLIP, LONG].map(|id| format!("/api/v2/media/{id}"));
    let long = Long { url, seed: LONG_SEED, bytes: LONG_BYTES };
    Subject { deployment, build, differences, clip, long, upstream: None }
}

impl Subject {
    /// The answer to a request; that there is one is part of every case.
    pub(crate) fn send(&self, request: &Request) -> Response {
        request
            .send(&self.deployment.origin)
            .unwrap_or_else(|error| panic!("{}: {error:#}", self.deployment.name))
    }

    pub(crate) fn get(&self, target: &str) -> Response {
        self.send(&Request::get(target))
    }

    /// The answer to who takes no coding.
    pub(crate) fn get_plain(&self, target: &str) -> Response {
        let get = Request::get(target);
        let front = self.differences.front_compresses;
        self.send(&if front { get.header("Accept-Encoding", "identity") } else { get })
    }

    pub(crate) fn admin(&self, request: Request) -> Response {
        self.send(&self.deployment.admin(request))
    }
}

/// Checks of one case: all of them are made, then all that failed are told.
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
