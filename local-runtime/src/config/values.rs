//! Parsers of settings' values. Each error says which values are valid.

use std::{fmt, fs, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use http::Uri;
use tracing::level_filters::LevelFilter;

/// Connections or requests at once: more would outgrow the file descriptors of a process, at most
/// 1,048,576 on Linux.
const COUNT_MAX: usize = 100_000;
/// The longest timeout: a day.
const SECONDS_MAX: u64 = 86_400;
/// The largest memory: the address space of 32-bit wasm.
const MEMORY_MIB_MAX: usize = 4096;
/// The largest cache: a tebibyte, more than the memory of most machines.
const CACHE_MIB_MAX: usize = 1 << 20;
/// The largest store: a pebibyte, more than any disk; its bytes fit `SQLite`'s integers.
const OBJECTS_MIB_MAX: u64 = 1 << 30;

/// The old name of the value `separate` of `startup_store`, which is still understood.
pub(super) const SEPARATE_OLD: &str = "apart";

/// Scheme, host and port of a URL.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Origin {
    pub(crate) https: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Origin {
    /// The origin of an absolute `http` or `https` URI.
    pub(crate) fn of(uri: &Uri) -> Option<Self> {
        let https = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let host = uri.host()?.to_ascii_lowercase();
        let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        Some(Self { https, host, port })
    }

    /// The host without the brackets of an IPv6 address.
    pub(crate) fn bare_host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(out, "{scheme}://{}:{}", self.host, self.port)
    }
}

pub(super) fn address(text: &str) -> Result<SocketAddr> {
    text.parse().context("not an address and a port, such as 127.0.0.1:8700 or [::1]:8700")
}

pub(super) fn loopback(text: &str) -> Result<SocketAddr> {
    let address = address(text)?;
    ensure!(
        address.ip().is_loopback(),
        "the object store serves this machine only: it needs a loopback address, 127.0.0.1 or [::1]"
    );
    Ok(address)
}

pub(super) fn path(text: &str) -> Result<PathBuf> {
    ensure!(!text.is_empty(), "a path must not be empty");
    Ok(PathBuf::from(text))
}

pub(super) fn origins(text: &str) -> Result<Vec<Origin>> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(origin).collect()
}

fn origin(text: &str) -> Result<Origin> {
    let uri = Uri::from_str(text).with_context(|| format!("{text:?} is not an origin"))?;
    let has_no_path = matches!(uri.path(), "" | "/") && uri.query().is_none();
    match Origin::of(&uri) {
        Some(origin) if has_no_path => Ok(origin),
        _ => bail!("{text:?} is not an origin such as https://media.example"),
    }
}

pub(super) fn count(text: &str) -> Result<usize> {
    number(text, 1, COUNT_MAX)
}

pub(super) fn seconds(text: &str) -> Result<Duration> {
    number(text, 1, SECONDS_MAX).map(Duration::from_secs)
}

pub(super) fn memory(text: &str) -> Result<usize> {
    number(text, 1, MEMORY_MIB_MAX).map(|mib| mib << 20)
}

pub(super) fn cache(text: &str) -> Result<usize> {
    number(text, 0, CACHE_MIB_MAX).map(|mib| mib << 20)
}

pub(super) fn mebibytes(text: &str) -> Result<Option<u64>> {
    let mib = number(text, 0, OBJECTS_MIB_MAX)?;
    Ok((mib > 0).then_some(mib << 20))
}

/// Mebibytes, as the number of bytes that the edge reads.
pub(super) fn mebibytes_as_bytes(text: &str) -> Result<String> {
    Ok((number(text, 1, OBJECTS_MIB_MAX)? << 20).to_string())
}

/// The text of the file at `path`.
pub(super) fn file_text(path: &str) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {path}"))
}

/// A parser of one of these values.
pub(super) fn one_of(values: &'static [&'static str]) -> impl Fn(&str) -> Result<String> {
    move |text| {
        ensure!(values.contains(&text), "not one of {}", values.join(", "));
        Ok(text.to_owned())
    }
}

pub(super) fn level(text: &str) -> Result<LevelFilter> {
    text.parse().ok().context("not one of off, error, warn, info, debug, trace")
}

fn number<N>(text: &str, least: N, most: N) -> Result<N>
where
    N: FromStr + PartialOrd + fmt::Display,
{
    match text.parse() {
        Ok(number) if least <= number && number <= most => Ok(number),
        _ => bail!("not a whole number from {least} to {most}"),
    }
}
