//! The settings of `serve`: names, defaults and help texts.

/// One setting. The setting `listen_on` has the flag `--listen-on`, the variable
/// `FIRSTFRAME_LISTEN_ON` and, in the settings file, the key `listen_on`.
pub(super) struct Setting {
    pub(super) name: &'static str,
    /// The placeholder of the value in help texts.
    pub(super) value_name: &'static str,
    /// `None` where the setting may be absent.
    pub(super) default: Option<&'static str>,
    pub(super) help: &'static str,
}

pub(super) const SETTINGS: [Setting; 35] = [
    Setting {
        name: "listen",
        value_name: "ADDRESS",
        default: Some("127.0.0.1:8700"),
        help: "Address and port of the page and the API; port 0 takes any free port",
    },
    Setting {
        name: "data",
        value_name: "DIR",
        default: Some("firstframe-data"),
        help: "The folder of the films, the catalog and the keys; it is made when absent",
    },
    Setting {
        name: "s3_listen",
        value_name: "ADDRESS",
        default: Some("127.0.0.1:0"),
        help: "Address and port of the object store, which speaks S3: a loopback address; port 0 \
               takes any free port",
    },
    Setting {
        name: "tls_cert",
        value_name: "FILE",
        default: None,
        help: "A PEM file with the certificate of this server and those of its authorities: listen \
               then has HTTPS alone, with HTTP/2 and HTTP/1.1; a changed file is read again",
    },
    Setting {
        name: "tls_key",
        value_name: "FILE",
        default: None,
        help: "A PEM file with the private key of that certificate",
    },
    Setting {
        name: "component",
        value_name: "FILE",
        default: None,
        help: "An edge component (wasm) to run instead of the one in this binary",
    },
    Setting {
        name: "allowed_outbound_hosts",
        value_name: "ORIGINS",
        default: Some(""),
        help: "Origins that the edge may call, such as https://media.example, separated by \
               commas; https://*.media.example stands for every name below; a host name must \
               resolve to a public address, unless its provider is private; an IP address may be any",
    },
    Setting {
        name: "outbound_ca",
        value_name: "FILE",
        default: None,
        help: "A PEM file with root certificates that the edge trusts besides those of browsers",
    },
    Setting {
        name: "providers",
        value_name: "FILE",
        default: None,
        help: "A JSON file with the list of providers of upstream films; allowed_outbound_hosts \
               must name their origins, too",
    },
    Setting {
        name: "provider_secrets",
        value_name: "FILE",
        default: None,
        help: "A JSON file with an object of texts, which the records of providers name as \
               {secret:name}",
    },
    Setting {
        name: "viewers",
        value_name: "WHO",
        default: Some("open"),
        help: "open: everybody who reaches this server may watch; password: who knows the password \
               of viewers_password; accounts: who has one, by `firstframe account add`",
    },
    Setting {
        name: "viewers_password",
        value_name: "HASH",
        default: Some(""),
        help: "The hash of the password of a private library, which `firstframe hash-password` \
               makes",
    },
    Setting {
        name: "cors_origins",
        value_name: "ORIGINS",
        default: Some(""),
        help: "Origins of other sites whose pages may read films and catalog and write histories, \
               such as https://site.example, separated by commas; * is every site",
    },
    Setting {
        name: "embed_origins",
        value_name: "ORIGINS",
        default: Some(""),
        help: "Origins of other sites whose pages may show the player in a frame, /embed/{episodeId}, \
               such as https://site.example, separated by commas; * is every site",
    },
    Setting {
        name: "public_hosts",
        value_name: "NAMES",
        default: Some(""),
        help: "Host names by which browsers reach this server, such as films.example, separated by \
               commas. Requests for other names are refused: on a loopback address always, which \
               has localhost and IP addresses besides these, else where this setting has a value",
    },
    Setting {
        name: "media_access",
        value_name: "ACCESS",
        default: Some("open"),
        help: "open: films of the own store are sent to everybody; signed: only to URLs that the \
               edge has signed",
    },
    Setting {
        name: "startup_store",
        value_name: "STORE",
        default: Some("local"),
        help: "Where the first and last blocks of upstream films are stored. local: in this data \
               folder; durable: also in the object store; separate: also in the object store that \
               the settings durable_s3_* name",
    },
    Setting {
        name: "durable_s3_endpoint",
        value_name: "ORIGIN",
        default: Some(""),
        help: "Scheme, host and port of the separate store, an S3 service; allowed_outbound_hosts \
               need not name it",
    },
    Setting {
        name: "durable_s3_region",
        value_name: "REGION",
        default: Some("us-east-1"),
        help: "Region of the separate store",
    },
    Setting {
        name: "durable_s3_bucket",
        value_name: "BUCKET",
        default: Some("firstframe"),
        help: "Bucket of the separate store, which must exist",
    },
    Setting {
        name: "durable_s3_access_key",
        value_name: "KEY",
        default: Some(""),
        help: "Access key of the separate store, which may list, read, write and delete objects",
    },
    Setting {
        name: "durable_s3_secret_key",
        value_name: "KEY",
        default: Some(""),
        help: "Secret key of the separate store; other users of this machine can see flags, so \
               prefer the variable or the file",
    },
    Setting {
        name: "startup_mib_max",
        value_name: "MIB",
        default: Some("1024"),
        help: "Size of the stored blocks of upstream films; beyond it the least recently used \
               ones go",
    },
    Setting {
        name: "connections_max",
        value_name: "N",
        default: Some("1024"),
        help: "Connections at once; for the next one the oldest idle one is closed, and without \
               one it gets status 503",
    },
    Setting {
        name: "trusted_proxies",
        value_name: "NETWORKS",
        default: Some(""),
        help: "Addresses or networks of proxies in front of this server, separated by commas: the \
               address of a client is the one that their X-Forwarded-For or Forwarded names",
    },
    Setting {
        name: "requests_max",
        value_name: "N",
        default: Some("512"),
        help: "Requests at once, until the client has read the response; the next one gets status \
               503",
    },
    Setting {
        name: "request_timeout_seconds",
        value_name: "SECONDS",
        default: Some("30"),
        help: "How long the edge may take to start a response",
    },
    Setting {
        name: "stall_timeout_seconds",
        value_name: "SECONDS",
        default: Some("300"),
        help: "How long a client may read nothing of a response before its connection is closed",
    },
    Setting {
        name: "memory_mib_max",
        value_name: "MIB",
        default: Some("128"),
        help: "Memory of one instance of the edge; 128 is the limit of Cloudflare and Akamai",
    },
    Setting {
        name: "cache_mib_max",
        value_name: "MIB",
        default: Some("64"),
        help: "Memory of the cache of public, immutable responses; 0 turns it off",
    },
    Setting {
        name: "objects_mib_max",
        value_name: "MIB",
        default: Some("0"),
        help: "Size of the object store beyond which uploads are refused; 0 is no limit",
    },
    Setting {
        name: "unused_days",
        value_name: "DAYS",
        default: Some("30"),
        help: "How long films and pictures of the object store stay that no title has; 0 is for \
               ever, as they stay where the catalog has no title",
    },
    Setting {
        name: "shutdown_seconds",
        value_name: "SECONDS",
        default: Some("10"),
        help: "How long running responses may take to finish after SIGINT or SIGTERM",
    },
    Setting {
        name: "access_log",
        value_name: "FORM",
        default: Some("off"),
        help: "A line on stdout for each request: off, combined (the form of Apache and nginx) or \
               json",
    },
    Setting {
        name: "log",
        value_name: "LEVEL",
        default: Some("info"),
        help: "Level of the log on stderr: off, error, warn, info, debug (one line for each \
               request) or trace",
    },
];

/// The text of a setting and its source: a flag, a variable, a line of the file or the default.
pub(super) struct SettingText {
    pub(super) text: String,
    pub(super) source: String,
}
