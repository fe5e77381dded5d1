//! The browser player: a state machine without IO, and a thin layer of browser calls around it.
//!
//! [`pipeline`] decides everything. It takes inputs (a response head, a finished append, a seek) and
//! returns effects (make a request, append bytes, remove a range); it compiles and is tested without
//! a browser. The module `browser`, of `wasm32-unknown-unknown` builds only, passes inputs from the
//! worker's script to it and effects back. Bytes of media stay in JavaScript: the pipeline hears of
//! their number only.
//!
//! ```
//! use wasm_player::pipeline::{ByIndex, Effect, Input, Pipeline, Request};
//!
//! let mut pipeline = Pipeline::<ByIndex>::new();
//! pipeline.handle(0, Input::Open { start_ms: 0, size: None, resolvable: false });
//! // The index may lie at either end of the file, so the pipeline requests both.
//! let mut requests = Vec::new();
//! while let Some(effect) = pipeline.poll() {
//!     if let Effect::Fetch { request, .. } = effect {
//!         requests.push(request);
//!     }
//! }
//! let head = mp4::ByteRange { start: 0, end: 256 << 10 };
//! assert_eq!(requests, [Request::Range(head), Request::Suffix(512 << 10)]);
//! ```

#[cfg(any(test, all(target_arch = "wasm32", target_os = "unknown")))]
pub mod browser;
pub mod pipeline;
