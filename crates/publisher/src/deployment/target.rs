//! Which deployment is meant: flags and variables, else the server that runs on this machine.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::config::{Config, Flags};

/// Where films and catalogue go. Keys have no `Debug` form: none is ever printed.
pub(super) struct Deployment {
    /// Origin of the page and the API, without a slash at its end.
    pub(super) url: String,
    pub(super) admin_key: String,
    pub(super) s3: S3,
    /// The server's own folder for films that are already on its disk.
    pub(super) incoming: Option<PathBuf>,
}

/// The object store of a deployment.
pub(super) struct S3 {
    pub(super) endpoint: String,
    pub(super) region: String,
    pub(super) bucket: String,
    pub(super) access_key: String,
    pub(super) secret_key: String,
}

/// Flags and variables that say which deployment.
#[derive(clap::Args, Default)]
pub(crate) struct Place {
    /// The data folder of a server on this machine, where its address and keys are found; else the
    /// one that `serve` takes: from its variable, its settings file, or its default
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Another deployment: the origin of its page, beginning with https
    #[arg(long, env = "FIRSTFRAME_URL", value_name = "URL", hide_env_values = true)]
    url: Option<String>,
    /// Admin key of that deployment
    #[arg(long, env = "FIRSTFRAME_ADMIN_KEY", value_name = "KEY", hide_env_values = true)]
    admin_key: Option<String>,
}

/// Flags and variables of `publish` that say where to.
#[derive(clap::Args)]
pub(crate) struct Target {
    #[command(flatten)]
    place: Place,
    /// Its object store, such as that of an R2 account: ACCOUNT.r2.cloudflarestorage.com over https
    #[arg(long, env = "FIRSTFRAME_S3_ENDPOINT", value_name = "URL", hide_env_values = true)]
    s3_endpoint: Option<String>,
    /// Region of the object store
    #[arg(long, env = "FIRSTFRAME_S3_REGION", value_name = "NAME", default_value = "auto")]
    s3_region: String,
    /// Bucket of the object store
    #[arg(long, env = "FIRSTFRAME_S3_BUCKET", value_name = "NAME", default_value = "firstframe")]
    s3_bucket: String,
    /// Access key of the object store
    #[arg(long, env = "FIRSTFRAME_S3_ACCESS_KEY", value_name = "KEY", hide_env_values = true)]
    s3_access_key: Option<String>,
    /// Secret key of the object store
    #[arg(long, env = "FIRSTFRAME_S3_SECRET_KEY", value_name = "KEY", hide_env_values = true)]
    s3_secret_key: Option<String>,
}

/// What a running server writes into its data folder.
#[derive(Deserialize)]
struct Runtime {
    url: String,
    s3_endpoint: String,
}

/// The keys of its data folder.
#[derive(Deserialize)]
struct Keys {
    #[serde(rename = "admin_key")]
    admin: String,
    #[serde(rename = "s3_access_key")]
    s3_access: String,
    #[serde(rename = "s3_secret_key")]
    s3_secret: String,
}

/// A deployment's API, and its server where that runs on this machine.
struct Found {
    url: String,
    admin_key: String,
    local: Option<(Runtime, Keys)>,
}

impl Place {
    /// Address and admin key of the deployment meant.
    pub(super) fn api(self) -> Result<(String, String)> {
        let data = self.data()?;
        let found = self.find(&data)?.with_context(|| Self::nobody_serves(&data))?;
        Ok((found.url, found.admin_key))
    }

    /// The deployment meant; none where no server runs here and no other is named.
    fn find(self, data: &Path) -> Result<Option<Found>> {
        let local = local(data)?;
        let named = self.url.as_deref().map(|url| url.trim_end_matches('/').to_owned());
        // The keys of this machine's server are for that server alone.
        let local = local.filter(|(runtime, _)| {
            named.as_deref().is_none_or(|url| url == runtime.url.trim_end_matches('/'))
        });
        let here = local.as_ref().map(|(runtime, _)| runtime.url.trim_end_matches('/').to_owned());
        let Some(url) = named.or(here) else { return Ok(None) };
        let known = local.as_ref().map(|(_, keys)| keys.admin.clone());
        let admin_key = self.admin_key.or(known);
        let admin_key = wanted(&url, admin_key, "--admin-key", "FIRSTFRAME_ADMIN_KEY")?;
        Ok(Some(Found { url, admin_key, local }))
    }

    /// What to do when there is no deployment.
    fn nobody_serves(data: &Path) -> String {
        format!(
            "no server runs with the data folder {data}; start one by `firstframe serve --data \
             {data}`, or name a deployment by --url",
            data = data.display()
        )
    }

    /// The data folder meant.
    fn data(&self) -> Result<PathBuf> {
        match &self.data {
            Some(data) => Ok(data.clone()),
            None => Config::load(&Flags::default(), |name| env::var(name).ok()).map(|c| c.data),
        }
    }
}

