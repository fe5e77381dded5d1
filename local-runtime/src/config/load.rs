//! Loads the settings of `serve`: for each one, the text with the highest precedence, parsed.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tracing::level_filters::LevelFilter;

use super::{
    flags::{Flags, flag_name, variable_name},
    settings_file,
    settings_table::{SETTINGS, Setting, SettingText},
    trusted_proxies::TrustedProxies,
    values::{self, AccessLogForm, Origin, TlsFiles},
};

/// The settings of `serve`.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) data: PathBuf,
    pub(crate) s3_listen: SocketAddr,
    /// Where browsers are served by TLS.
    pub(crate) tls: Option<TlsFiles>,
    pub(crate) component: Option<PathBuf>,
    pub(crate) allowed_outbound_hosts: Vec<Origin>,
    /// Root certificates besides those that browsers trust.
    pub(crate) outbound_ca: Vec<CertificateDer<'static>>,
    /// Host names by which browsers reach the server.
    pub(crate) public_hosts: Vec<String>,
    pub(crate) access_log: Option<AccessLogForm>,
    /// The settings that the edge reads, under its names.
    pub(crate) edge: BTreeMap<&'static str, String>,
    pub(crate) connections_max: usize,
    pub(crate) trusted_proxies: TrustedProxies,
    pub(crate) requests_max: usize,
    pub(crate) request_timeout: Duration,
    pub(crate) stall_timeout: Duration,
    pub(crate) memory_bytes_max: usize,
    pub(crate) cache_bytes_max: usize,
    pub(crate) objects_bytes_max: Option<u64>,
    /// How long films stay that no title has; `None` is for ever.
    pub(crate) unused_media_time: Option<Duration>,
    pub(crate) shutdown: Duration,
    pub(crate) log: LevelFilter,
}

impl Config {
    /// Loads every setting. `variable` looks up an environment variable.
    pub(crate) fn load(flags: &Flags, variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let path = flags.config.clone().or_else(|| variable("FIRSTFRAME_CONFIG"));
        let file = settings_file::read(path.as_deref())?;
        let mut parser = SettingParser(setting_texts(flags, variable, file));
        let durable = parser.required("durable_s3_endpoint", values::origins)?;
        let mut allowed_outbound_hosts =
            parser.required("allowed_outbound_hosts", values::origins)?;
        allowed_outbound_hosts.extend(durable.iter().cloned());
        Ok(Self {
            listen: parser.required("listen", values::address)?,
            data: parser.required("data", values::path)?,
            s3_listen: parser.required("s3_listen", values::loopback)?,
            tls: tls_files(&mut parser)?,
            component: parser.optional("component", values::path)?,
            allowed_outbound_hosts,
            outbound_ca: parser.optional("outbound_ca", values::certificates)?.unwrap_or_default(),
            public_hosts: parser.required("public_hosts", values::host_names)?,
            access_log: parser.required("access_log", values::access_log)?,
            edge: edge_settings(&mut parser, durable.first())?,
            connections_max: parser.required("connections_max", values::count)?,
            trusted_proxies: parser.required("trusted_proxies", TrustedProxies::parse)?,
            requests_max: parser.required("requests_max", values::count)?,
            request_timeout: parser.required("request_timeout_seconds", values::seconds)?,
            stall_timeout: parser.required("stall_timeout_seconds", values::seconds)?,
            memory_bytes_max: parser.required("memory_mib_max", values::memory)?,
            cache_bytes_max: parser.required("cache_mib_max", values::cache)?,
            objects_bytes_max: parser.required("objects_mib_max", values::mebibytes)?,
            unused_media_time: parser.required("unused_days", values::days)?,
            shutdown: parser.required("shutdown_seconds", values::seconds)?,
            log: parser.required("log", values::level)?,
        })
    }

    /// Warnings about settings that the server accepts but cannot follow, or whose value is old.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let store = self.edge.get("startup_store").map_or("", String::as_str);
        if store == values::SEPARATE_OLD {
            warnings
                .push("startup_store: `apart` is the old name of `separate`; use that".to_owned());
        }
        let missing = self.missing_for_separate_store();
        if !missing.is_empty() {
            warnings.push(format!(
                "startup_store is `{store}`, but {} has no value: startup blocks are stored on this \
                 machine only",
                missing.join(", ")
            ));
        }
        warnings
    }

    /// The settings without a value that a separate startup store needs; none where the settings
    /// want no such store.
    fn missing_for_separate_store(&self) -> Vec<&'static str> {
        let value = |name: &str| self.edge.get(name).map_or("", String::as_str);
        if !["separate", values::SEPARATE_OLD].contains(&value("startup_store")) {
            return Vec::new();
        }
        let needed = ["durable_s3_endpoint", "durable_s3_access_key", "durable_s3_secret_key"];
        needed.into_iter().filter(|name| value(name).is_empty()).collect()
    }
}

