//! Every setting there is.

/// One setting: its flag is `--name`, its variable `FIRSTFRAME_NAME`, its key in the file `name`.
pub(super) struct Setting {
    pub(super) name: &'static str,
    pub(super) value: &'static str,
    pub(super) default: Option<&'static str>,
    pub(super) help: &'static str,
}

pub(super) const SETTINGS: [Setting; 23] = [
    Setting {
        name: "listen",
        value: "ADDRESS",
        default: Some("127.0.0.1:8700"),
        help: "Where the page and the API are served; port 0 takes any free one",
    },
    Setting {
        name: "data",
        value: "DIR",
        default: Some("firstframe-data"),
        help: "The folder of keys, catalogue and films; made when absent",
    },
    Setting {
        name: "s3_listen",
        value: "ADDRESS",
        default: Some("127.0.0.1:0"),
        help: "Where the object store speaks S3; a loopback address, port 0 takes any free one",
    },
    Setting {
        name: "component",
        value: "FILE",
        default: None,
        help: "An edge component to run instead of the one in this binary",
    },
    Setting {
        name: "allowed_outbound_hosts",
        value: "ORIGINS",
        default: Some(""),
        help: "Origins that the edge may call, such as https://media.example, by commas; a name must \
               be on the internet, an address may be anywhere",
    },
    Setting {
        name: "providers",
        value: "FILE",
        default: None,
        help: "A JSON list of who has films elsewhere; their origins belong into \
               allowed_outbound_hosts, too",
    },
    Setting {
        name: "media_access",
        value: "WHO",
        default: Some("open"),
        help: "open, or signed: no film is sent to a URL that the edge has not signed",
    },
    Setting {
        name: "startup_store",
        value: "STORE",
        default: Some("local"),
        help: "local, or durable: how films of others begin and end is kept in the object store, \
               too; or apart: in the object store that the settings durable_s3_* name",
    },
    Setting {
        name: "durable_s3_endpoint",
        value: "ORIGIN",
        default: Some(""),
        help: "Scheme, host and port of that store, which speaks S3; it may be called without \
               being among allowed_outbound_hosts",
    },
    Setting {
        name: "durable_s3_region",
        value: "REGION",
        default: Some("us-east-1"),
        help: "Its region",
    },
    Setting {
        name: "durable_s3_bucket",
        value: "BUCKET",
        default: Some("firstframe"),
        help: "Its bucket, which has to be there",
    },
    Setting {
        name: "durable_s3_access_key",
        value: "KEY",
        default: Some(""),
        help: "A key that may list, read, write and delete there",
    },
    Setting {
        name: "durable_s3_secret_key",
        value: "KEY",
        default: Some(""),
        help: "The secret of that key; others on this machine see flags, so better a variable or \
               the file",
    },
    Setting {
        name: "startup_mib_max",
        value: "MIB",
        default: Some("1024"),
        help: "How much of that is kept; what was not used for longest goes first",
    },
    Setting {
        name: "connections_max",
        value: "N",
        default: Some("1024"),
        help: "Connections open at once; the next one is told 503",
    },
    Setting {
        name: "requests_max",
        value: "N",
        default: Some("512"),
        help: "Requests in the making at once, answers still being read included",
    },
    Setting {
        name: "request_timeout_seconds",
        value: "SECONDS",
        default: Some("30"),
        help: "How long the edge may take to begin an answer",
    },
    Setting {
        name: "stall_timeout_seconds",
        value: "SECONDS",
        default: Some("300"),
        help: "How long a client may read nothing of its answer before it is cut off",
    },
    Setting {
        name: "memory_mib_max",
        value: "MIB",
        default: Some("128"),
        help: "Memory of one instance of the edge; 128 is what Cloudflare and Akamai give",
    },
    Setting {
        name: "cache_mib_max",
        value: "MIB",
        default: Some("64"),
        help: "Memory for answers that everybody may have and that do not change; 0 is none",
    },
    Setting {
        name: "objects_mib_max",
        value: "MIB",
        default: Some("0"),
        help: "Size of the object store beyond which uploads are refused; 0 is no limit",
    },
    Setting {
        name: "shutdown_seconds",
        value: "SECONDS",
        default: Some("10"),
        help: "How long answers that are running may take to finish at SIGINT or SIGTERM",
    },
    Setting {
        name: "log",
        value: "LEVEL",
        default: Some("info"),
        help: "off, error, warn, info, debug (a line a request) or trace; on stderr",
    },
];

/// A setting's text, and where it was said.
pub(super) struct Given {
    pub(super) text: String,
    pub(super) place: String,
}
