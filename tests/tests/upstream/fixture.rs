//! One film of a provider, ingested by `firstframe serve`.

use std::{fs, io};

use tempfile::TempDir;
use tests::{
    bytes::content,
    deployment::Deployment,
    fixture,
    http::{Request, Response},
    process::Process,
    upstream::{self, FILM_BYTES, FILM_SEED, Upstream},
};

/// Id of the title whose only episode is the film.
pub(crate) const TITLE: &str = "upstream-film";

pub(crate) struct UpstreamFixture {
    pub(crate) upstream: Upstream,
    pub(crate) deployment: Deployment,
    pub(crate) folder: TempDir,
    has_moov_last: bool,
    /// The film's source id.
    pub(crate) id: String,
    /// The film's signed URL.
    pub(crate) url: String,
}

impl UpstreamFixture {
    /// `flags` are those of `firstframe serve`.
    pub(crate) fn new(flags: &[&str]) -> Self {
        Self::of("a film.mp4", flags)
    }

    /// The film that has this name at its provider.
    pub(crate) fn of(name: &str, flags: &[&str]) -> Self {
        let upstream = Upstream::start().expect("a provider");
        let folder = tempfile::tempdir().expect("a folder");
        let deployment = serve(&upstream, &folder, flags);
        let film = fixture::ingest(&deployment, name).expect("the film is ingested");
        assert_eq!(film.size_bytes, FILM_BYTES);
        fixture::publish_title(&deployment, TITLE, std::slice::from_ref(&film)).expect("a catalog");
        let mut fixture = Self {
            upstream,
            deployment,
            folder,
            has_moov_last: name == upstream::MOOV_LAST,
            id: film.id,
            url: String::new(),
        };
        fixture.url = fixture.media_url();
        fixture
    }

    /// Kills the server and starts it again on the same data folder.
    pub(crate) fn restart(&mut self, flags: &[&str]) {
        drop(self.deployment.process().map(Process::kill));
        self.deployment = serve(&self.upstream, &self.folder, flags);
        self.url = self.media_url();
    }

    /// Kills the server and starts it again on an empty data folder.
    pub(crate) fn restart_with_empty_data_folder(&mut self, flags: &[&str]) {
        drop(self.deployment.process().map(Process::kill));
        fs::remove_dir_all(self.folder.path().join("data")).expect("the data folder is removed");
        self.deployment = serve(&self.upstream, &self.folder, flags);
    }

    /// Requests the film's signed URL.
    pub(crate) fn media_url(&self) -> String {
        fixture::media_url(&self.deployment, &format!("{TITLE}.1")).expect("a stream")
    }

    pub(crate) fn send(&self, request: &Request) -> Response {
        request.send(&self.deployment.origin).expect("a response")
    }

    /// Purges what the edge stores of the title.
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
            let Some(read_to) = self.read(at, end) else { return false };
            at = read_to;
        }
        true
    }

    /// Requests a range. Returns where the bytes of the response end, and nothing for an error or a
    /// response that breaks off. Panics where a byte is wrong.
    pub(crate) fn read(&self, start: u64, end: u64) -> Option<u64> {
        let range = format!("bytes={start}-{}", end - 1);
        let request = Request::get(&*self.url).header("Range", range);
        let response = match request.send(&self.deployment.origin) {
            Ok(response) => response,
            Err(error) => {
                assert!(!is_timeout(&error), "bytes {start}-{end}: the server hangs");
                return None;
            }
        };
        if matches!(response.status, 410 | 502 | 503 | 504) {
            let error = response.envelope::<()>().expect("an envelope").error;
            assert!(error.is_some(), "status {} without an error", response.status);
            return None;
        }
        assert_eq!(response.status, 206);
        let read_to = start + response.body.len() as u64;
        let content_range = format!("bytes {start}-{}/{FILM_BYTES}", read_to - 1);
        assert_eq!(response.header("content-range"), Some(content_range));
        let right = self.content(start, response.body.len());
        assert!(response.body == right, "wrong bytes from {start} on");
        Some(read_to)
    }

    fn content(&self, start: u64, length: usize) -> Vec<u8> {
        let mut bytes = content(FILM_SEED, start, length);
        if self.has_moov_last {
            upstream::write_moov_last_headers(&mut bytes, start);
        }
        bytes
    }
}

fn is_timeout(error: &anyhow::Error) -> bool {
    let cause = error.root_cause().downcast_ref().map(io::Error::kind);
    matches!(cause, Some(io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut))
}

fn serve(upstream: &Upstream, folder: &TempDir, flags: &[&str]) -> Deployment {
    Deployment::serve_with_upstream(folder.path(), upstream, flags)
        .expect("firstframe serve starts")
}
