//! Which deployment is meant: what the options name, else the server that runs on this machine.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use api::data_folder::{KEYS_FILE, RunningServer, ServerKeys};

use super::data_folder;
use super::server_proof::{self, without_slash};

/// The API of a deployment, and the key that opens its admin routes. It has no `Debug` form, so that
/// no key is printed.
pub struct ApiAccess {
    /// Origin of the page and the API, without a slash at its end.
    pub(crate) url: String,
    pub(crate) admin_key: String,
    /// The data folder of the server, where that runs on this machine.
    pub(crate) local: Option<PathBuf>,
}

/// A deployment that can be published to: its API, and its object store.
pub struct Deployment {
    pub(crate) api: ApiAccess,
    pub(crate) object_store: ObjectStoreAccess,
    /// The server's own folder for films that are already on its disk.
    pub(crate) incoming: Option<PathBuf>,
}

/// The object store of a deployment, and its keys.
pub(crate) struct ObjectStoreAccess {
    pub(crate) endpoint: String,
    pub(crate) region: String,
    pub(crate) bucket: String,
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
}

/// Which deployment the caller means.
#[derive(Default)]
pub struct DeploymentTarget {
    /// The data folder of a server on this machine, where its address and keys are found.
    pub data: PathBuf,
    /// Another deployment: the origin of its page (`--url`).
    pub url: Option<String>,
    /// Admin key of that deployment (`--admin-key`).
    pub admin_key: Option<String>,
}

/// Which object store the caller means. Fields that are `None` are those of the server on this machine.
#[derive(Default)]
pub struct ObjectStoreTarget {
    /// Origin of the store (`--s3-endpoint`).
    pub endpoint: Option<String>,
    /// Its region, such as `auto`.
    pub region: String,
    /// Its bucket, such as `firstframe`.
    pub bucket: String,
    /// Access key (`--s3-access-key`).
    pub access_key: Option<String>,
    /// Secret key (`--s3-secret-key`).
    pub secret_key: Option<String>,
}

/// The API that is meant, and the server behind it where that runs on this machine.
struct Resolved {
    api: ApiAccess,
    local_server: Option<(RunningServer, ServerKeys)>,
}

impl DeploymentTarget {
    /// Address and admin key of the deployment.
    ///
    /// # Errors
    /// No server runs with the data folder and no URL is given, or a key is missing.
    pub fn api(self) -> Result<ApiAccess> {
        Ok(self.resolve()?.api)
    }

    /// The deployment with its object store.
    ///
    /// # Errors
    /// No server runs with the data folder and no URL is given, or an address or key is missing.
    pub fn with_object_store(self, store: ObjectStoreTarget) -> Result<Deployment> {
        let Resolved { api, local_server } = self.resolve()?;
        // A store that is named gets uploads: only the server's own store can link files.
        let incoming = (local_server.is_some() && store.endpoint.is_none())
            .then(|| self.data.join("incoming"));
        let (endpoint, access_key, secret_key) = local_server.map_or((None, None, None), |local| {
            let (server, keys) = local;
            (Some(server.s3_endpoint), Some(keys.s3_access_key), Some(keys.s3_secret_key))
        });
        let required =
            |value: Option<String>, flag, variable| required(&api.url, value, flag, variable);
        let object_store = ObjectStoreAccess {
            endpoint: required(
                store.endpoint.or(endpoint),
                "--s3-endpoint",
                "FIRSTFRAME_S3_ENDPOINT",
            )?,
            region: store.region,
            bucket: store.bucket,
            access_key: required(
                store.access_key.or(access_key),
                "--s3-access-key",
                "FIRSTFRAME_S3_ACCESS_KEY",
            )?,
            secret_key: required(
                store.secret_key.or(secret_key),
                "--s3-secret-key",
                "FIRSTFRAME_S3_SECRET_KEY",
            )?,
        };
        Ok(Deployment { api, object_store, incoming })
    }

    fn resolve(&self) -> Result<Resolved> {
        let named = self.url.as_deref().map(without_slash);
        let local_server = self.local_server(named)?;
        let local_url = local_server.as_ref().map(|(server, _)| without_slash(&server.url));
        let url = named.or(local_url).ok_or_else(|| no_server(&self.data))?.to_owned();
        let local_key = local_server.as_ref().map(|(_, keys)| keys.admin_key.clone());
        let admin_key = self.admin_key.clone().or(local_key);
        let admin_key = required(&url, admin_key, "--admin-key", "FIRSTFRAME_ADMIN_KEY")?;
        let local = local_server.as_ref().map(|_| self.data.clone());
        Ok(Resolved { api: ApiAccess { url, admin_key, local }, local_server })
    }

    /// The server that serves the data folder, with its keys, where one runs and it is meant: the
    /// keys of this machine's server are for that server alone.
    fn local_server(&self, named: Option<&str>) -> Result<Option<(RunningServer, ServerKeys)>> {
        let Some(server) = data_folder::running_server(&self.data)? else { return Ok(None) };
        if named.is_some_and(|url| url != without_slash(&server.url)) {
            return Ok(None);
        }
        let Some(server) = server_proof::proven_server(&self.data)? else { return Ok(None) };
        let keys = data_folder::server_keys(&self.data)?.with_context(|| {
            format!("{} is missing: restart the server", self.data.join(KEYS_FILE).display())
        })?;
        Ok(Some((server, keys)))
    }
}

