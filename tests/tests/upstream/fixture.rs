//! One film with one provider, behind `firstframe serve`.

use std::{fs, io};

use tempfile::TempDir;
use tests::{
    bytes::content,
    fixture,
    http::{Request, Response},
    target::Deployment,
    upstream::{self, SEED, SIZE, Upstream},
};

/// The title that shows the film.
pub(crate) const TITLE: &str = "elsewhere";

pub(crate) struct UpstreamFixture {
    pub(crate) upstream: Upstream,
    pub(crate) deployment: Deployment,
    pub(crate) folder: TempDir,
    is_late: bool,
    /// The film's source id.
    pub(crate) id: String,
    /// Its signed URL.
    pub(crate) url: String,
}

impl UpstreamFixture {
    pub(crate) fn new(more: &[&str]) -> Self {
        Self::of("a film.mp4", more)
    }

    /// By its name at the provider.
    pub(crate) fn of(name: &str, more: &[&str]) -> Self {
        let upstream = Upstream::start().expect("a provider");
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("providers.json"), upstream.providers()).expect("a file");
        let deployment = serve(&upstream, &folder, more);
        let film = fixture::ingest(&deployment, name).expect("it is taken up");
        assert_eq!(film.size_bytes, SIZE);
        fixture::show(&deployment, TITLE, std::slice::from_ref(&film)).expect("a catalog");
        let mut fixture = Self {
            upstream,
            deployment,
            folder,
            is_late: name == upstream::LATE,
            id: film.id,
            url: String::new(),
        };
        fixture.url = fixture.stream();
        fixture
    }

    /// Starts again, on what it had.
    pub(crate) fn restart(&mut self, more: &[&str]) {
        drop(self.deployment.process().map(tests::process::Process::kill));
        self.deployment = serve(&self.upstream, &self.folder, more);
        self.url = self.stream();
    }

    /// Starts again, on nothing.
    pub(crate) fn wipe(&mut self, more: &[&str]) {
        drop(self.deployment.process().map(tests::process::Process::kill));
        fs::remove_dir_all(self.folder.path().join("data")).expect("the place is wiped");
        self.deployment = serve(&self.upstream, &self.folder, more);
    }

    /// The signed URL.
    pub(crate) fn stream(&self) -> String {
        fixture::media_url(&self.deployment, &format!("{TITLE}.1")).expect("a stream")
    }

    pub(crate) fn send(&self, request: &Request) -> Response {
        request.send(&self.deployment.origin).expect("an answer")
    }

    pub(crate) fn purge(&self) {
        assert_eq!(self.send(&self.purge_request()).status, 200);
    }

    pub(crate) fn purge_request(&self) -> Request {
        let target = format!("{}/{TITLE}", api::paths::ADMIN_STARTUP);
        self.deployment.admin(Request::new("DELETE", target))
    }

    /// Whether all these bytes come, by as many requests as a player would make.
    pub(crate) fn read_all(&self, start: u64, end: u64) -> bool {
        let mut at = start;
        while at < end {
            let Some(came) = self.read(at, end) else { return false };
            at = came;
        }
        true
    }

    /// Asks for bytes; how far the answer came. What breaks off in the middle counts as nothing.
    pub(crate) fn read(&self, start: u64, end: u64) -> Option<u64> {
        let range = format!("bytes={start}-{}", end - 1);
        let request = Request::get(&*self.url).header("Range", range);
        let response = match request.send(&self.deployment.origin) {
            Ok(response) => response,
            Err(error) => {
                let cause = error.root_cause().downcast_ref().map(io::Error::kind);
                let hangs =
                    matches!(cause, Some(io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut));
                assert!(!hangs, "bytes {start}-{end}: it hangs");
                return None;
            }
        };
        if matches!(response.status, 410 | 502 | 503 | 504) {
            let error = response.envelope::<()>().expect("an envelope").error;
            assert!(error.is_some(), "an error that says nothing");
            return None;
        }
        assert_eq!(response.status, 206);
        let came = start + response.body.len() as u64;
        let said = format!("bytes {start}-{}/{SIZE}", came - 1);
        assert_eq!(response.header("content-range"), Some(said));
        let mut right = content(SEED, start, response.body.len());
        if self.is_late {
            upstream::late(&mut right, start);
        }
        assert!(response.body == right, "wrong bytes from {start} on");
        Some(came)
    }
}

fn serve(upstream: &Upstream, folder: &TempDir, more: &[&str]) -> Deployment {
    let providers = folder.path().join("providers.json");
    let providers = providers.to_str().expect("a path in UTF-8");
    let mut arguments =
        vec!["--providers", providers, "--allowed-outbound-hosts", &upstream.origin];
    arguments.extend(more);
    Deployment::serve(folder.path().join("data"), &arguments).expect("firstframe serve starts")
}
