//! What `serve` does, from the strongest word on each setting.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use clap::{Arg, ArgMatches, Command};
use tracing::level_filters::LevelFilter;

use super::{
    file, parse,
    parse::Origin,
    table::{Given, SETTINGS, Setting},
};

/// The file that is read when `--config` names none.
const FILE: &str = "firstframe.toml";

/// What the command line says, unread.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flags {
    config: Option<String>,
    values: BTreeMap<&'static str, String>,
}

/// How `serve` serves.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) data: PathBuf,
    pub(crate) s3_listen: SocketAddr,
    pub(crate) component: Option<PathBuf>,
    pub(crate) allowed_outbound_hosts: Vec<Origin>,
    /// What the edge reads itself, by its own names.
    pub(crate) edge: BTreeMap<&'static str, String>,
    pub(crate) connections_max: usize,
    pub(crate) requests_max: usize,
    pub(crate) request_timeout: Duration,
    pub(crate) stall_timeout: Duration,
    pub(crate) memory_bytes_max: usize,
    pub(crate) cache_bytes_max: usize,
    pub(crate) objects_bytes_max: Option<u64>,
    pub(crate) shutdown: Duration,
    pub(crate) log: LevelFilter,
}

impl Config {
    /// Reads every setting; `variable` looks one up in the environment.
    pub(crate) fn load(flags: &Flags, variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let named = flags.config.clone().or_else(|| variable("FIRSTFRAME_CONFIG"));
        let file = match &named {
            Some(path) => file::read(Path::new(path))?,
            None if Path::new(FILE).exists() => file::read(Path::new(FILE))?,
            None => BTreeMap::new(),
        };
        let mut given = given(flags, variable, file);
        let mut read = Read(&mut given);
        let any = |text: &str| Ok(text.to_owned());
        let durable = read.one("durable_s3_endpoint", parse::origins)?;
        let mut allowed_outbound_hosts = read.one("allowed_outbound_hosts", parse::origins)?;
        allowed_outbound_hosts.extend(durable.iter().cloned());
        Ok(Self {
            listen: read.one("listen", parse::address)?,
            data: read.one("data", parse::path)?,
            s3_listen: read.one("s3_listen", parse::loopback)?,
            component: read.optional("component", parse::path)?,
            allowed_outbound_hosts,
            edge: BTreeMap::from([
                ("providers", read.optional("providers", parse::text)?.unwrap_or_default()),
                ("media_access", read.one("media_access", parse::word(&["open", "signed"]))?),
                (
                    "startup_store",
                    read.one("startup_store", parse::word(&["local", "durable", "apart"]))?,
                ),
                ("durable_s3_endpoint", durable.first().map(Origin::to_string).unwrap_or_default()),
                ("durable_s3_region", read.one("durable_s3_region", any)?),
                ("durable_s3_bucket", read.one("durable_s3_bucket", any)?),
                ("durable_s3_access_key", read.one("durable_s3_access_key", any)?),
                ("durable_s3_secret_key", read.one("durable_s3_secret_key", any)?),
                ("startup_bytes_max", read.one("startup_mib_max", parse::mebibytes_as_bytes)?),
            ]),
            connections_max: read.one("connections_max", parse::count)?,
            requests_max: read.one("requests_max", parse::count)?,
            request_timeout: read.one("request_timeout_seconds", parse::seconds)?,
            stall_timeout: read.one("stall_timeout_seconds", parse::seconds)?,
            memory_bytes_max: read.one("memory_mib_max", parse::memory)?,
            cache_bytes_max: read.one("cache_mib_max", parse::cache)?,
            objects_bytes_max: read.one("objects_mib_max", parse::mebibytes)?,
            shutdown: read.one("shutdown_seconds", parse::seconds)?,
            log: read.one("log", parse::level)?,
        })
    }
}

impl Config {
    /// What is missing for startup blocks to be kept apart, as the settings want it; nothing where
    /// they do not, or where nothing is.
    pub(crate) fn missing_for_apart(&self) -> Vec<&'static str> {
        let is = |name: &str, value: &str| self.edge.get(name).is_some_and(|is| is == value);
        let names = ["durable_s3_endpoint", "durable_s3_access_key", "durable_s3_secret_key"];
        let missing = names.into_iter().filter(|name| is(name, ""));
        if is("startup_store", "apart") { missing.collect() } else { Vec::new() }
    }
}

/// The strongest word on each setting.
fn given(
    flags: &Flags,
    variable: impl Fn(&str) -> Option<String>,
    mut file: BTreeMap<&'static str, Given>,
) -> BTreeMap<&'static str, Given> {
    let mut given = BTreeMap::new();
    for Setting { name, default, .. } in SETTINGS {
        let upper = format!("FIRSTFRAME_{}", name.to_uppercase());
        let strongest = if let Some(text) = flags.values.get(name) {
            Some(Given { text: text.clone(), place: flag(name) })
        } else if let Some(text) = variable(&upper) {
            Some(Given { text, place: upper })
        } else if let Some(given) = file.remove(name) {
            Some(given)
        } else {
            default.map(|text| Given { text: text.to_owned(), place: "the default".to_owned() })
        };
        if let Some(strongest) = strongest {
            given.insert(name, strongest);
        }
    }
    given
}

/// Reads settings out of what was given, so that each error says which one and where.
struct Read<'a>(&'a mut BTreeMap<&'static str, Given>);

impl Read<'_> {
    fn one<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T>) -> Result<T> {
        self.optional(name, parse)?.with_context(|| format!("{name}: not set"))
    }

    fn optional<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T>) -> Result<Option<T>> {
        let Some(Given { text, place }) = self.0.remove(name) else { return Ok(None) };
        parse(&text).map(Some).with_context(|| format!("{name} = {text:?}, set by {place}"))
    }
}