fn wanted(url: &str, value: Option<String>, flag: &str, variable: &str) -> Result<String> {
    value.filter(|value| !value.is_empty()).with_context(|| {
        format!(
            "{url} needs {flag} (or {variable}); keys.toml of a local server is only for that \
             server"
        )
    })
}

impl Target {
    /// The deployment meant.
    pub(super) fn deployment(self) -> Result<Deployment> {
        let data = self.place.data()?;
        self.within(&data)?.with_context(|| Place::nobody_serves(&data))
    }

    fn within(self, data: &Path) -> Result<Option<Deployment>> {
        let Some(Found { url, admin_key, local }) = self.place.find(data)? else { return Ok(None) };
        // Parts that are uploaded on purpose (another endpoint is named) are not linked.
        let incoming =
            (local.is_some() && self.s3_endpoint.is_none()).then(|| data.join("incoming"));
        let (endpoint, access, secret) = match local {
            Some((runtime, keys)) => {
                (Some(runtime.s3_endpoint), Some(keys.s3_access), Some(keys.s3_secret))
            }
            None => (None, None, None),
        };
        let wanted = |value, flag, variable| wanted(&url, value, flag, variable);
        let s3 = S3 {
            endpoint: wanted(
                self.s3_endpoint.or(endpoint),
                "--s3-endpoint",
                "FIRSTFRAME_S3_ENDPOINT",
            )?,
            region: self.s3_region,
            bucket: self.s3_bucket,
            access_key: wanted(
                self.s3_access_key.or(access),
                "--s3-access-key",
                "FIRSTFRAME_S3_ACCESS_KEY",
            )?,
            secret_key: wanted(
                self.s3_secret_key.or(secret),
                "--s3-secret-key",
                "FIRSTFRAME_S3_SECRET_KEY",
            )?,
        };
        Ok(Some(Deployment { url, admin_key, s3, incoming }))
    }
}

/// The server that serves `data`, as far as its folder tells.
fn local(data: &Path) -> Result<Option<(Runtime, Keys)>> {
    let path = data.join("runtime.json");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
    };
    let runtime = serde_json::from_str(&text)
        .with_context(|| format!("{} is not what a server writes", path.display()))?;
    let path = data.join("keys.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    // The parser shows the line that it does not understand: a key could be in it.
    let Ok(keys) = toml::from_str(&text) else {
        bail!("{} does not hold admin_key, s3_access_key and s3_secret_key", path.display());
    };
    Ok(Some((runtime, keys)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        Target {
            place: Place::default(),
            s3_endpoint: None,
            s3_region: "auto".to_owned(),
            s3_bucket: "firstframe".to_owned(),
            s3_access_key: None,
            s3_secret_key: None,
        }
    }

    fn serving() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let runtime = r#"{"url":"http://127.0.0.1:1/","s3_endpoint":"http://127.0.0.1:2","pid":3}"#;
        fs::write(dir.path().join("runtime.json"), runtime).unwrap();
        let keys = "admin_key = \"a\"\ns3_access_key = \"b\"\ns3_secret_key = \"c\"\n";
        fs::write(dir.path().join("keys.toml"), keys).unwrap();
        dir
    }

    #[test]
    fn a_server_on_this_machine_is_found_by_its_data_folder() {
        let dir = serving();
        let found = target().within(dir.path()).unwrap().unwrap();
        assert_eq!((found.url.as_str(), found.admin_key.as_str()), ("http://127.0.0.1:1", "a"));
        assert_eq!(found.incoming, Some(dir.path().join("incoming")));
        let nothing = tempfile::tempdir().unwrap();
        assert!(target().within(nothing.path()).unwrap().is_none());
    }

    #[test]
    fn keys_of_this_machine_go_to_no_other_deployment() {
        let dir = serving();
        let url = Some("https://films.example/".to_owned());
        let error = Target { place: Place { url, ..Place::default() }, ..target() }
            .within(dir.path())
            .err()
            .unwrap();
        assert!(format!("{error:#}").contains("--admin-key"), "{error:#}");
    }

    #[test]
    fn a_named_endpoint_means_an_upload() {
        let dir = serving();
        let endpoint = Some("http://127.0.0.1:9".to_owned());
        let found = Target { s3_endpoint: endpoint, ..target() }.within(dir.path());
        let found = found.unwrap().unwrap();
        assert_eq!(found.incoming, None);
        assert_eq!(found.s3.endpoint, "http://127.0.0.1:9");
    }

    #[test]
    fn a_broken_keys_file_is_named_and_its_keys_are_not_shown() {
        let dir = serving();
        fs::write(dir.path().join("keys.toml"), "admin_key = \"sesame\n").unwrap();
        let error = format!("{:#}", target().within(dir.path()).err().unwrap());
        assert!(error.contains("keys.toml") && !error.contains("sesame"), "{error}");
    }
}
