//! Serves one request: parses its route, lets the client in, has the request handled, and completes the
//! reply.

use futures::future::join;

use crate::{
    access,
    error::Error,
    http::{Body, FilmRest, Joined, Method, PartStream, PrefetchJob, Reply, Request},
    media::MediaPart,
    platform::{Clock, Outbound as _, Platform, StreamOf, Upload, with_timeout},
    route::{Guard, Route},
    routes,
    rules::{header_values, origins::Origins, retry::longest_pause_ms},
};

/// Request headers that a page of another origin may send.
const CORS_ALLOW_HEADERS: &str = "Range, If-Range, If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, \
     Accept-Encoding, Content-Type, X-Client-Token";
/// Seconds for which a browser caches a preflight: the most that any browser takes.
const CORS_MAX_AGE_S: &str = "86400";
/// JSON that is opened as a page can do nothing.
const API_CSP: &str = "default-src 'none'; frame-ancestors 'none'";
/// For a year, a browser requests this host by TLS only (RFC 6797).
const TRANSPORT_SECURITY: &str = "max-age=31536000";

/// Time limit of a request until its reply begins: more than the longest read of an upstream, less than
/// the 30 seconds after which hosts send an error of their own.
const REPLY_MS_MAX: u64 = 28_000;
/// The same for the admin API, whose uploads are slow and whose purges are long.
const ADMIN_REPLY_MS_MAX: u64 = 300_000;
/// Refused admin requests are logged so seldom, so that they cannot flood the log.
const REFUSAL_MS: u64 = 1_000;

/// What the headers of every reply depend on.
struct ReplyContext {
    /// The origins whose pages may read the reply.
    cors: Origins,
    /// The origin of the page that sent the request.
    origin: Option<String>,
    /// Whether pages of other origins may read it at all.
    is_shared: bool,
    is_tls: bool,
}

impl ReplyContext {
    async fn of<P: Platform, U>(platform: &P, request: &Request<U>, route: Option<&Route>) -> Self {
        Self {
            // Without its settings, a deployment shares nothing.
            cors: access::cors_origins(platform).await.unwrap_or_default(),
            origin: request.headers.get("origin").map(str::to_owned),
            // A path that is no route counts as shared: its error reveals nothing.
            is_shared: route.is_none_or(Route::is_shared),
            is_tls: request.connection.is_tls,
        }
    }
}

/// Serves one request. Never fails: errors become replies.
pub async fn serve<P: Platform, U: Upload>(
    platform: &P,
    request: Request<U>,
) -> Reply<StreamOf<P>> {
    let method = request.method;
    let request = with_known_parameters(request);
    let route = Route::parse(&request.path);
    let context = ReplyContext::of(platform, &request, route.as_ref().ok()).await;
    let reply = match route {
        Ok(route) if route.is_page() => {
            Box::pin(open(platform, request, route, &context.cors)).await
        }
        Ok(route) => handle(platform, request, route, &context.cors).await,
        Err(error) => unknown_path(&request, error),
    };
    let reply = reply.unwrap_or_else(|error| {
        if let Some(detail) = error.detail() {
            platform.report(detail);
        }
        error.into_reply()
    });
    let reply = if method == Method::Head { reply.without_body() } else { reply.with_length() };
    finish(reply, &context)
}

/// Runs the prefetch of a reply. Never fails: errors are reported to the operator.
pub async fn run_prefetch<P: Platform>(platform: &P, job: PrefetchJob) {
    routes::prefetch_window::run_prefetch(platform, job).await;
}

/// The request without the parameters of its query that no route reads.
fn with_known_parameters<U>(request: Request<U>) -> Request<U> {
    let query = api::query::known(&request.query).into_owned();
    Request { query, ..request }
}

/// Where an adapter writes a body of several parts.
#[expect(async_fn_in_trait, reason = "wasm is single-threaded: no future here is Send")]
pub trait BodyWriter<S> {
    /// Writes bytes; an error where the client no longer wants them.
    async fn write(&mut self, bytes: Vec<u8>) -> Result<(), ClientGone>;

    /// Writes a part of a stream, and returns how many bytes of it came.
    async fn write_stream(&mut self, part: PartStream<S>) -> Result<u64, ClientGone>;
}

/// The client of a response reads no more of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientGone;

