//! What `worker.js` does for the player: the network, the timer, `MediaSource` and the page.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// The object that `worker.js` hands over. It never calls the player from inside these calls.
    pub type Host;

    /// Milliseconds since the worker began.
    #[wasm_bindgen(method)]
    pub fn now(this: &Host) -> f64;

    /// Requests the bytes from `start` to before `end`; a negative `start` counts from the file's
    /// end. Answers by `Player.head` or `Player.fetchFailed`.
    #[wasm_bindgen(method)]
    pub fn fetch(this: &Host, fetch: u32, start: f64, end: f64, is_media: bool);

    /// Requests a start at a time (one number, in milliseconds). Answers by `Player.head` and
    /// `Player.started`, or `Player.fetchFailed`; reading on comes behind that.
    #[wasm_bindgen(method, js_name = fetchStart)]
    pub fn fetch_start(this: &Host, fetch: u32, from: &[f64]);

    /// Requests headers of so many windows from a place on (five numbers). Answers as `fetch`
    /// does.
    #[wasm_bindgen(method, js_name = fetchHeaders)]
    pub fn fetch_headers(this: &Host, fetch: u32, from: &[f64], windows: u32);

    /// Reads on; answers by `Player.indexBytes`, `mediaBytes`, `fetchEnded` or `fetchFailed`.
    #[wasm_bindgen(method)]
    pub fn read(this: &Host, fetch: u32);

    /// Stops a request, of which nothing is told any more.
    #[wasm_bindgen(method)]
    pub fn cancel(this: &Host, fetch: u32);

    /// Calls `Player.tick` in `wait_ms`, and forgets what was set before.
    #[wasm_bindgen(method)]
    pub fn wake(this: &Host, wait_ms: i32);

    /// Makes the buffers; one that is not wanted has no type. Tells when the first picture that
    /// will be in them is shown.
    #[wasm_bindgen(method, js_name = addSourceBuffers)]
    pub fn add_source_buffers(
        this: &Host,
        video: &str,
        audio: &str,
        duration_s: f64,
        begins_s: f64,
    );

    /// Appends bytes that were made here.
    #[wasm_bindgen(method)]
    pub fn header(this: &Host, lane: u8, epoch: u32, bytes: &[u8]);

    /// Appends a part of the piece being handled, which nobody else needs from now on.
    #[wasm_bindgen(method)]
    pub fn part(this: &Host, lane: u8, epoch: u32, start: u32, end: u32);

    /// Appends parts of the piece being handled, one behind the other: start, end, start, end, …
    #[wasm_bindgen(method)]
    pub fn gather(this: &Host, lane: u8, epoch: u32, parts: &[u32]);

    /// Tries the refused append again.
    #[wasm_bindgen(method, js_name = retryAppend)]
    pub fn retry_append(this: &Host, lane: u8);

    /// Drops waiting appends and resets the parser.
    #[wasm_bindgen(method, js_name = abortAppend)]
    pub fn abort_append(this: &Host, lane: u8);

    /// Removes a part.
    #[wasm_bindgen(method)]
    pub fn evict(this: &Host, lane: u8, start_s: f64, end_s: f64);

    /// Ends the stream once all is appended.
    #[wasm_bindgen(method, js_name = endOfStream)]
    pub fn end_of_stream(this: &Host);

    /// Makes a new `MediaSource` for the same element.
    #[wasm_bindgen(method, js_name = startOver)]
    pub fn start_over(this: &Host, time_s: f64);

    /// Moves the play head over a small gap.
    #[wasm_bindgen(method)]
    pub fn nudge(this: &Host, time_s: f64);

    /// Asks where the episode is now; answers by `Player.resolved` or `Player.resolveFailed`.
    #[wasm_bindgen(method)]
    pub fn resolve(this: &Host);

    /// Tells the page what is wrong. `kind`: `waiting`, `notice`, `fallback` or `error`; `fault-messages.js`
    /// knows the rest.
    #[wasm_bindgen(method)]
    pub fn fault(
        this: &Host,
        kind: &str,
        cause: &str,
        first: &str,
        second: &str,
        number: f64,
        limit: f64,
        place: &str,
        at: f64,
    );
}
