//! Parsers of settings' values. Each error says which values are valid.

use std::{fmt, fs, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use api::limits::{PASSWORD_MEMORY_KIB_MAX, PASSWORD_WORK_KIB_MAX};
use argon2::{Params, password_hash::phc::PasswordHash};
use http::Uri;
use serde_json::Value;
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject as _};
use tracing::level_filters::LevelFilter;

/// Connections or requests at once: more would outgrow the file descriptors of a process, at most
/// 1,048,576 on Linux.
const COUNT_MAX: usize = 100_000;
/// The longest timeout: a day.
const SECONDS_MAX: u64 = 86_400;
const DAYS_MAX: f64 = 36_500.0;
const DAY_SECONDS: f64 = 86_400.0;
/// The largest memory: the address space of 32-bit wasm.
const MEMORY_MIB_MAX: usize = 4096;
/// The largest cache: a tebibyte, more than the memory of most machines.
const CACHE_MIB_MAX: usize = 1 << 20;
/// The largest store: a pebibyte, more than any disk; its bytes fit `SQLite`'s integers.
const OBJECTS_MIB_MAX: u64 = 1 << 30;

/// Origins or host names in one setting: more are a mistake, and requests are compared with each.
const NAMES_MAX: usize = 32;

/// The form of the lines of the access log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccessLogForm {
    /// That of Apache and nginx.
    Combined,
    Json,
}

/// The PEM files of the server's certificate and its key.
#[derive(Clone, Debug)]
pub(crate) struct TlsFiles {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

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

    /// Its serialization (RFC 6454 §6.2): without the port that the scheme has anyway.
    fn as_browsers_write_it(&self) -> String {
        let text = self.to_string();
        let own_port = if self.https { ":443" } else { ":80" };
        text.strip_suffix(own_port).map(str::to_owned).unwrap_or(text)
    }

    /// Whether this is the origin, or has a wildcard for it: `https://*.a.example` stands for every
    /// name below `a.example`.
    pub(crate) fn covers(&self, origin: &Self) -> bool {
        let covers_host = match self.host.strip_prefix('*') {
            // With its dot, and with a label in front.
            Some(parent) => origin.host.strip_suffix(parent).is_some_and(|label| !label.is_empty()),
            None => self.host == origin.host,
        };
        covers_host && (self.https, self.port) == (origin.https, origin.port)
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
        Some(origin) if has_no_path => {
            let labels = origin.host.strip_prefix("*.").unwrap_or(&origin.host);
            let is_wildcard = labels.len() < origin.host.len();
            ensure!(
                !labels.contains('*') && (!is_wildcard || labels.contains('.')),
                "{text:?}: a wildcard is the whole first label, with two labels and more behind it, \
                 such as https://*.media.example"
            );
            Ok(origin)
        }
        _ => bail!("{text:?} is not an origin such as https://media.example"),
    }
}

/// Origins of other sites, or `*`, as the edge reads them.
pub(super) fn origins_or_any(text: &str) -> Result<String> {
    if text.trim() == "*" {
        return Ok("*".to_owned());
    }
    let origins = origins(text).context(
        "not a list of origins such as https://site.example, separated by commas, and not *",
    )?;
    ensure!(origins.len() <= NAMES_MAX, "more than {NAMES_MAX} origins");
    let texts: Vec<_> = origins.iter().map(Origin::as_browsers_write_it).collect();
    Ok(texts.join(","))
}

/// Host names, in lower case and without ports.
pub(super) fn host_names(text: &str) -> Result<Vec<String>> {
    let names: Vec<_> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    ensure!(names.len() <= NAMES_MAX, "more than {NAMES_MAX} names");
    let name = |name: &str| {
        let is_name =
            name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
        ensure!(is_name, "{name:?} is not a host name such as films.example, without a port");
        Ok(name.trim_end_matches('.').to_ascii_lowercase())
    };
    names.into_iter().map(name).collect()
}

/// The form of the access log; none without one.
pub(super) fn access_log(text: &str) -> Result<Option<AccessLogForm>> {
    match text {
        "off" => Ok(None),
        "combined" => Ok(Some(AccessLogForm::Combined)),
        "json" => Ok(Some(AccessLogForm::Json)),
        _ => bail!("not one of off, combined, json"),
    }
}

