//! The entry point: one `fetch` event is one request.

use worker::{Context, Env, Request, Response, Result, event};

use super::{convert, ports};
use crate::serve::{go_on, serve};

#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> Result<Response> {
    let platform = ports(&env);
    let mut reply = serve(&platform, convert::request(request)).await;
    if let Some(after) = reply.after.take() {
        context.wait_until(async move { go_on(&platform, after).await });
    }
    convert::response(reply, &context)
}
