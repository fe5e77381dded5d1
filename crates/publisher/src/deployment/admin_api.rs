//! Client of the deployment's admin API: packs, the catalog root, pictures, start data and accounts.

use anyhow::{Context, Result, anyhow};
use api::{
    Account, Accounts, CatalogRoot, Deleted, Envelope, EpisodeReadiness, IngestedFile,
    IngestedFilm, IngestedFilms, IngestedName, NewAccount, NewPassword, ProviderFile, PurgeResult,
    RootUpdate, paths,
};
use catalog::Pack;
use serde::{Serialize, de::DeserializeOwned};
use ureq::http::Method;

use super::http_client::{
    AttemptError, HttpClient, HttpRequest, HttpResponse, status_name, with_retries,
};
use super::target::ApiAccess;
use crate::output::console::Console;

/// What became of a root update.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum UpdateOutcome {
    Done,
    /// Another catalog is current than the one that the update names.
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
        let client = HttpClient::new(&access.url, access.local.as_deref())?;
        Ok(Self { client, url: access.url.clone(), authorization, console })
    }

    /// The catalog root, if there is one. It is the first call of a run and is not retried, so that a
    /// server that does not run is reported at once.
    pub(crate) fn first_root(&self) -> Result<Option<CatalogRoot>> {
        match self.root_once() {
            Ok(root) => Ok(root),
            Err(AttemptError::Transient(error)) => Err(error).with_context(|| {
                format!(
                    "no Firstframe answers at {}: start it with `firstframe serve`, or check --url",
                    self.url
                )
            }),
            Err(AttemptError::Permanent(error)) => Err(error),
        }
    }

    /// The catalog root, if there is one.
    pub(crate) fn root(&self) -> Result<Option<CatalogRoot>> {
        with_retries(self.console, || self.root_once())
    }

    fn root_once(&self) -> Result<Option<CatalogRoot>, AttemptError> {
        let response = self.once(Method::GET, paths::ADMIN_ROOT, None)?;
        Ok(self.envelope(&response)?.data)
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

    /// Stores a pack, unless the deployment has it.
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

    /// Makes another catalog current.
    pub(crate) fn update_root(&self, update: &RootUpdate) -> Result<UpdateOutcome> {
        let body = serde_json::to_vec(update)?;
        with_retries(self.console, || {
            let response = self.send(Method::PUT, paths::ADMIN_ROOT, Some(&body))?;
            if response.status != 409 {
                return self.checked(response).map(|_| UpdateOutcome::Done);
            }
            // An update whose response was lost is not a conflict.
            let now = self.root_once()?;
            let done = now.is_some_and(|root| root.manifest == update.manifest);
            Ok(if done { UpdateOutcome::Done } else { UpdateOutcome::Conflict })
        })
    }

    /// Has the deployment ingest a picture of a provider. It is not retried: the deployment retries
    /// requests to providers itself, and a title may do without.
    pub(crate) fn ingest_picture(&self, file: &ProviderFile) -> Result<IngestedFile> {
        self.write_once(Method::POST, paths::ADMIN_PICTURES, file)
    }

    /// The same of a film.
    pub(crate) fn ingest_film(&self, file: &ProviderFile) -> Result<IngestedFilm> {
        self.write_once(Method::POST, paths::ADMIN_SOURCES, file)
    }

    /// Removes a film from every store. No title of the current catalog may have it.
    pub(crate) fn remove_film(&self, source_id: &str) -> Result<()> {
        self.delete(&format!("{}/{source_id}", paths::ADMIN_SOURCES))
    }

    /// The same of a picture.
    pub(crate) fn remove_picture(&self, image_id: &str) -> Result<()> {
        self.delete(&format!("{}/{image_id}", paths::ADMIN_PICTURES))
    }

    fn delete(&self, path: &str) -> Result<()> {
        with_retries(self.console, || self.once(Method::DELETE, path, None).map(drop))
    }

    /// The films of a provider that were ingested, in order of their names there.
    pub(crate) fn ingested_films(&self, provider: &str) -> Result<Vec<IngestedName>> {
        let encoded = |text: &str| {
            let digits = text.bytes().map(|byte| format!("%{byte:02x}"));
            digits.collect::<String>()
        };
        let mut films: Vec<IngestedName> = Vec::new();
        loop {
            let after = films.last().map_or_else(String::new, |film| encoded(&film.file));
            let provider = encoded(provider);
            let path = format!("{}?provider={provider}&after={after}", paths::ADMIN_SOURCES);
            let page: IngestedFilms = with_retries(self.console, || {
                let response = self.once(Method::GET, &path, None)?;
                self.data(&response)
            })?;
            if page.items.is_empty() {
                return Ok(films);
            }
            films.extend(page.items);
        }
    }

    /// Adds an account. It is not retried, nor are other writes of accounts: where a response was lost, the
    /// next one says so.
    pub(crate) fn add_account(&self, account: &NewAccount) -> Result<Account> {
        self.write_once(Method::POST, paths::ADMIN_ACCOUNTS, account)
    }

    /// Changes the password of an account.
    pub(crate) fn set_password(&self, name: &str, password: &NewPassword) -> Result<Account> {
        self.write_once(Method::PUT, &format!("{}/{name}", paths::ADMIN_ACCOUNTS), password)
    }

    /// Removes an account.
    pub(crate) fn remove_account(&self, name: &str) -> Result<Deleted> {
        self.write_once(Method::DELETE, &format!("{}/{name}", paths::ADMIN_ACCOUNTS), &())
    }

    /// All accounts, in order of their names.
    pub(crate) fn accounts(&self) -> Result<Vec<Account>> {
        let accounts: Accounts = with_retries(self.console, || {
            let response = self.once(Method::GET, paths::ADMIN_ACCOUNTS, None)?;
            self.data(&response)
        })?;
        Ok(accounts.items)
    }

    fn write_once<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T> {
        let body = serde_json::to_vec(body)?;
        let body = Some(body.as_slice()).filter(|_| method != Method::DELETE);
        let response = self.once(method, path, body);
        match response.and_then(|response| self.data(&response)) {
            Ok(written) => Ok(written),
            Err(AttemptError::Transient(error) | AttemptError::Permanent(error)) => Err(error),
        }
    }

    /// How ready an episode is to start. `GET` reports it; `POST` makes the episode ready first.
    pub(crate) fn readiness(&self, method: &Method, episode_id: &str) -> Result<EpisodeReadiness> {
        let path = format!("{}{episode_id}", paths::ADMIN_PREWARM);
        with_retries(self.console, || {
            let response = self.once(method.clone(), &path, None)?;
            self.data(&response)
        })
    }

    /// Removes the start data of a title, or of all titles.
    pub(crate) fn purge(&self, catalog_id: Option<&str>) -> Result<PurgeResult> {
        let path = match catalog_id {
            Some(id) => format!("{}/{id}", paths::ADMIN_STARTUP),
            None => paths::ADMIN_STARTUP.to_owned(),
        };
        with_retries(self.console, || {
            let response = self.once(Method::DELETE, &path, None)?;
            self.data(&response)
        })
    }

    fn data<T: DeserializeOwned>(&self, response: &HttpResponse) -> Result<T, AttemptError> {
        let envelope: Envelope<T> = self.envelope(response)?;
        Ok(envelope.data.with_context(|| format!("{} answered without data", self.url))?)
    }

    fn envelope<T: DeserializeOwned>(&self, response: &HttpResponse) -> Result<Envelope<T>> {
        serde_json::from_slice(&response.body).with_context(|| {
            format!("{} does not speak Firstframe's admin API: check --url", self.url)
        })
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

    fn checked(&self, response: HttpResponse) -> Result<HttpResponse, AttemptError> {
        match response.status {
            200..=299 => Ok(response),
            401 => Err(AttemptError::Permanent(anyhow!(
                "{} refuses the admin key: check --admin-key, FIRSTFRAME_ADMIN_KEY or keys.toml \
                 of its data folder",
                self.url
            ))),
            status => {
                let message = serde_json::from_slice::<Envelope<()>>(&response.body)
                    .ok()
                    .and_then(|envelope| envelope.error)
                    .map(|error| format!(": {}", error.message))
                    .unwrap_or_default();
                let error = anyhow!("{} answered {}{message}", self.url, status_name(status));
                Err(if response.is_transient() {
                    AttemptError::Transient(error)
                } else {
                    AttemptError::Permanent(error)
                })
            }
        }
    }
}
