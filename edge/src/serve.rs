//! Serves one request: parses its route, has it handled, and completes the reply.

use crate::{
    error::Error,
    http::{Body, Method, PrefetchJob, Reply, Request},
    platform::{Platform, StreamOf, Upload, with_timeout},
    route::Route,
    routes,
};

/// Request headers that a page of another origin may send.
const CORS_ALLOW_HEADERS: &str = "Range, If-Range, If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, \
     Content-Type, X-Client-Token";
/// Response headers that a page of another origin may read.
const CORS_EXPOSE_HEADERS: &str =
    "Content-Range, Content-Length, ETag, Accept-Ranges, X-Client-Token";
/// Seconds for which a browser caches a preflight: the most that any browser takes.
const CORS_MAX_AGE_S: &str = "86400";

/// Time limit of a request until its reply begins: more than the longest read of an upstream, less than
/// the 30 seconds after which hosts send an error of their own.
const REPLY_MS_MAX: u64 = 28_000;
/// The same for the admin API, whose uploads are slow and whose purges are long.
const ADMIN_REPLY_MS_MAX: u64 = 300_000;

/// Serves one request. Never fails: errors become replies.
pub async fn serve<P: Platform, U: Upload>(
    platform: &P,
    request: Request<U>,
) -> Reply<StreamOf<P>> {
    let method = request.method;
    let request = with_known_parameters(request);
    let route = Route::parse(&request.path);
    // A path that is no route counts as public: its error reveals nothing.
    let public = route.as_ref().map_or(true, Route::is_public);
    let reply = match route {
        Ok(route) => handle(platform, request, route).await,
        Err(error) => Err(error),
    };
    let reply = reply.unwrap_or_else(|error| {
        if let Some(detail) = error.detail() {
            platform.report(detail);
        }
        error.into_reply()
    });
    let reply = if method == Method::Head { reply.without_body() } else { reply.with_length() };
    finish(reply, public)
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

async fn handle<P: Platform, U: Upload>(
    platform: &P,
    request: Request<U>,
    route: Route,
) -> Result<Reply<StreamOf<P>>, Error> {
    if request.method == Method::Options {
        return Ok(preflight(&route));
    }
    if !route.methods().contains(&request.method) {
        return Err(Error::MethodNotAllowed(allow(&route)));
    }
    let ms_max = if route.is_admin() { ADMIN_REPLY_MS_MAX } else { REPLY_MS_MAX };
    let reply =
        with_timeout(platform.clock(), ms_max, routes::dispatch(platform, request, route)).await;
    reply.unwrap_or_else(|| {
        Err(Error::StorageUnavailable(
            "no store answered within the time limit of the request".to_owned(),
        ))
    })
}

/// The methods of a route (RFC 9110 §9.3.7), and for a public one what a page of another origin may send.
fn preflight<S>(route: &Route) -> Reply<S> {
    let reply = Reply::new(204, Body::Empty).with("allow", allow(route));
    if !route.is_public() {
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

/// Adds the headers of every reply. There is no `Vary: Origin`: the reply is the same for all.
fn finish<S>(reply: Reply<S>, public: bool) -> Reply<S> {
    let reply = reply.with("x-content-type-options", "nosniff");
    if !public {
        return reply;
    }
    reply
        .with("access-control-allow-origin", "*")
        .with("access-control-expose-headers", CORS_EXPOSE_HEADERS)
        .with("cross-origin-resource-policy", "cross-origin")
}