/// Writes a body of several parts, and returns whether all of it was written: otherwise the body is
/// shorter than its `Content-Length`, and the connection has to end.
///
/// A part is requested while the one before it is written, if that one is in memory.
pub async fn write_joined<P: Platform>(
    platform: &P,
    body: Joined<StreamOf<P>>,
    writer: &mut impl BodyWriter<StreamOf<P>>,
) -> bool {
    let Joined { front, stream, mut rest } = body;
    let mut next = Ok(Some(MediaPart::Bytes(front)));
    let mut stream = stream.map(MediaPart::Stream);
    while let Ok(Some(part)) = next {
        let written = match part {
            MediaPart::Bytes(bytes) => {
                let reading = next_part(platform, stream.take(), &mut rest);
                let written;
                (written, next) = join(writer.write(bytes), reading).await;
                written
            }
            MediaPart::Stream(part) => {
                let length = part.length;
                let written = writer.write_stream(part).await;
                next = match written {
                    Ok(came) if came < length => {
                        resume(platform, &mut rest, came, length - came).await
                    }
                    Ok(_) => next_part(platform, None, &mut rest).await,
                    Err(ClientGone) => Err(()),
                };
                written.map(drop)
            }
        };
        if written.is_err() {
            if let Ok(Some(MediaPart::Stream(unread))) = next {
                platform.outbound().discard(unread.stream);
            }
            return false;
        }
    }
    next.is_ok()
}

/// The part that begins where a stream broke off, after a pause that grows.
async fn resume<P: Platform>(
    platform: &P,
    rest: &mut Option<FilmRest>,
    came: u64,
    missing: u64,
) -> Result<Option<MediaPart<StreamOf<P>>>, ()> {
    let breaks = rest.as_mut().and_then(|rest| rest.resume(came, missing)).ok_or(())?;
    if breaks > 0 {
        platform.clock().sleep(longest_pause_ms(breaks)).await;
    }
    next_part(platform, None, rest).await
}

/// The part that follows: none at the end of the body, an error where it cannot be read.
async fn next_part<P: Platform>(
    platform: &P,
    stream: Option<MediaPart<StreamOf<P>>>,
    rest: &mut Option<FilmRest>,
) -> Result<Option<MediaPart<StreamOf<P>>>, ()> {
    if stream.is_some() {
        return Ok(stream);
    }
    let Some(rest) = rest else { return Ok(None) };
    routes::media::read_rest(platform, rest).await.map_err(|error| {
        error.report(platform, "the rest of a film was not read");
    })
}

/// The page for a browser that opens an address of nothing, the error for a program.
fn unknown_path<U, S>(request: &Request<U>, error: Error) -> Result<Reply<S>, Error> {
    let opens = matches!(request.method, Method::Get | Method::Head)
        && header_values::wants_page(request.headers.get("accept"));
    let page = opens.then(|| routes::page::in_place_of(&error, &request.headers)).flatten();
    page.ok_or(error)
}

/// Handles a request for a page. Where something keeps an episode's from being shown, the page without it
/// says what that is.
async fn open<P: Platform, U: Upload>(
    platform: &P,
    request: Request<U>,
    route: Route,
    cors: &Origins,
) -> Result<Reply<StreamOf<P>>, Error> {
    let headers = request.headers.clone();
    let embedded = if let Route::Embed(id) = &route { Some(id.clone()) } else { None };
    let error = match handle(platform, request, route, cors).await {
        Ok(reply) => return Ok(reply),
        Err(error) => error,
    };
    let detail = error.detail().map(str::to_owned);
    let page = match embedded {
        Some(id) => routes::embed::in_place_of(platform, error, &headers, &id).await,
        None => routes::page::without_episode(error, &headers),
    }?;
    if let Some(detail) = detail {
        platform.report(&detail);
    }
    Ok(page)
}

async fn handle<P: Platform, U: Upload>(
    platform: &P,
    request: Request<U>,
    route: Route,
    cors: &Origins,
) -> Result<Reply<StreamOf<P>>, Error> {
    if request.method == Method::Options {
        return Ok(preflight(&route, cors));
    }
    if !route.methods().contains(&request.method) {
        return Err(Error::MethodNotAllowed(allow(&route)));
    }
    let is_write = !matches!(request.method, Method::Get | Method::Head);
    if is_write && cors.is_foreign(&request.headers, &request.connection.authority) {
        return Err(Error::ForeignOrigin);
    }
    match route.guard() {
        Guard::Admin => administer(platform, request, route).await,
        Guard::Viewer => show_to_viewer(platform, request, route).await,
        Guard::Open | Guard::Signature => respond(platform, request, route).await,
    }
}

/// Handles a request of somebody who may watch, and lets no cache give the reply to others.
async fn show_to_viewer<P: Platform, U: Upload>(
    platform: &P,
    mut request: Request<U>,
    route: Route,
) -> Result<Reply<StreamOf<P>>, Error> {
    let visitor = access::check_viewer(platform, &request.headers).await?;
    if let Some(account) = visitor.account {
        // A viewer with an account is the account's, whatever token its device has.
        request.headers.replace("x-client-token", account.viewer_token);
    }
    let reply = respond(platform, request, route).await?;
    let is_for_few = visitor.is_private && reply.header("cache-control") == Some("no-cache");
    Ok(if is_for_few { reply.replacing("cache-control", routes::PRIVATE) } else { reply })
}

