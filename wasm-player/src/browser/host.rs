//! What the worker does for the player: the network, the timer, `MediaSource` and the page.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// `PlayerHost` of `web/worker/worker.js`. It never calls the player from inside these calls.
    pub type Host;

    /// Milliseconds since the worker began.
    #[wasm_bindgen(method)]
    pub fn now(this: &Host) -> f64;

    /// Requests the bytes from `start` to before `end`; a negative `start` counts from the file's
    /// end. The input `head` or `fetchFailed` follows.
    #[wasm_bindgen(method)]
    pub fn fetch(this: &Host, fetch_id: u32, start: f64, end: f64, is_media: bool);

    /// Requests a start at a time (one number, in milliseconds) or a cursor (five numbers). The inputs
    /// `head` and `startBoxes` follow, or `fetchFailed`; the media bytes are read behind that.
    #[wasm_bindgen(method, js_name = fetchStart)]
    pub fn fetch_start(this: &Host, fetch_id: u32, from: &[f64]);

    /// Requests headers of so many windows from a cursor on. The input `head` or `fetchFailed` follows.
    #[wasm_bindgen(method, js_name = fetchHeaders)]
    pub fn fetch_headers(this: &Host, fetch_id: u32, from: &[f64], windows: u32);

    /// Reads the next piece of a body; the input `indexBytes`, `mediaBytes`, `bodyEnded` or
    /// `fetchFailed` follows.
    #[wasm_bindgen(method)]
    pub fn read(this: &Host, fetch_id: u32);

    /// Cancels a request, for which no input follows any more.
    #[wasm_bindgen(method)]
    pub fn cancel(this: &Host, fetch_id: u32);

    /// Sets the one timer: the input `tick` follows in `wait_ms`.
    #[wasm_bindgen(method)]
    pub fn wake(this: &Host, wait_ms: i32);

    /// Makes the buffers, one for each MIME type that is not empty. `first_frame_s`: when the first
    /// frame that will be in them is shown. `offset_s`: by how much times were moved to begin at 0.
    #[wasm_bindgen(method, js_name = addSourceBuffers)]
    pub fn add_source_buffers(
        this: &Host,
        video: &str,
        audio: &str,
        duration_s: f64,
        first_frame_s: f64,
        offset_s: f64,
    );

    /// Appends bytes that were made here.
    #[wasm_bindgen(method, js_name = appendHeader)]
    pub fn append_header(this: &Host, media_type: u8, epoch: u32, bytes: &[u8]);

    /// Appends a part of the piece being handled, which is not needed otherwise from now on.
    #[wasm_bindgen(method, js_name = appendPart)]
    pub fn append_part(this: &Host, media_type: u8, epoch: u32, start: u32, end: u32);

    /// Appends parts of the piece being handled, one behind the other: start, end, start, end, …
    #[wasm_bindgen(method, js_name = appendParts)]
    pub fn append_parts(this: &Host, media_type: u8, epoch: u32, ends: &[u32]);

    /// Tries the refused append again.
    #[wasm_bindgen(method, js_name = retryAppend)]
    pub fn retry_append(this: &Host, media_type: u8);

    /// Drops waiting appends and resets the parser.
    #[wasm_bindgen(method, js_name = abortAppend)]
    pub fn abort_append(this: &Host, media_type: u8);

    /// Removes a part of a buffer.
    #[wasm_bindgen(method)]
    pub fn remove(this: &Host, media_type: u8, start_s: f64, end_s: f64);

    /// Ends the stream once all is appended.
    #[wasm_bindgen(method, js_name = endOfStream)]
    pub fn end_of_stream(this: &Host);

    /// Makes a new `MediaSource` for the same element.
    #[wasm_bindgen(method, js_name = startOver)]
    pub fn start_over(this: &Host, time_s: f64);

    /// Moves the play head over a small gap.
    #[wasm_bindgen(method)]
    pub fn nudge(this: &Host, time_s: f64);

    /// Requests from the edge the current URL of the episode's file; the input `resolved` or `resolveFailed` follows.
    #[wasm_bindgen(method)]
    pub fn resolve(this: &Host);

    /// Reports a fault to the page: codes, numbers and texts of a `FaultRecord`, and the addresses of the
    /// texts: `xtask` takes those for people out of the module, and zeros are left of them.
    #[wasm_bindgen(method)]
    pub fn fault(
        this: &Host,
        kind: u8,
        cause: u8,
        location: u8,
        numbers: &[f64],
        first: &str,
        second: &str,
        first_at: u32,
        second_at: u32,
    );
}
