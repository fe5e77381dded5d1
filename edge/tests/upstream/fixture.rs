//! A film whose every byte the tests know, and the upstream that serves it.

use edge::{
    http::ByteRange,
    memory::{Memory, MemoryResponse, MemoryStream, OutboundRequest, ScriptedResponse, send},
};

use crate::deployment::{self, admin, signed_url, source_id, upstream_requests};
pub(crate) use crate::deployment::{KEYS, deployment, put_catalog, text};

/// The film's box headers: `ftyp`, then `mdat`, then `moov` with the last bytes.
const FTYP_BYTES: u64 = 24;
const MOOV_BYTES: u64 = 300_000;
/// Beyond every head and tail, and a multiple of nothing.
pub(crate) const SIZE: u64 = 16 * 1024 * 1024 + 12_345;
/// Where `moov` begins.
pub(crate) const MOOV_START: u64 = SIZE - MOOV_BYTES;
pub(crate) const ETAG: &str = "\"v1\"";

/// The bytes of the film.
pub(crate) fn content(range: ByteRange) -> Vec<u8> {
    let mut bytes: Vec<u8> = (range.start..range.end).map(mixed).collect();
    for (from, header) in headers() {
        for (at, byte) in (from..).zip(header) {
            if (range.start..range.end).contains(&at) {
                bytes[usize::try_from(at - range.start).unwrap()] = byte;
            }
        }
    }
    bytes
}

fn headers() -> [(u64, [u8; 8]); 3] {
    let header = |size: u64, kind: &[u8; 4]| {
        let mut bytes = [0; 8];
        bytes[..4].copy_from_slice(&u32::try_from(size).unwrap().to_be_bytes());
        bytes[4..].copy_from_slice(kind);
        bytes
    };
    [
        (0, header(FTYP_BYTES, b"ftyp")),
        (FTYP_BYTES, header(MOOV_START - FTYP_BYTES, b"mdat")),
        (MOOV_START, header(MOOV_BYTES, b"moov")),
    ]
}

/// A byte that its neighbours say nothing of.
fn mixed(at: u64) -> u8 {
    let mut x = at.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (x >> 56) as u8
}

pub(crate) fn canned(
    status: u16,
    headers: &[(&'static str, &str)],
    bytes: Vec<u8>,
) -> ScriptedResponse {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    ScriptedResponse::Response(status, headers, MemoryStream::whole(bytes))
}

/// The response of a healthy server: a range where one is requested, or all.
pub(crate) fn good(request: &OutboundRequest) -> ScriptedResponse {
    sent(request.range.unwrap_or(ByteRange { start: 0, end: SIZE }), ETAG)
}

/// A 206 with these bytes.
pub(crate) fn sent(range: ByteRange, etag: &str) -> ScriptedResponse {
    let range = ByteRange { start: range.start, end: range.end.min(SIZE) };
    let said = format!("bytes {}-{}/{SIZE}", range.start, range.end - 1);
    let length = range.len().to_string();
    let headers = [("content-range", said.as_str()), ("content-length", &length), ("etag", etag)];
    canned(206, &headers, content(range))
}

/// A resolver that tells one URL after the other, each good for ten minutes, and its files.
pub(crate) fn vault(request: &OutboundRequest) -> ScriptedResponse {
    if request.url.starts_with("https://api.example/") {
        let expires_s = request.now_ms / 1000 + 600;
        let url = format!("https://dl.example/f?n={}&Expires={expires_s}", request.number);
        return canned(200, &[], format!("{{\"urls\": [\"{url}\"]}}").into_bytes());
    }
    good(request)
}

/// A deployment that knows the film.
pub(crate) struct UpstreamFixture {
    pub(crate) memory: Memory,
    pub(crate) id: String,
}

impl UpstreamFixture {
    /// The film of this provider is ingested.
    pub(crate) fn new(provider: &str) -> Self {
        Self::of(deployment(), provider)
    }

    /// The same in this deployment.
    pub(crate) fn of(memory: Memory, provider: &str) -> Self {
        memory.outbound.serve_with(vault);
        let response = ingest(&memory, provider);
        let id = source_id(&response);
        let json: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!(json["data"]["sizeBytes"], SIZE);
        Self { memory, id }
    }

    /// Purges every stored block, and forgets the requests so far.
    pub(crate) fn purge_blocks(&self) {
        let response = self.admin("DELETE", "/api/v2/admin/startup");
        assert_eq!(response.status, 200, "{}", text(&response));
        self.memory.outbound.requests.borrow_mut().clear();
    }

    /// A title with the film.
    pub(crate) fn title(&self, id: &str) -> catalog::Title {
        deployment::title(id, &[&self.id])
    }

    pub(crate) fn admin(&self, method: &str, path: &str) -> MemoryResponse {
        admin(&self.memory, method, path)
    }

    /// The signed URL of the film.
    pub(crate) fn url(&self) -> String {
        signed_url(&self.memory, "media", &self.id)
    }

    pub(crate) fn get(&self, headers: &[(&str, &str)]) -> MemoryResponse {
        send(&self.memory, "GET", &self.url(), headers, Some(b""))
    }

    /// Requests a closed range.
    pub(crate) fn range(&self, start: u64, end: u64) -> MemoryResponse {
        self.get(&[("range", &format!("bytes={start}-{}", end - 1))])
    }

    /// How many requests the upstream has seen.
    pub(crate) fn requests(&self) -> usize {
        upstream_requests(&self.memory)
    }
}

/// Ingests the film of this provider.
pub(crate) fn ingest(memory: &Memory, provider: &str) -> MemoryResponse {
    deployment::ingest(memory, provider, "film.mp4")
}

/// Checks that an answer is a 206 whose bytes are the film's, from `start` on; where they end.
pub(crate) fn right(answer: &MemoryResponse, start: u64) -> u64 {
    assert_eq!(answer.status, 206, "{}", text(answer));
    let said = answer.header("content-range");
    let (range, total) = said.strip_prefix("bytes ").unwrap().split_once('/').unwrap();
    let (first, last) = range.split_once('-').unwrap();
    assert_eq!((first, total), (start.to_string().as_str(), SIZE.to_string().as_str()));
    let end = last.parse::<u64>().unwrap() + 1;
    assert_eq!(answer.header("content-length"), (end - start).to_string());
    let came = start + answer.body.len() as u64;
    assert!(came == end || answer.is_truncated, "{came} of {end}");
    assert!(answer.body == content(ByteRange { start, end: came }), "wrong bytes from {start} on");
    came
}

/// Numbers by chance, the same at every run.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
