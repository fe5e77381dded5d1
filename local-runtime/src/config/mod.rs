//! The settings of `serve`. A flag has precedence over its `FIRSTFRAME_*` variable, the variable
//! over the TOML file, and the file over the default.

mod flags;
mod load;
mod settings_file;
mod settings_table;
mod trusted_proxies;
mod values;

pub(crate) use flags::{COMPILE_ONLY, Flags};
pub(crate) use load::Config;
pub(crate) use trusted_proxies::TrustedProxies;
pub(crate) use values::{AccessLogForm, Origin, TlsFiles, private_origins};