/// The files of TLS: both or none.
fn tls_files(parser: &mut SettingParser) -> Result<Option<TlsFiles>> {
    let certificate = parser.optional("tls_cert", values::path)?;
    match (certificate, parser.optional("tls_key", values::path)?) {
        (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate, key })),
        (None, None) => Ok(None),
        (Some(_), None) => bail!("tls_cert needs tls_key: set it to the file of the private key"),
        (None, Some(_)) => bail!("tls_key needs tls_cert: set it to the file of the certificate"),
    }
}

/// The settings that the edge reads itself, under its names. `durable` is the origin of a separate
/// startup store.
fn edge_settings(
    parser: &mut SettingParser,
    durable: Option<&Origin>,
) -> Result<BTreeMap<&'static str, String>> {
    let any = |text: &str| Ok(text.to_owned());
    let stores = values::one_of(&["local", "durable", "separate", values::SEPARATE_OLD]);
    let viewers = parser.required("viewers", values::one_of(&["open", "password", "accounts"]))?;
    let password = parser.required_secret("viewers_password", values::password_hash)?;
    ensure!(
        viewers != "password" || !password.is_empty(),
        "viewers is `password`, but viewers_password has no value: set it to the hash that \
         `firstframe hash-password` prints"
    );
    Ok(BTreeMap::from([
        ("providers", parser.optional("providers", values::file_text)?.unwrap_or_default()),
        (
            "provider_secrets",
            parser.optional("provider_secrets", values::file_text)?.unwrap_or_default(),
        ),
        ("viewers", viewers),
        ("viewers_password", password),
        ("cors_origins", parser.required("cors_origins", values::origins_or_any)?),
        ("embed_origins", parser.required("embed_origins", values::origins_or_any)?),
        ("media_access", parser.required("media_access", values::one_of(&["open", "signed"]))?),
        ("startup_store", parser.required("startup_store", stores)?),
        ("durable_s3_endpoint", durable.map(Origin::to_string).unwrap_or_default()),
        ("durable_s3_region", parser.required("durable_s3_region", any)?),
        ("durable_s3_bucket", parser.required("durable_s3_bucket", any)?),
        ("durable_s3_access_key", parser.required("durable_s3_access_key", any)?),
        ("durable_s3_secret_key", parser.required("durable_s3_secret_key", any)?),
        ("startup_bytes_max", parser.required("startup_mib_max", values::mebibytes_as_bytes)?),
    ]))
}

/// For each setting, the text with the highest precedence.
fn setting_texts(
    flags: &Flags,
    variable: impl Fn(&str) -> Option<String>,
    mut file: BTreeMap<&'static str, SettingText>,
) -> BTreeMap<&'static str, SettingText> {
    let mut texts = BTreeMap::new();
    for Setting { name, default, .. } in SETTINGS {
        let variable_name = variable_name(name);
        let text = if let Some(text) = flags.values.get(name) {
            Some(SettingText { text: text.clone(), source: flag_name(name) })
        } else if let Some(text) = variable(&variable_name) {
            Some(SettingText { text, source: variable_name })
        } else if let Some(text) = file.remove(name) {
            Some(text)
        } else {
            let source = "the default".to_owned();
            default.map(|text| SettingText { text: text.to_owned(), source })
        };
        if let Some(text) = text {
            texts.insert(name, text);
        }
    }
    texts
}

