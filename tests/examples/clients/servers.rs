//! The servers that clients read the film from: nginx with the file, which says what each client makes
//! of it, and `firstframe serve` with the film in its own store and with the same film of a provider.

use std::{fmt::Write as _, fs, path::Path, process::Command};

use anyhow::{Context as _, Result, ensure};
use tests::{
    deployment::Deployment,
    fixture,
    nginx::{self, Nginx},
    process::workspace,
};

/// Name of the film at the provider, and in the folder of the run.
pub(crate) const FILM: &str = "film.mp4";
/// Id of the film in the own store.
const SOURCE: &str = "636c69656e74732d66696c6d2d6f776e";
const TITLE: &str = "clients-film";

/// Where a film is read from: its URL, and those of caches by slices in front of it.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) url: String,
    pub(crate) slices_1m: String,
    pub(crate) slices_4m: String,
}

/// All servers, which end when this is dropped.
pub(crate) struct Servers {
    /// The first is the plain file.
    pub(crate) subjects: [Subject; 3],
    pub(crate) deployment: Deployment,
    _nginx: Vec<Nginx>,
}

impl Servers {
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        let port = nginx::free_port()?;
        let file_server = start_nginx(folder, "files", port, "")?;
        let deployment = serve(folder, port)?;
        let own = fixture::media_url(&deployment, &format!("{TITLE}.1"))?;
        let upstream = fixture::media_url(&deployment, &format!("{TITLE}.2"))?;
        let origin = deployment.origin.authority.clone();
        let file = format!("127.0.0.1:{port}");
        let mut configured = Caches::default();
        let subjects = [
            configured.subject("plain file", &file, &format!("/{FILM}"))?,
            configured.subject("own store", &origin, &own)?,
            configured.subject("upstream", &origin, &upstream)?,
        ];
        let caches = start_nginx(folder, "caches", nginx::free_port()?, &configured.configuration)?;
        Ok(Self { subjects, deployment, _nginx: vec![file_server, caches] })
    }
}

/// nginx servers with caches by slices, as they are configured.
#[derive(Default)]
struct Caches {
    configuration: String,
}

impl Caches {
    fn subject(&mut self, name: &'static str, authority: &str, target: &str) -> Result<Subject> {
        Ok(Subject {
            name,
            url: format!("http://{authority}{target}"),
            slices_1m: self.cache(authority, target, "1m")?,
            slices_4m: self.cache(authority, target, "4m")?,
        })
    }

    /// The URL of the film behind one more cache.
    fn cache(&mut self, authority: &str, target: &str, slice: &str) -> Result<String> {
        let port = nginx::free_port()?;
        writeln!(
            self.configuration,
            "server {{ listen 127.0.0.1:{port}; location / {{ slice {slice}; \
             proxy_pass http://{authority}; }} }}"
        )?;
        Ok(format!("http://127.0.0.1:{port}{target}"))
    }
}

fn start_nginx(folder: &Path, name: &str, port: u16, servers: &str) -> Result<Nginx> {
    let home = folder.join(name);
    fs::create_dir_all(home.join("films"))?;
    fs::hard_link(folder.join(FILM), home.join("films").join(FILM))?;
    let template = workspace().join("tests/examples/clients/nginx.conf");
    let configuration = fs::read_to_string(template)?
        .replace("STATIC_PORT", &port.to_string())
        .replace("SERVERS", servers)
        .replace("FOLDER", home.to_str().context("a path in UTF-8")?);
    Nginx::start(&home, &configuration, port)
}

/// `firstframe serve` with a title whose first episode is in its store, and whose second one is at
/// the provider on this port.
fn serve(folder: &Path, provider: u16) -> Result<Deployment> {
    let origin = format!("http://127.0.0.1:{provider}");
    let providers = format!(
        r#"[{{"id": "one", "origins": ["{origin}"], "bases": ["{origin}/"], "private": true}}]"#
    );
    let setting = folder.join("providers.json");
    fs::write(&setting, providers)?;
    let setting = setting.to_str().context("a path in UTF-8")?;
    let flags = ["--providers", setting, "--allowed-outbound-hosts", &origin, "--log", "error"];
    let deployment = Deployment::serve(&folder.join("data"), &flags)?;
    let link = |path: &Path| Ok(fs::hard_link(folder.join(FILM), path)?);
    deployment.put_file(&api::paths::media_key(SOURCE), link)?;
    let upstream = fixture::ingest(&deployment, FILM)?;
    let mut own = upstream.clone();
    SOURCE.clone_into(&mut own.id);
    fixture::publish_title(&deployment, TITLE, &[own, upstream])?;
    Ok(deployment)
}

/// Makes a film of 30 seconds and 24 MB, whose `moov` is at its end: more than the edge keeps of an
/// upstream film.
pub(crate) fn film(folder: &Path) -> Result<()> {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i"]);
    ffmpeg.arg("testsrc2=size=640x360:rate=24:duration=30,noise=alls=40:allf=t");
    ffmpeg.args(["-f", "lavfi", "-i", "sine=frequency=330:sample_rate=48000:duration=30"]);
    ffmpeg.args(["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]);
    ffmpeg.args(["-b:v", "6500k", "-maxrate", "6500k", "-bufsize", "6500k", "-g", "48"]);
    ffmpeg.args(["-c:a", "aac", "-b:a", "128k", "-ac", "2"]).arg(folder.join(FILM));
    let status = ffmpeg.status().context("cannot start ffmpeg")?;
    ensure!(status.success(), "ffmpeg ended with {status}");
    Ok(())
}
