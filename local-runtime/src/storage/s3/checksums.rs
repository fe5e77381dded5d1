//! Checksums that clients send with a body, as a header field `x-amz-checksum-*` or as a trailer of
//! an `aws-chunked` body. Each is verified, and none is stored.

use http::HeaderMap;
use s3s::{
    S3ErrorCode, S3Result, TrailingHeaders,
    checksum::ChecksumHasher,
    crypto::{Crc32, Crc32c, Crc64Nvme, Sha1, Sha256},
    dto::Checksum,
    s3_error,
};

/// The field that announces trailers.
const TRAILER: &str = "x-amz-trailer";

/// One algorithm: its field, how to compute it, and where the result is.
struct Algorithm {
    field: &'static str,
    enable: fn(&mut ChecksumHasher),
    result: fn(&Checksum) -> Option<&str>,
}

const ALGORITHMS: [Algorithm; 5] = [
    Algorithm {
        field: "x-amz-checksum-crc32",
        enable: |hasher| hasher.crc32 = Some(Crc32::default()),
        result: |sums| sums.checksum_crc32.as_deref(),
    },
    Algorithm {
        field: "x-amz-checksum-crc32c",
        enable: |hasher| hasher.crc32c = Some(Crc32c::default()),
        result: |sums| sums.checksum_crc32c.as_deref(),
    },
    Algorithm {
        field: "x-amz-checksum-crc64nvme",
        enable: |hasher| hasher.crc64nvme = Some(Crc64Nvme::default()),
        result: |sums| sums.checksum_crc64nvme.as_deref(),
    },
    Algorithm {
        field: "x-amz-checksum-sha1",
        enable: |hasher| hasher.sha1 = Some(Sha1::default()),
        result: |sums| sums.checksum_sha1.as_deref(),
    },
    Algorithm {
        field: "x-amz-checksum-sha256",
        enable: |hasher| hasher.sha256 = Some(Sha256::default()),
        result: |sums| sums.checksum_sha256.as_deref(),
    },
];

/// The checksums of one body, as far as it has come.
pub(super) struct BodyChecksums {
    hasher: ChecksumHasher,
    /// Each algorithm that the client uses, with the value of its header field.
    expected: Vec<(&'static Algorithm, Option<String>)>,
    trailers: Option<TrailingHeaders>,
}

impl BodyChecksums {
    /// The checksums that a request announces.
    pub(super) fn of(headers: &HeaderMap, trailers: Option<TrailingHeaders>) -> Self {
        let text =
            |name: &str| headers.get(name)?.to_str().ok().map(|value| value.trim().to_owned());
        let announced = text(TRAILER).unwrap_or_default().to_ascii_lowercase();
        let mut checksums = Self { hasher: ChecksumHasher::default(), expected: vec![], trailers };
        for algorithm in &ALGORITHMS {
            let value = text(algorithm.field);
            let is_trailer = announced.split(',').any(|name| name.trim() == algorithm.field);
            if value.is_some() || is_trailer {
                (algorithm.enable)(&mut checksums.hasher);
                checksums.expected.push((algorithm, value));
            }
        }
        checksums
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    /// The checksums of the whole body, which are those that the client sent.
    pub(super) fn verify(self) -> S3Result<Checksum> {
        let sums = self.hasher.finalize();
        for (Algorithm { field, result, .. }, value) in self.expected {
            let from_trailer = || {
                let value = |all: &HeaderMap| Some(all.get(*field)?.to_str().ok()?.to_owned());
                self.trailers.as_ref()?.read(value)?
            };
            let Some(expected) = value.or_else(from_trailer) else {
                let code = S3ErrorCode::Custom("MalformedTrailerError".into());
                let mut error = s3s::S3Error::with_message(
                    code,
                    format!("the body has no trailer {field}, which x-amz-trailer announces"),
                );
                error.set_status_code(http::StatusCode::BAD_REQUEST);
                return Err(error);
            };
            if result(&sums) != Some(expected.trim()) {
                return Err(s3_error!(BadDigest, "the body does not have the sent {field}"));
            }
        }
        Ok(sums)
    }
}
