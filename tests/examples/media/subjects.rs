//! The servers that are measured: `firstframe serve`, and nginx with the same file.

use std::{
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use tests::{
    bytes,
    deployment::{Deployment, memory_peak, reset_memory_peak},
    fixture,
    http::{Origin, Request},
    nginx,
    process::workspace,
};

/// Size of the film: larger than any cache in our memory, small enough for the page cache.
pub(crate) const FILM_BYTES: u64 = 256 << 20;
/// How much of the film's head the edge stores in blocks.
pub(crate) const HEAD_BYTES: u64 = 2 << 20;
/// Linux counts processor time in hundredths of a second.
const TICK_US: u64 = 10_000;
const FILM: &str = "film.mp4";
const SOURCE: &str = "6d656469612d62656e63682d66696c6d";

/// A running nginx.
pub(crate) struct Nginx {
    process: nginx::Nginx,
    pub(crate) static_port: u16,
    pub(crate) slice_port: u16,
}

impl Nginx {
    /// Starts an nginx that serves the film as a file on one port. On another port it caches, by
    /// slices, the film of the server at `origin`, or its own.
    pub(crate) fn start(
        name: &str,
        folder: &Path,
        origin: Option<u16>,
        workers: usize,
    ) -> Result<Self> {
        let home = folder.join(name);
        fs::create_dir_all(home.join("films"))?;
        let film = home.join("films").join(FILM);
        if !film.exists() {
            fs::hard_link(folder.join(FILM), film)?;
        }
        let (static_port, slice_port) = (nginx::free_port()?, nginx::free_port()?);
        let conf = fs::read_to_string(workspace().join("bench/media/nginx.conf"))?
            .replace("STATIC_PORT", &static_port.to_string())
            .replace("SLICE_PORT", &slice_port.to_string())
            .replace("ORIGIN_PORT", &origin.unwrap_or(static_port).to_string())
            .replace("WORKERS", &workers.to_string())
            .replace("FOLDER", home.to_str().context("a path in UTF-8")?);
        let process = nginx::Nginx::start(&home, &conf, slice_port)?;
        Ok(Self { process, static_port, slice_port })
    }

    /// Ids of its master and its workers.
    pub(crate) fn pids(&self) -> Result<Vec<u32>> {
        self.process.pids()
    }

    /// Fills its cache with the whole film.
    pub(crate) fn fill_cache(&self) -> Result<()> {
        let origin = Origin::parse(&format!("http://127.0.0.1:{}/", self.slice_port))?;
        let film = Request::get(format!("/{FILM}")).send(&origin)?;
        ensure!(film.body.len() as u64 == FILM_BYTES, "nginx has another film");
        Ok(())
    }
}

/// Request target of the film at nginx.
pub(crate) fn target() -> String {
    format!("/{FILM}")
}

/// `firstframe serve`, with the film in its own store and the same film of a provider, which is
/// nginx.
pub(crate) struct Firstframe {
    pub(crate) deployment: Deployment,
    /// Request target of the film in the own store.
    pub(crate) own: String,
    /// Request target of the provider's film, whose head is stored in blocks.
    pub(crate) upstream: String,
}

impl Firstframe {
    /// `provider` is the port of nginx.
    pub(crate) fn start(folder: &Path, provider: u16) -> Result<Self> {
        let data = folder.join("data");
        let setting = folder.join("providers.json");
        let origin = format!("http://127.0.0.1:{provider}");
        fs::write(
            &setting,
            format!(
                r#"[{{"id": "one", "origins": ["{origin}"], "bases": ["{origin}/"], "private": true}}]"#
            ),
        )?;
        let setting = setting.to_str().context("a path in UTF-8")?;
        let providers = ["--providers", setting, "--allowed-outbound-hosts", &origin];
        let limits = ["--connections-max", "8000", "--requests-max", "8000", "--log", "error"];
        let deployment = Deployment::serve(&data, &[&providers[..], &limits].concat())?;
        let link = |path: &Path| Ok(fs::hard_link(folder.join(FILM), path)?);
        deployment.put_file(&api::paths::media_key(SOURCE), link)?;
        let film = fixture::ingest(&deployment, FILM)?;
        fixture::publish_title(&deployment, "bench", &[film])?;
        let upstream = fixture::media_url(&deployment, "bench.1")?;
        Ok(Self { deployment, own: format!("/api/v2/media/{SOURCE}"), upstream })
    }

    pub(crate) fn pids(&self) -> Result<Vec<u32>> {
        Ok(vec![self.deployment.server()?.runtime.pid])
    }
}

/// Writes the film.
pub(crate) fn film(folder: &Path) -> Result<PathBuf> {
    let film = folder.join(FILM);
    if fs::metadata(&film).is_ok_and(|film| film.len() == FILM_BYTES) {
        return Ok(film);
    }
    let mut out = BufWriter::new(File::create(&film)?);
    bytes::write(&mut out, 5, FILM_BYTES)?;
    out.flush()?;
    Ok(film)
}

/// Resets the memory peaks of these processes. Some of nginx's end when they have nothing to do.
pub(crate) fn reset_memory(pids: &[u32]) {
    for pid in pids {
        let _gone = reset_memory_peak(*pid);
    }
}

/// The sum of the memory peaks of these processes. Pages that they share, which are their program
/// text, count for each.
pub(crate) fn memory(pids: &[u32]) -> u64 {
    pids.iter().map(|pid| memory_peak(*pid).unwrap_or(0)).sum()
}

/// The processor time of these processes so far, in microseconds.
pub(crate) fn cpu_us(pids: &[u32]) -> u64 {
    pids.iter().map(|pid| cpu_ticks(*pid).unwrap_or(0) * TICK_US).sum()
}

/// proc(5): `utime` and `stime`, the 14th and 15th field; the second one may have spaces.
fn cpu_ticks(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}
