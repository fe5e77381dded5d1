//! Pure decisions: arguments in, result out.

pub mod blocks;
pub mod circuit_breaker;
pub mod client_address;
pub mod conditions;
pub mod cors;
pub mod date;
pub mod file_name;
pub mod header_values;
pub mod identity;
pub mod password;
pub mod picture;
pub mod progress;
pub mod provider;
pub mod provider_headers;
pub mod range;
pub mod redaction;
pub mod resolver_response;
pub mod retry;
pub mod selection;
pub mod signature;
pub mod sigv4;
pub mod start_query;
pub mod upstream_response;
pub mod viewer_cookie;
