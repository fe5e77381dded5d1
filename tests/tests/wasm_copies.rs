//! No media byte comes by the Worker's wasm: what crosses its border in workerd is counted.
#![expect(clippy::expect_used, reason = "a case that cannot go on ends here, and says why")]

use tests::{
    fixture::{self, LONG, PLAYING, SERIES},
    http::{Request, Response},
    target::Deployment,
};

/// What may cross beside the boxes of an answer: the request, the head, the calls that send it.
const TALK_BYTES_MAX: u64 = 8 << 10;
/// Less than any range here.
const MEDIA_BYTES_MIN: u64 = 200_000;

/// The Worker behind its fence.
struct Border(Deployment);

impl Border {
    fn crossed(&self) -> u64 {
        let told = self.send(&Request::get("/copied-bytes")).body;
        String::from_utf8_lossy(&told).parse().expect("how many bytes have crossed")
    }

    fn send(&self, request: &Request) -> Response {
        request.send(&self.0.origin).expect("an answer")
    }

    /// How many bytes cross for a request whose like has been answered before.
    fn warm(&self, request: &Request) -> (u64, Response) {
        self.send(request);
        self.cost(request)
    }

    fn cost(&self, request: &Request) -> (u64, Response) {
        let before = self.crossed();
        let response = self.send(request);
        (self.crossed() - before, response)
    }
}

fn border() -> Border {
    let deployment = Deployment::workerd_behind("metered-worker.mjs").expect("workerd starts");
    fixture::install(&deployment).expect("films");
    Border(deployment)
}

#[test]
fn no_media_byte_comes_by_wasm() {
    let border = border();
    let headers = Request::get(format!("/api/v2/headers/{PLAYING}?at=0"));
    let (made, _) = border.cost(&headers);
    let (crossed, answer) = border.warm(&headers);
    let boxes = answer.body.len() as u64;
    assert!(made > 10 * crossed, "`moov` came by wasm once, and was not counted: {made} bytes");
    assert!(crossed < boxes + TALK_BYTES_MAX, "{crossed} bytes crossed for {boxes} of headers");

    for path in [format!("start/{PLAYING}"), format!("stream/{SERIES}.2/start")] {
        let path = format!("/api/v2/{path}?at=9.5");
        let (crossed, answer) = border.warm(&Request::get(&path));
        let (boxes, media) = fixture::parts(&answer.body).expect("a start");
        let (boxes, media) = (boxes.len() as u64, media.len() as u64);
        assert!(media > MEDIA_BYTES_MIN, "{path}: {media} bytes of media");
        assert!(crossed < boxes + TALK_BYTES_MAX, "{path}: {crossed} bytes, {boxes} of them boxes");
    }

    let film = Request::get(format!("/api/v2/media/{LONG}"));
    for request in [film.clone().header("range", "bytes=1000000-2999999"), film] {
        let (crossed, answer) = border.warm(&request);
        assert!(answer.body.len() > 1_900_000, "{request}: {}", answer.status);
        assert!(crossed < TALK_BYTES_MAX, "{request}: {crossed} bytes");
    }
}