/// Parses the texts of settings. Its errors name the setting, its text and its source.
struct SettingParser(BTreeMap<&'static str, SettingText>);

impl SettingParser {
    fn required<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T>) -> Result<T> {
        self.optional(name, parse)?.with_context(|| format!("{name}: not set"))
    }

    /// The same for a value that no error may show.
    fn required_secret<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T>) -> Result<T> {
        let SettingText { text, source } =
            self.0.remove(name).with_context(|| format!("{name}: not set"))?;
        parse(&text).with_context(|| format!("{name}, set by {source}"))
    }

    fn optional<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T>) -> Result<Option<T>> {
        let Some(SettingText { text, source }) = self.0.remove(name) else { return Ok(None) };
        parse(&text).map(Some).with_context(|| format!("{name} = {text:?}, set by {source}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(pairs: &[(&'static str, &str)]) -> Flags {
        let values = pairs.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
        Flags { values, ..Flags::default() }
    }

    fn from_toml(text: &str) -> Result<Config> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        std::fs::write(&path, text).unwrap();
        let config = Some(path.display().to_string());
        Config::load(&Flags { config, ..Flags::default() }, |_| None)
    }

    fn text_of(error: anyhow::Error) -> String {
        format!("{error:#}")
    }

    #[test]
    fn defaults_are_valid() {
        let config = Config::load(&Flags::default(), |_| None).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8700");
        assert_eq!(config.data, PathBuf::from("firstframe-data"));
        assert!(config.component.is_none());
        assert!(config.allowed_outbound_hosts.is_empty());
        assert!(config.objects_bytes_max.is_none());
    }

    #[test]
    fn flag_precedes_variable_and_variable_precedes_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        std::fs::write(&path, "listen = \"127.0.0.1:1\"\ndata = \"c\"\nrequests_max = 3\n")
            .unwrap();
        let mut flags = flags(&[("listen", "127.0.0.1:3")]);
        flags.config = Some(path.display().to_string());
        let variable = |name: &str| match name {
            "FIRSTFRAME_LISTEN" => Some("127.0.0.1:2".to_owned()),
            "FIRSTFRAME_DATA" => Some("b".to_owned()),
            _ => None,
        };
        let config = Config::load(&flags, variable).unwrap();
        assert_eq!(config.listen.port(), 3);
        assert_eq!(config.data, PathBuf::from("b"));
        assert_eq!(config.requests_max, 3);
    }

    #[test]
    fn error_of_a_setting_in_the_file_names_its_line() {
        let error = text_of(from_toml("# first\n\nlisten = \"somewhere\"\n").unwrap_err());
        assert!(error.contains("listen = \"somewhere\""), "{error}");
        assert!(error.contains("settings.toml line 3"), "{error}");
        let error = text_of(from_toml("requests_max = 1\nlissten = \"x\"\n").unwrap_err());
        assert!(error.contains("settings.toml line 2: there is no setting lissten"), "{error}");
        let error = text_of(from_toml("requests_max = [1\n").unwrap_err());
        assert!(error.contains("settings.toml line"), "{error}");
        let error = text_of(from_toml("data = \"x\"\nlisten = 2026-01-01\n").unwrap_err());
        assert!(error.contains("settings.toml line 2: listen"), "{error}");
    }

    #[test]
    fn error_of_a_setting_names_its_flag_or_variable() {
        let error = text_of(Config::load(&flags(&[("requests_max", "0")]), |_| None).unwrap_err());
        assert!(error.contains("set by --requests-max"), "{error}");
        let variable = |name: &str| (name == "FIRSTFRAME_LOG").then(|| "loud".to_owned());
        let error = text_of(Config::load(&Flags::default(), variable).unwrap_err());
        assert!(error.contains("set by FIRSTFRAME_LOG"), "{error}");
    }

    #[test]
    fn certificate_and_key_are_set_together() {
        let (certificate, key) = (("tls_cert", "c.pem"), ("tls_key", "k.pem"));
        let load = |pairs: &[(&'static str, &str)]| Config::load(&flags(pairs), |_| None);
        assert!(text_of(load(&[certificate]).unwrap_err()).contains("tls_cert needs tls_key"));
        assert!(text_of(load(&[key]).unwrap_err()).contains("tls_key needs tls_cert"));
        let tls = load(&[certificate, key]).unwrap().tls.unwrap();
        assert_eq!((tls.certificate, tls.key), (PathBuf::from("c.pem"), PathBuf::from("k.pem")));
        assert!(from_toml("tls_cert = \"c.pem\"\ntls_key = \"k.pem\"\n").unwrap().tls.is_some());
    }

    #[test]
    fn object_store_listens_on_loopback_only() {
        let error =
            text_of(Config::load(&flags(&[("s3_listen", "0.0.0.0:0")]), |_| None).unwrap_err());
        assert!(error.contains("loopback"), "{error}");
        Config::load(&flags(&[("s3_listen", "[::1]:0")]), |_| None).unwrap();
    }

    #[test]
    fn separate_store_is_an_allowed_origin_and_its_missing_settings_are_named() {
        let endpoint = ("durable_s3_endpoint", "https://s3.example");
        let config =
            |pairs: &[(&'static str, &str)]| Config::load(&flags(pairs), |_| None).unwrap();
        let half = config(&[endpoint, ("startup_store", "separate")]);
        let missing = half.missing_for_separate_store();
        assert_eq!(missing, ["durable_s3_access_key", "durable_s3_secret_key"]);
        assert_eq!(half.warnings().len(), 1);
        assert_eq!(half.allowed_outbound_hosts.len(), 1);
        assert_eq!(half.edge["durable_s3_endpoint"], "https://s3.example:443");
        let keys = [("durable_s3_access_key", "a"), ("durable_s3_secret_key", "b")];
        let whole = config(&[endpoint, ("startup_store", "separate"), keys[0], keys[1]]);
        assert!(whole.warnings().is_empty());
        assert!(config(&[("startup_store", "durable")]).warnings().is_empty());
    }

    #[test]
    fn old_name_of_the_separate_store_is_understood_and_warned_of() {
        let flags = flags(&[
            ("startup_store", values::SEPARATE_OLD),
            ("durable_s3_endpoint", "https://s3.example"),
            ("durable_s3_access_key", "a"),
        ]);
        let config = Config::load(&flags, |_| None).unwrap();
        assert_eq!(config.missing_for_separate_store(), ["durable_s3_secret_key"]);
        let warnings = config.warnings().join("\n");
        assert!(warnings.contains("old name") && warnings.contains("durable_s3_secret_key"));
    }

    #[test]
    fn private_library_needs_the_hash_of_its_password() {
        let password = ("viewers", "password");
        let error = |pairs: &[(&'static str, &str)]| {
            text_of(Config::load(&flags(pairs), |_| None).unwrap_err())
        };
        assert!(error(&[password]).contains("firstframe hash-password"));
        for not_a_hash in ["hush-hush", "$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"] {
            let error = error(&[password, ("viewers_password", not_a_hash)]);
            assert!(error.contains("set by --viewers-password"), "{error}");
            assert!(!error.contains("hush-hush"), "{error}");
        }
        let huge = "$argon2id$v=19$m=1048576,t=2,p=1$c2FsdHNhbHRzYWx0$\
                    aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";
        assert!(error(&[password, ("viewers_password", huge)]).contains("hash-password"));
        let right = huge.replace("m=1048576", "m=19456");
        let config = Config::load(&flags(&[password, ("viewers_password", &right)]), |_| None);
        assert_eq!(config.unwrap().edge["viewers_password"], right);
        let accounts = Config::load(&flags(&[("viewers", "accounts")]), |_| None);
        assert_eq!(accounts.unwrap().edge["viewers"], "accounts", "they need no password here");
        assert!(error(&[("viewers", "some")]).contains("open, password, accounts"));
    }

    #[test]
    fn origins_and_names_of_other_sites_are_checked() {
        let load = |pairs: &[(&'static str, &str)]| Config::load(&flags(pairs), |_| None);
        for (name, flag) in
            [("cors_origins", "--cors-origins"), ("embed_origins", "--embed-origins")]
        {
            let origins =
                |text: &str| load(&[(name, text)]).map(|config| config.edge[name].clone());
            assert_eq!(origins("").unwrap(), "");
            assert_eq!(origins("*").unwrap(), "*");
            let two = origins("https://A.example, http://b.example:81").unwrap();
            assert_eq!(two, "https://a.example,http://b.example:81");
            for wrong in ["a.example", "https://a.example/page", "ftp://a.example", "null"] {
                let error = text_of(origins(wrong).unwrap_err());
                assert!(error.contains(&format!("set by {flag}")), "{wrong}: {error}");
            }
        }
        let hosts = |text: &str| load(&[("public_hosts", text)]).map(|config| config.public_hosts);
        assert_eq!(hosts("Films.example., nas").unwrap(), ["films.example", "nas"]);
        let many = ["a.example"; 33].join(",");
        assert!(text_of(hosts(&many).unwrap_err()).contains("more than 32 names"));
        for wrong in ["https://a.example", "a.example:80", "a b"] {
            assert!(text_of(hosts(wrong).unwrap_err()).contains("without a port"), "{wrong}");
        }
    }

    #[test]
    fn list_in_the_file_is_a_list_of_origins() {
        let config =
            from_toml("allowed_outbound_hosts = [\"https://a.example\", \"http://b.example:81\"]")
                .unwrap();
        assert_eq!(config.allowed_outbound_hosts.len(), 2);
    }
}
