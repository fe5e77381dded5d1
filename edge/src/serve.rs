//! The spine: parse, handle, reply.

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
/// Seconds for which a browser need not ask again: the most that any of them keeps it.
const CORS_MAX_AGE_S: &str = "86400";

/// How long an answer may take to begin, whatever a store does: more than the longest read of an
/// upstream, less than the 30 seconds after which hosts answer in our place.
const ANSWER_MS_MAX: u64 = 28_000;
/// The same for the deployer, whose packs come over any line, and whose purges are long.
const ADMIN_ANSWER_MS_MAX: u64 = 300_000;

/// Answers one request. Never fails: errors are replies.
pub async fn serve<P: Platform, U: Upload>(
    platform: &P,
    request: Request<U>,
) -> Reply<StreamOf<P>> {
    let method = request.method;
    let route = Route::parse(&request.path);
    // A path that is no route is public: its error says nothing that anybody may not know.
    let public = route.as_ref().map_or(true, Route::is_public);
    let reply = match route {
        Ok(route) => answer(platform, request, route).await,
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

/// What a reply leaves to be done. Never fails: the operator hears what went wrong.
pub async fn run_prefetch<P: Platform>(platform: &P, job: PrefetchJob) {
    routes::window::run_prefetch(platform, job).await;
}

async fn answer<P: Platform, U: Upload>(
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
    let ms_max = if route.is_admin() { ADMIN_ANSWER_MS_MAX } else { ANSWER_MS_MAX };
    let answer =
        with_timeout(platform.clock(), ms_max, routes::dispatch(platform, request, route)).await;
    answer.unwrap_or_else(|| Err(Error::StorageUnavailable("a store says nothing".to_owned())))
}

/// What may be asked here (RFC 9110 §9.3.7), and by a page of another origin where it may.
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

/// Headers of every reply. There is no `Vary: Origin`: the answer is the same for all.
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
