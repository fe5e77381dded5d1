//! The entry point: one call of `wasi:http/handler` is one request.
//!
//! Exported as Spin's own macro does it, but with WASI's request as it is: the macro would turn it
//! into the `http` crate's and copy every header.
#![allow(unsafe_code, reason = "the export macro generates the wasm export")]

use spin_sdk::wasip3::{
    exports::http::handler::Guest,
    http::types::{ErrorCode, Request, Response},
    spawn,
};

use super::{convert, ports};
use crate::serve::{run_prefetch, serve};

struct Component;

spin_sdk::wasip3::http::service::export!(Component);

impl Guest for Component {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let mut reply = serve(&ports(), convert::request(request)).await;
        if let Some(prefetch) = reply.prefetch.take() {
            spawn(async move { run_prefetch(&ports(), prefetch).await });
        }
        convert::response(reply)
    }
}
