//! The deployment's admin API: packs, and which catalogue is current.

use anyhow::{Context, Result, anyhow};
use api::{
    CatalogRoot, Envelope, EpisodeReadiness, IngestedFile, ProviderFile, PurgeResult, RootUpdate,
    paths,
};
use catalog::Pack;
use serde::de::DeserializeOwned;
use ureq::http::Method;

use super::http_client::{
    AttemptError, HttpClient, HttpRequest, HttpResponse, status_name, with_retries,
};
use super::target::ApiAccess;
use crate::output::console::Console;

/// What came of a flip.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FlipOutcome {
    Done,
    /// Another catalogue became current meanwhile.
    Conflict,
}

/// The API of one deployment.
pub(crate) struct AdminApi<'a> {
    client: HttpClient,
    url: String,
    authorization: String,
    console: &'a Console,
}

impl<'a> AdminApi<'a> {
    /// Of the deployment that `access` names and opens.
    pub(crate) fn new(access: &ApiAccess, console: &'a Console) -> Result<Self> {
        let authorization = format!("Bearer {}", access.admin_key);
        let client = HttpClient::new(&access.url)?;
        Ok(Self { client, url: access.url.clone(), authorization, console })
    }

    /// The current catalogue, if there is one. The first call of a run: it is tried once, so that a
    /// server that is not there is known at once.
    pub(crate) fn first_root(&self) -> Result<Option<CatalogRoot>> {
        match self.root_once() {
            Ok(root) => Ok(root),
            Err(AttemptError::Transient(error)) => Err(error).with_context(|| {
                format!(
                    "no Firstframe answers at {}; start it by `firstframe serve`, or look at --url",
                    self.url
                )
            }),
            Err(AttemptError::Permanent(error)) => Err(error),
        }
    }

    /// The current catalogue, if there is one.
    pub(crate) fn root(&self) -> Result<Option<CatalogRoot>> {
        with_retries(self.console, || self.root_once())
    }

    fn root_once(&self) -> Result<Option<CatalogRoot>, AttemptError> {
        let answer = self.once(Method::GET, paths::ADMIN_ROOT, None)?;
        let envelope: Envelope<CatalogRoot> = serde_json::from_slice(&answer.body)
            .with_context(|| format!("{} does not speak Firstframe's admin API", self.url))?;
        Ok(envelope.data)
    }

    /// The bytes of a pack.
    pub(crate) fn pack(&self, hash: &str) -> Result<Vec<u8>> {
        let path = format!("{}{hash}", paths::ADMIN_PACKS);
        let bytes = with_retries(self.console, || Ok(self.once(Method::GET, &path, None)?.body))?;
        if catalog::hash(&bytes) != hash {
            return Err(anyhow!("{} returned other bytes for the pack {hash}", self.url));
        }
        Ok(bytes)
    }

    /// Stores a pack, unless it is there.
    pub(crate) fn put_pack(&self, pack: &Pack) -> Result<()> {
        let path = format!("{}{}", paths::ADMIN_PACKS, pack.hash);
        with_retries(self.console, || {
            let head = self.send(Method::HEAD, &path, None)?;
            if head.status == 200 {
                return Ok(());
            }
            self.once(Method::PUT, &path, Some(&pack.bytes)).map(drop)
        })
    }

    /// Makes another catalogue current.
    pub(crate) fn flip(&self, flip: &RootUpdate) -> Result<FlipOutcome> {
        let body = serde_json::to_vec(flip)?;
        with_retries(self.console, || {
            let answer = self.send(Method::PUT, paths::ADMIN_ROOT, Some(&body))?;
            if answer.status != 409 {
                return self.checked(answer).map(|_| FlipOutcome::Done);
            }
            // A flip whose answer was lost is not a conflict.
            let now = self.root_once()?;
            let done = now.is_some_and(|root| root.manifest == flip.manifest);
            Ok(if done { FlipOutcome::Done } else { FlipOutcome::Conflict })
        })
    }

    /// Takes up a picture that lies with a provider. Tried once: the deployment has its own patience
    /// with providers, and a title may do without.
    pub(crate) fn ingest_picture(&self, asked: &ProviderFile) -> Result<IngestedFile> {
        let body = serde_json::to_vec(asked)?;
        let answer = self.once(Method::POST, paths::ADMIN_PICTURES, Some(&body));
        match answer.and_then(|answer| self.data(&answer)) {
            Ok(taken) => Ok(taken),
            Err(AttemptError::Transient(error) | AttemptError::Permanent(error)) => Err(error),
        }
    }

    /// How ready an episode is to start; with `POST`, once it was made so.
    pub(crate) fn readiness(&self, method: &Method, episode_id: &str) -> Result<EpisodeReadiness> {
        let path = format!("{}{episode_id}", paths::ADMIN_PREWARM);
        with_retries(self.console, || {
            let answer = self.once(method.clone(), &path, None)?;
            self.data(&answer)
        })
    }

    /// Forgets what is kept for starts of a title; of all without one.
    pub(crate) fn purge(&self, catalog_id: Option<&str>) -> Result<PurgeResult> {
        let path = match catalog_id {
            Some(id) => format!("{}/{id}", paths::ADMIN_STARTUP),
            None => paths::ADMIN_STARTUP.to_owned(),
        };
        with_retries(self.console, || {
            let answer = self.once(Method::DELETE, &path, None)?;
            self.data(&answer)
        })
    }

    fn data<T: DeserializeOwned>(&self, answer: &HttpResponse) -> Result<T, AttemptError> {
        let envelope: Envelope<T> = serde_json::from_slice(&answer.body)
            .with_context(|| format!("{} does not speak Firstframe's admin API", self.url))?;
        Ok(envelope.data.with_context(|| format!("{} answered with no data", self.url))?)
    }

    fn once(
        &self,
        method: Method,
        path: &str,
        body: Option<&[u8]>,
    ) -> Result<HttpResponse, AttemptError> {
        self.checked(self.send(method, path, body)?)
    }

    fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&[u8]>,
    ) -> Result<HttpResponse, AttemptError> {
        let url = format!("{}{path}", self.url);
        let headers = vec![("authorization", self.authorization.as_str())];
        self.client.send(&HttpRequest { method, url: &url, headers, body })
    }

    fn checked(&self, answer: HttpResponse) -> Result<HttpResponse, AttemptError> {
        match answer.status {
            200..=299 => Ok(answer),
            401 => Err(AttemptError::Permanent(anyhow!(
                "{} refuses the admin key: look at --admin-key, FIRSTFRAME_ADMIN_KEY or keys.toml \
                 of its data folder",
                self.url
            ))),
            status => {
                let said = serde_json::from_slice::<Envelope<()>>(&answer.body)
                    .ok()
                    .and_then(|envelope| envelope.error)
                    .map(|error| format!(": {}", error.message))
                    .unwrap_or_default();
                let error = anyhow!("{} answered {}{said}", self.url, status_name(status));
                Err(if answer.is_transient() {
                    AttemptError::Transient(error)
                } else {
                    AttemptError::Permanent(error)
                })
            }
        }
    }
}
