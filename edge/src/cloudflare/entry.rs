//! The entry point: one `fetch` event is one request.

use worker::{Context, Env, Request, Response, Result, event};

use super::{convert, ports};
use crate::serve::{run_prefetch, serve};

#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> Result<Response> {
    let platform = ports(&env);
    let mut reply = serve(&platform, convert::request(request)).await;
    if let Some(prefetch) = reply.prefetch.take() {
        context.wait_until(async move { run_prefetch(&platform, prefetch).await });
    }
    convert::response(ports(&env), reply, &context)
}
