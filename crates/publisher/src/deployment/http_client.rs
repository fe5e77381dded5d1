//! One HTTP exchange, and how often it is tried.

use std::time::Duration;
use std::{fmt, thread};

use anyhow::{Context, Result, anyhow};
use ureq::Agent;
use ureq::http::{HeaderMap, Method, Request, Response, StatusCode, Uri, header::HeaderName};

use super::report::Console;

/// Waits between tries: together some 30 s, a server's restart.
const WAITS_MS: [u64; 6] = [250, 1_000, 2_000, 4_000, 8_000, 15_000];
/// Bytes of an answer: a pack (`api::limits::VALUE_BYTES_MAX`), or a list of 1,000 parts at some
/// 300 bytes each.
const ANSWER_BYTES_MAX: u64 = 2 << 20;
/// A part of 16 MiB at 256 kbit/s.
const SEND_TIMEOUT: Duration = Duration::from_mins(10);
/// A server that joins the parts of a very large film answers when it has done so.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What went wrong with one try.
#[derive(Debug)]
pub(super) enum Fault {
    /// Trying again may help.
    Passing(anyhow::Error),
    /// It will not.
    Lasting(anyhow::Error),
}

impl From<anyhow::Error> for Fault {
    fn from(error: anyhow::Error) -> Self {
        Self::Lasting(error)
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// A header of the answer.
    pub(super) fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as text, for a parser or for people.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Whether a later try may get a better answer.
    pub(super) fn may_pass(&self) -> bool {
        // 507 is a disk that is full: somebody has to make room first.
        matches!(self.status, 408 | 429 | 500..=506)
    }
}

/// What is asked.
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    pub(super) url: &'a str,
    pub(super) headers: Vec<(&'a str, &'a str)>,
    pub(super) body: Option<&'a [u8]>,
}

/// Connections to one deployment.
#[derive(Debug, Clone)]
pub(super) struct Client {
    agent: Agent,
}

impl Client {
    /// For servers like the one at `url`.
    pub(super) fn new(url: &str) -> Result<Self> {
        let uri: Uri = url.parse().with_context(|| format!("{url:?} is not a URL"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(anyhow!("{url:?} is not a URL: it begins with http:// or https://"));
        }
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_send_body(Some(SEND_TIMEOUT))
            .timeout_recv_response(Some(ANSWER_TIMEOUT))
            .timeout_recv_body(Some(SEND_TIMEOUT))
            .user_agent(concat!("firstframe/", env!("CARGO_PKG_VERSION")));
        // No proxy leads back to this machine.
        if matches!(uri.host(), Some("127.0.0.1" | "localhost" | "[::1]")) {
            config = config.proxy(None);
        }
        Ok(Self { agent: config.build().new_agent() })
    }

    /// One try.
    pub(super) fn ask(&self, ask: &Ask<'_>) -> Result<Answer, Fault> {
        let mut request = Request::builder().method(ask.method.clone()).uri(ask.url);
        for (name, value) in &ask.headers {
            request = request.header(*name, *value);
        }
        let response = match ask.body {
            Some(body) => self.agent.run(request.body(body).map_err(|e| anyhow!(e))?),
            None => self.agent.run(request.body(()).map_err(|e| anyhow!(e))?),
        };
        read(response).map_err(|error| {
            let passing = matches!(
                error,
                ureq::Error::Io(_)
                    | ureq::Error::Timeout(_)
                    | ureq::Error::Protocol(_)
                    | ureq::Error::ConnectionFailed
            );
            // Without the query: a signed one is a key for a while.
            let place = ask.url.split('?').next().unwrap_or_default().to_owned();
            let error = anyhow!(error).context(format!("{} {place}", ask.method));
            if passing { Fault::Passing(error) } else { Fault::Lasting(error) }
        })
    }
}

fn read(response: Result<Response<ureq::Body>, ureq::Error>) -> Result<Answer, ureq::Error> {
    let mut response = response?;
    let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec()?;
    let (parts, _) = response.into_parts();
    Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
}

/// Tries until it is done, or lasting, or enough.
pub(super) fn with_retries<T>(
    console: &Console,
    mut once: impl FnMut() -> Result<T, Fault>,
) -> Result<T> {
    for wait_ms in WAITS_MS {
        match once() {
            Ok(done) => return Ok(done),
            Err(Fault::Lasting(error)) => return Err(error),
            Err(Fault::Passing(error)) => {
                console.line(format_args!("  {error:#}; trying again in {}", Wait(wait_ms)));
                thread::sleep(Duration::from_millis(wait_ms));
            }
        }
    }
    once().map_err(|fault| match fault {
        Fault::Lasting(error) => error,
        Fault::Passing(error) => {
            error.context(format!("given up after {} tries", WAITS_MS.len() + 1))
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

/// The name of a status, for people.
pub(super) fn status_name(status: u16) -> String {
    let name = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    format!("{status} {}", name.unwrap_or_default())
}