async fn respond<P: Platform, U: Upload>(
    platform: &P,
    request: Request<U>,
    route: Route,
) -> Result<Reply<StreamOf<P>>, Error> {
    respond_within(platform, request, route, REPLY_MS_MAX, &mut String::new()).await
}

async fn respond_within<P: Platform, U: Upload>(
    platform: &P,
    request: Request<U>,
    route: Route,
    ms_max: u64,
    subject: &mut String,
) -> Result<Reply<StreamOf<P>>, Error> {
    let reply = routes::dispatch(platform, request, route, subject);
    with_timeout(platform.clock(), ms_max, reply).await.unwrap_or_else(|| {
        Err(Error::StorageUnavailable(
            "no store answered within the time limit of the request".to_owned(),
        ))
    })
}

/// Handles a request of the deployer, and writes a line of the audit log.
async fn administer<P: Platform, U: Upload>(
    platform: &P,
    request: Request<U>,
    route: Route,
) -> Result<Reply<StreamOf<P>>, Error> {
    let (method, path) = (request.method.name(), request.path.clone());
    let client = request.connection.client_address.clone();
    let Some(key) = access::admin_key_name(platform, &request.headers).await? else {
        note_refusal(platform, &format!("method={method} path={path:?} client={client:?}"));
        return Err(Error::Unauthorized);
    };
    let mut subject = String::new();
    let reply = respond_within(platform, request, route, ADMIN_REPLY_MS_MAX, &mut subject).await;
    let status = reply.as_ref().map_or_else(Error::status, |reply| reply.status);
    platform.note(&format!(
        "admin key={key:?} method={method} path={path:?} subject={subject:?} status={status} \
         client={client:?}"
    ));
    reply
}

/// Writes a line of the audit log for a request without a valid key, and not more than one a second.
fn note_refusal<P: Platform>(platform: &P, what: &str) {
    let now_ms = platform.clock().now_ms();
    let (noted_ms, unnoted) = platform.instance().refusals.get();
    if noted_ms != 0 && now_ms.saturating_sub(noted_ms) < REFUSAL_MS {
        platform.instance().refusals.set((noted_ms, unnoted.saturating_add(1)));
        return;
    }
    platform.instance().refusals.set((now_ms, 0));
    platform.note(&format!("admin key=none {what} status=401 refused_before_unlogged={unnoted}"));
}

/// The methods of a route (RFC 9110 §9.3.7), and for a shared one what a page of another origin may send.
fn preflight<S>(route: &Route, cors: &Origins) -> Reply<S> {
    let reply = Reply::new(204, Body::Empty).with("allow", allow(route));
    if !route.is_shared() || cors.is_empty() {
        return reply;
    }
    reply
        .with("access-control-allow-methods", allow(route))
        .with("access-control-allow-headers", CORS_ALLOW_HEADERS)
        .with("access-control-max-age", CORS_MAX_AGE_S)
}

fn allow(route: &Route) -> String {
    let names = route.methods().iter().map(|method| method.name());
    names.chain(["OPTIONS"]).collect::<Vec<_>>().join(", ")
}

/// Adds the headers of every reply.
fn finish<S>(reply: Reply<S>, context: &ReplyContext) -> Reply<S> {
    let mut reply = reply.with("x-content-type-options", "nosniff");
    if reply.header("content-type") == Some("application/json") {
        reply = reply.with("content-security-policy", API_CSP);
    }
    if context.is_tls {
        reply = reply.with("strict-transport-security", TRANSPORT_SECURITY);
    }
    // The player is for pages of every site.
    let is_for_all = reply.header("access-control-allow-origin").is_some();
    if is_for_all { reply } else { share(reply, context) }
}

/// Says whose pages may read a reply.
fn share<S>(reply: Reply<S>, context: &ReplyContext) -> Reply<S> {
    let ReplyContext { cors, origin, is_shared, .. } = context;
    if !is_shared || cors.is_empty() {
        return reply.with_default("cross-origin-resource-policy", "same-origin");
    }
    let mut reply = reply.with("cross-origin-resource-policy", "cross-origin");
    if cors.varies() {
        reply = reply.varying_by("Origin");
    }
    match cors.allow_origin(origin.as_deref()) {
        Some(allowed) => reply
            .with("access-control-allow-origin", allowed)
            .with("access-control-expose-headers", api::CORS_EXPOSE_HEADERS),
        None => reply,
    }
}