fn no_server(data: &Path) -> anyhow::Error {
    anyhow!(
        "no server runs with the data folder {data}: start one with `firstframe serve --data \
         {data}`, or name a deployment with --url",
        data = data.display()
    )
}

fn required(url: &str, value: Option<String>, flag: &str, variable: &str) -> Result<String> {
    value.filter(|value| !value.is_empty()).with_context(|| {
        format!(
            "{url} needs {flag} (or {variable}): {KEYS_FILE} of a local server opens that server \
             only"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::sync::mpsc;
    use std::thread;

    fn target(data: &Path) -> DeploymentTarget {
        DeploymentTarget { data: data.to_owned(), ..DeploymentTarget::default() }
    }

    fn store() -> ObjectStoreTarget {
        ObjectStoreTarget {
            region: "auto".to_owned(),
            bucket: "firstframe".to_owned(),
            ..ObjectStoreTarget::default()
        }
    }

    fn error(result: Result<Deployment>) -> String {
        format!("{:#}", result.err().unwrap())
    }

    const NONCE: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    /// A data folder, and the lock that its server holds.
    struct LocalServer {
        dir: tempfile::TempDir,
        url: String,
        lock: File,
        requests: mpsc::Receiver<String>,
    }

    /// A server that answers each request by `answer`, which gets the challenge.
    fn local_server(answer: fn(&str) -> String) -> LocalServer {
        let dir = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let runtime = format!(
            r#"{{"url":"{url}/","s3_endpoint":"http://127.0.0.1:2","pid":3,"nonce":"{NONCE}"}}"#
        );
        fs::write(dir.path().join("runtime.json"), runtime).unwrap();
        let keys = "admin_key = \"a\"\ns3_access_key = \"b\"\ns3_secret_key = \"c\"\n";
        fs::write(dir.path().join("keys.toml"), keys).unwrap();
        let lock = File::create(dir.path().join("lock")).unwrap();
        lock.lock().unwrap();
        let (send, requests) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = [0; 4096];
                let count = stream.read(&mut head).unwrap();
                let head = String::from_utf8_lossy(&head[..count]).into_owned();
                let target = head.split(' ').nth(1).unwrap_or_default();
                let body = answer(target.rsplit('/').next().unwrap());
                let length = body.len();
                // A client that has read enough closes the connection.
                let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
                let _ = send.send(head);
            }
        });
        LocalServer { dir, url, lock, requests }
    }

    fn folder_of_a_running_server() -> LocalServer {
        local_server(|challenge| server_proof::proof(NONCE, challenge).unwrap())
    }

    #[test]
    fn stale_file_of_a_killed_server_is_noticed_and_nothing_is_sent() {
        let server = folder_of_a_running_server();
        server.lock.unlock().unwrap();
        let error = error(target(server.dir.path()).with_object_store(store()));
        assert!(error.contains("does not run") && error.contains("firstframe serve"), "{error}");
        assert!(server.requests.try_recv().is_err(), "the program at the old address is asked");
    }

    #[test]
    fn program_that_cannot_prove_itself_gets_no_key() {
        let answers: [fn(&str) -> String; 3] = [
            |challenge| server_proof::proof(challenge, challenge).unwrap(),
            |challenge| challenge.to_owned(),
            |_| "x".repeat(1 << 20),
        ];
        for answer in answers {
            let server = local_server(answer);
            let error = error(target(server.dir.path()).with_object_store(store()));
            assert!(error.contains("is not the server of the data folder"), "{error}");
            let request = server.requests.recv().unwrap();
            assert!(!request.to_lowercase().contains("authorization"), "{request}");
            assert!(!request.contains(NONCE), "{request}");
        }
    }

    #[test]
    fn server_on_this_machine_is_found_by_its_data_folder() {
        let server = folder_of_a_running_server();
        let found = target(server.dir.path()).with_object_store(store()).unwrap();
        let api = &found.api;
        assert_eq!((&api.url, api.admin_key.as_str()), (&server.url, "a"));
        assert_eq!(found.incoming, Some(server.dir.path().join("incoming")));
        let nothing = tempfile::tempdir().unwrap();
        let error = error(target(nothing.path()).with_object_store(store()));
        assert!(error.contains("no server runs"), "{error}");
    }

    #[test]
    fn keys_of_this_machine_go_to_no_other_deployment() {
        let server = folder_of_a_running_server();
        let url = Some("https://films.example/".to_owned());
        let target = DeploymentTarget { url, ..target(server.dir.path()) };
        let error = error(target.with_object_store(store()));
        assert!(error.contains("--admin-key"), "{error}");
    }

    #[test]
    fn named_endpoint_means_an_upload() {
        let server = folder_of_a_running_server();
        let endpoint = Some("http://127.0.0.1:9".to_owned());
        let store = ObjectStoreTarget { endpoint, ..store() };
        let found = target(server.dir.path()).with_object_store(store).unwrap();
        assert_eq!(found.incoming, None);
        assert_eq!(found.object_store.endpoint, "http://127.0.0.1:9");
    }

    #[test]
    fn broken_keys_file_is_named_and_its_keys_are_not_shown() {
        let server = folder_of_a_running_server();
        fs::write(server.dir.path().join("keys.toml"), "admin_key = \"sesame\n").unwrap();
        let error = error(target(server.dir.path()).with_object_store(store()));
        assert!(error.contains("keys.toml") && !error.contains("sesame"), "{error}");
    }
}