fn flag(name: &str) -> String {
    format!("--{}", name.replace('_', "-"))
}

impl clap::FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.config = matches.get_one("config").cloned();
        for Setting { name, .. } in SETTINGS {
            if let Some(text) = matches.get_one::<String>(name) {
                self.values.insert(name, text.clone());
            }
        }
        Ok(())
    }
}

impl clap::Args for Flags {
    fn augment_args(command: Command) -> Command {
        let config = Arg::new("config").long("config").value_name("FILE").help(format!(
            "A TOML file of the settings below, under their names with _ [default: {FILE}, when \
             there is one] [env: FIRSTFRAME_CONFIG]"
        ));
        let command = command.arg(config).after_help(
            "A flag is stronger than its variable, a variable than the file, the file than the \
             default.",
        );
        SETTINGS.into_iter().fold(command, |command, Setting { name, value, default, help }| {
            let default = match default {
                None => String::new(),
                Some("") => " [default: none]".to_owned(),
                Some(default) => format!(" [default: {default}]"),
            };
            let help = format!("{help}{default} [env: FIRSTFRAME_{}]", name.to_uppercase());
            let long = name.replace('_', "-");
            command.arg(Arg::new(name).long(long).value_name(value).help(help))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(pairs: &[(&'static str, &str)]) -> Flags {
        let values = pairs.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
        Flags { config: None, values }
    }

    fn from_toml(text: &str) -> Result<Config> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        std::fs::write(&path, text).unwrap();
        let config = Some(path.display().to_string());
        Config::load(&Flags { config, ..Flags::default() }, |_| None)
    }

    fn words(error: anyhow::Error) -> String {
        format!("{error:#}")
    }

    #[test]
    fn defaults_are_good_settings() {
        let config = Config::load(&Flags::default(), |_| None).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8700");
        assert_eq!(config.data, PathBuf::from("firstframe-data"));
        assert!(config.component.is_none());
        assert!(config.allowed_outbound_hosts.is_empty());
        assert!(config.objects_bytes_max.is_none());
    }

    #[test]
    fn a_flag_beats_a_variable_beats_the_file() {
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
    fn a_bad_setting_in_the_file_names_itself_and_its_line() {
        let error = words(from_toml("# first\n\nlisten = \"nowhere\"\n").unwrap_err());
        assert!(error.contains("listen = \"nowhere\""), "{error}");
        assert!(error.contains("settings.toml line 3"), "{error}");
        let error = words(from_toml("requests_max = 1\nlissten = \"x\"\n").unwrap_err());
        assert!(error.contains("settings.toml line 2: no setting is called lissten"), "{error}");
        let error = words(from_toml("requests_max = [1\n").unwrap_err());
        assert!(error.contains("settings.toml line"), "{error}");
        let error = words(from_toml("data = \"x\"\nlisten = 2026-01-01\n").unwrap_err());
        assert!(error.contains("settings.toml line 2: listen"), "{error}");
    }

    #[test]
    fn a_bad_flag_or_variable_names_itself() {
        let error = words(Config::load(&flags(&[("requests_max", "0")]), |_| None).unwrap_err());
        assert!(error.contains("set by --requests-max"), "{error}");
        let variable = |name: &str| (name == "FIRSTFRAME_LOG").then(|| "loud".to_owned());
        let error = words(Config::load(&Flags::default(), variable).unwrap_err());
        assert!(error.contains("set by FIRSTFRAME_LOG"), "{error}");
    }

    #[test]
    fn the_object_store_stays_on_loopback() {
        let error =
            words(Config::load(&flags(&[("s3_listen", "0.0.0.0:0")]), |_| None).unwrap_err());
        assert!(error.contains("loopback"), "{error}");
        Config::load(&flags(&[("s3_listen", "[::1]:0")]), |_| None).unwrap();
    }

    #[test]
    fn help_names_every_setting_and_its_variable() {
        use clap::Args as _;
        let mut command = Flags::augment_args(Command::new("serve"));
        let help = command.render_long_help().to_string();
        for Setting { name, .. } in SETTINGS {
            assert!(help.contains(&flag(name)), "{name}");
            assert!(help.contains(&format!("FIRSTFRAME_{}", name.to_uppercase())), "{name}");
        }
    }

    #[test]
    fn a_durable_store_may_be_called_and_says_what_it_lacks() {
        let endpoint = ("durable_s3_endpoint", "https://s3.example");
        let config =
            |pairs: &[(&'static str, &str)]| Config::load(&flags(pairs), |_| None).unwrap();
        let half = config(&[endpoint, ("startup_store", "apart")]);
        assert_eq!(half.missing_for_apart(), ["durable_s3_access_key", "durable_s3_secret_key"]);
        assert_eq!(half.allowed_outbound_hosts.len(), 1);
        assert_eq!(half.edge["durable_s3_endpoint"], "https://s3.example:443");
        let keys = [("durable_s3_access_key", "a"), ("durable_s3_secret_key", "b")];
        let whole = config(&[endpoint, ("startup_store", "apart"), keys[0], keys[1]]);
        assert!(whole.missing_for_apart().is_empty());
        assert!(config(&[("startup_store", "durable")]).missing_for_apart().is_empty());
    }

    #[test]
    fn a_list_in_the_file_is_a_list() {
        let config =
            from_toml("allowed_outbound_hosts = [\"https://a.example\", \"http://b.example:81\"]")
                .unwrap();
        assert_eq!(config.allowed_outbound_hosts.len(), 2);
    }
}
