//! HTTP client: one exchange at a time, and the retries around it.

use std::path::Path;
use std::time::Duration;
use std::{fmt, thread};

use anyhow::{Context, Result, anyhow};
use ureq::Agent;
use ureq::config::AutoHeaderValue;
use ureq::http::{HeaderMap, Method, Request, Response, StatusCode, Uri, header::HeaderName};

use super::pinned_tls;
use crate::output::console::Console;

/// Waits between attempts: together some 30 s, the restart of a server.
const WAITS_MS: [u64; 6] = [250, 1_000, 2_000, 4_000, 8_000, 15_000];
/// Largest response body: a pack (`api::limits::VALUE_BYTES_MAX`), or a list of 1,000 parts at some
/// 300 bytes each.
const RESPONSE_BYTES_MAX: u64 = 2 << 20;
/// A part of 16 MiB at 256 kbit/s.
const SEND_TIMEOUT: Duration = Duration::from_mins(10);
/// A server responds to the completion of a very large film when it has joined all parts.
const RESPONSE_TIMEOUT: Duration = Duration::from_mins(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Why one attempt failed.
#[derive(Debug)]
pub(crate) enum AttemptError {
    /// A retry may succeed.
    Transient(anyhow::Error),
    /// A retry will not succeed.
    Permanent(anyhow::Error),
}

impl From<anyhow::Error> for AttemptError {
    fn from(error: anyhow::Error) -> Self {
        Self::Permanent(error)
    }
}

/// A response with its whole body.
#[derive(Debug)]
pub(crate) struct HttpResponse {
    pub(crate) status: u16,
    headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl HttpResponse {
    /// A header field of the response.
    pub(crate) fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as text, for a parser or for people.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Whether a retry may get a better response.
    pub(crate) fn is_transient(&self) -> bool {
        // Not 507: the store's disk is full, which waiting does not change.
        matches!(self.status, 408 | 429 | 500..=506)
    }
}

/// A request, with a body that can be sent again.
pub(crate) struct HttpRequest<'a> {
    pub(crate) method: Method,
    pub(crate) url: &'a str,
    pub(crate) headers: Vec<(&'a str, &'a str)>,
    pub(crate) body: Option<&'a [u8]>,
}

/// Connections to one server.
#[derive(Debug, Clone)]
pub(crate) struct HttpClient {
    agent: Agent,
}

impl HttpClient {
    /// A client for the API at `url`: of the server that serves the data folder `local`, where that is
    /// named, and else of one whose certificate an authority has signed.
    pub(crate) fn new(url: &str, local: Option<&Path>) -> Result<Self> {
        Self::with_content_codings(url, local, AutoHeaderValue::Default)
    }

    /// A client for the object store at `url`: it asks for objects as they are. A compressed
    /// response has the length of what the server in front made of the object, or none.
    pub(crate) fn for_objects(url: &str) -> Result<Self> {
        Self::with_content_codings(url, None, "identity".into())
    }

    fn with_content_codings(
        url: &str,
        local: Option<&Path>,
        accepted: AutoHeaderValue,
    ) -> Result<Self> {
        let uri: Uri = url.parse().with_context(|| format!("{url:?} is not a URL"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(anyhow!("{url:?} is not a URL that begins with http:// or https://"));
        }
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .accept_encoding(accepted)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_send_body(Some(SEND_TIMEOUT))
            .timeout_recv_response(Some(RESPONSE_TIMEOUT))
            .timeout_recv_body(Some(SEND_TIMEOUT))
            .user_agent(concat!("firstframe/", env!("CARGO_PKG_VERSION")));
        // A proxy does not reach servers on this machine.
        if local.is_some() || matches!(uri.host(), Some("127.0.0.1" | "localhost" | "[::1]")) {
            config = config.proxy(None);
        }
        let agent = match local {
            Some(data) => pinned_tls::agent(config.build(), data)?,
            None => config.build().new_agent(),
        };
        Ok(Self { agent })
    }

    /// Sends a request once.
    pub(crate) fn send(&self, request: &HttpRequest<'_>) -> Result<HttpResponse, AttemptError> {
        let HttpRequest { method, url, headers, body } = request;
        let mut builder = Request::builder().method(method.clone()).uri(*url);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let response = match body {
            Some(body) => self.agent.run(builder.body(*body).map_err(|e| anyhow!(e))?),
            None => self.agent.run(builder.body(()).map_err(|e| anyhow!(e))?),
        };
        read(response, *method == Method::HEAD).map_err(|error| {
            let is_transient = matches!(
                error,
                ureq::Error::Io(_)
                    | ureq::Error::Timeout(_)
                    | ureq::Error::Protocol(_)
                    | ureq::Error::ConnectionFailed
            );
            // Without the query: a signed one is a key for a while.
            let path = url.split('?').next().unwrap_or_default();
            let error = anyhow!(error).context(format!("{method} {path}"));
            if is_transient {
                AttemptError::Transient(error)
            } else {
                AttemptError::Permanent(error)
            }
        })
    }
}

fn read(
    response: Result<Response<ureq::Body>, ureq::Error>,
    is_head: bool,
) -> Result<HttpResponse, ureq::Error> {
    let mut response = response?;
    // No decoder of a content coding reads the absent body of a response to HEAD.
    let body = if is_head {
        Vec::new()
    } else {
        response.body_mut().with_config().limit(RESPONSE_BYTES_MAX).read_to_vec()?
    };
    let (parts, _) = response.into_parts();
    Ok(HttpResponse { status: parts.status.as_u16(), headers: parts.headers, body })
}

/// Repeats `once` until it succeeds, fails for good, or has used up its attempts.
pub(crate) fn with_retries<T>(
    console: &Console,
    mut once: impl FnMut() -> Result<T, AttemptError>,
) -> Result<T> {
    for wait_ms in WAITS_MS {
        match once() {
            Ok(done) => return Ok(done),
            Err(AttemptError::Permanent(error)) => return Err(error),
            Err(AttemptError::Transient(error)) => {
                console.line(format_args!("  {error:#}; retrying in {}", Wait(wait_ms)));
                thread::sleep(Duration::from_millis(wait_ms));
            }
        }
    }
    once().map_err(|fault| match fault {
        AttemptError::Permanent(error) => error,
        AttemptError::Transient(error) => {
            error.context(format!("gave up after {} attempts", WAITS_MS.len() + 1))
        }
    })
}

struct Wait(u64);

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ms if ms < 1000 => write!(f, "{ms} ms"),
            ms => write!(f, "{} s", ms / 1000),
        }
    }
}

/// A status with its name, such as `404 Not Found`.
pub(crate) fn status_name(status: u16) -> String {
    let name = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    format!("{status} {}", name.unwrap_or_default())
}