/// The hash of a password. The error does not show it.
pub(super) fn password_hash(text: &str) -> Result<String> {
    let text = text.trim();
    let hash = PasswordHash::new(text).ok().filter(|hash| hash.algorithm.as_str() == "argon2id");
    let params = hash.as_ref().and_then(|hash| Params::try_from(hash).ok());
    let is_affordable = params.is_some_and(|params| {
        let work = params.m_cost().checked_mul(params.t_cost());
        params.m_cost() <= PASSWORD_MEMORY_KIB_MAX
            && work.is_some_and(|work| work <= PASSWORD_WORK_KIB_MAX)
    });
    ensure!(
        text.is_empty() || is_affordable,
        "not an Argon2id hash that the edge can compute: make one by `firstframe hash-password`"
    );
    Ok(text.to_owned())
}

pub(super) fn count(text: &str) -> Result<usize> {
    number(text, 1, COUNT_MAX)
}

pub(super) fn seconds(text: &str) -> Result<Duration> {
    number(text, 1, SECONDS_MAX).map(Duration::from_secs)
}

/// Days, also parts of one; 0 is `None`.
pub(super) fn days(text: &str) -> Result<Option<Duration>> {
    let days = text.parse().ok().filter(|days| (0.0..=DAYS_MAX).contains(days));
    let days: f64 = days.with_context(|| format!("not a number of days from 0 to {DAYS_MAX}"))?;
    Ok((days > 0.0).then(|| Duration::from_secs_f64(days * DAY_SECONDS)))
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

/// The origins of the providers whose record says `private`. An invalid record has none: the edge
/// reports it.
pub(crate) fn private_origins(providers: &str) -> Vec<Origin> {
    let Ok(Value::Array(providers)) = serde_json::from_str(providers) else { return Vec::new() };
    let is_private = |record: &&Value| record.get("private") == Some(&Value::Bool(true));
    let private = providers.iter().filter(is_private);
    let origins = private.filter_map(|record| record.get("origins")?.as_array()).flatten();
    origins.filter_map(|text| origin(text.as_str()?).ok()).collect()
}

/// The certificates of the PEM file at `path`.
pub(super) fn certificates(path: &str) -> Result<Vec<CertificateDer<'static>>> {
    let pem = fs::read(path).with_context(|| format!("cannot read {path}"))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let certificates = certificates.with_context(|| format!("{path} is not a PEM file"))?;
    ensure!(!certificates.is_empty(), "{path} has no certificate");
    Ok(certificates)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcard_covers_the_names_below_a_name() {
        let listed = origins("https://*.a.example, https://b.example:81").unwrap();
        let is_allowed = |text: &str| {
            let called = origin(text).unwrap();
            listed.iter().any(|listed| listed.covers(&called))
        };
        for text in ["https://x.a.example", "https://x.y.a.example:443", "https://b.example:81"] {
            assert!(is_allowed(text), "{text}");
        }
        for text in [
            "https://a.example",
            "https://xa.example",
            "http://x.a.example",
            "https://x.a.example:444",
            "https://b.example",
            "https://x.b.example:81",
        ] {
            assert!(!is_allowed(text), "{text}");
        }
        for text in
            ["https://*", "https://*.example", "https://a.*.example", "https://a*.b.example"]
        {
            assert!(origins(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_origins_of_private_providers_are_private() {
        let providers = r#"[{"origins": ["http://nas.lan:81"], "private": true},
            {"origins": ["https://a.example"]}, {"origins": ["https://b.example"], "private": false}]"#;
        assert_eq!(private_origins(providers), origins("http://nas.lan:81").unwrap());
        for invalid in ["", "[", "{}", "[{\"private\": true, \"origins\": [7]}]"] {
            assert!(private_origins(invalid).is_empty(), "{invalid}");
        }
    }

    #[test]
    fn days_may_be_parts_of_one_and_none_is_for_ever() {
        assert_eq!(days("30").unwrap(), Some(Duration::from_hours(720)));
        assert_eq!(days("0.5").unwrap(), Some(Duration::from_hours(12)));
        assert_eq!(days("0").unwrap(), None);
        for text in ["-1", "1e9", "inf", "NaN", "a month", ""] {
            assert!(days(text).is_err(), "{text}");
        }
    }

    #[test]
    fn file_without_a_certificate_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        fs::write(&path, "no certificate").unwrap();
        let error = certificates(path.to_str().unwrap()).unwrap_err();
        assert!(error.to_string().contains("no certificate"), "{error:#}");
        assert!(certificates("/nowhere").is_err());
    }
}
