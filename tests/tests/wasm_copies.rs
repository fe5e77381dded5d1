//! The Worker's wasm never copies media bytes: a meter in workerd counts all bytes that JavaScript
//! and wasm copy from each other.
#![expect(clippy::expect_used, reason = "a case that cannot go on ends here, and says why")]

use tests::{
    deployment::Deployment,
    fixture::{self, LONG, PLAYABLE, SERIES},
    http::{Request, Response},
};

/// The most that is copied beside the boxes of a response: the request, the head, and the arguments
/// of the calls that send it.
const CALL_BYTES_MAX: u64 = 8 << 10;
/// Less than any range here.
const MEDIA_BYTES_MIN: u64 = 200_000;

/// The Worker with a meter between it and its wasm: `tests/node/metered-worker.mjs`.
struct MeteredWorker(Deployment);

impl MeteredWorker {
    fn start() -> Self {
        let deployment = Deployment::workerd_wrapped_by("metered-worker.mjs");
        let deployment = deployment.expect("workerd starts");
        fixture::install(&deployment).expect("films");
        Self(deployment)
    }

    fn send(&self, request: &Request) -> Response {
        request.send(&self.0.origin).expect("a response")
    }

    /// How many bytes were copied since the Worker started.
    fn copied_bytes(&self) -> u64 {
        let count = self.send(&Request::get("/copied-bytes")).body;
        String::from_utf8_lossy(&count).parse().expect("a number of bytes")
    }

    /// How many bytes are copied for a request.
    fn copied_for(&self, request: &Request) -> (u64, Response) {
        let before = self.copied_bytes();
        let response = self.send(request);
        (self.copied_bytes() - before, response)
    }

    /// The same for a request that has been answered before.
    fn copied_for_repeated(&self, request: &Request) -> (u64, Response) {
        self.send(request);
        self.copied_for(request)
    }
}

#[test]
fn wasm_copies_no_media_bytes() {
    let worker = MeteredWorker::start();
    let headers = Request::get(format!("/api/v2/headers/{PLAYABLE}?at=0"));
    let (first, _) = worker.copied_for(&headers);
    let (copied, response) = worker.copied_for_repeated(&headers);
    let boxes = response.body.len() as u64;
    assert!(first > 10 * copied, "wasm read `moov`, and the meter did not count it: {first} bytes");
    assert!(copied < boxes + CALL_BYTES_MAX, "{copied} bytes were copied for {boxes} of headers");

    for path in [format!("start/{PLAYABLE}"), format!("stream/{SERIES}.2/start")] {
        let path = format!("/api/v2/{path}?at=9.5");
        let (copied, response) = worker.copied_for_repeated(&Request::get(&path));
        let (boxes, media) = fixture::split_start(&response.body).expect("a start");
        let (boxes, media) = (boxes.len() as u64, media.len() as u64);
        assert!(media > MEDIA_BYTES_MIN, "{path}: {media} bytes of media");
        assert!(copied < boxes + CALL_BYTES_MAX, "{path}: {copied} bytes, {boxes} of them boxes");
    }

    let film = Request::get(format!("/api/v2/media/{LONG}"));
    for request in [film.clone().header("range", "bytes=1000000-2999999"), film] {
        let (copied, response) = worker.copied_for_repeated(&request);
        assert!(response.body.len() > 1_900_000, "{request}: {}", response.status);
        assert!(copied < CALL_BYTES_MAX, "{request}: {copied} bytes");
    }
}
