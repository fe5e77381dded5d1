//! Signature version 4 in header fields, as SDKs send it: with a signed body, an unsigned one, or in
//! chunks with a trailer.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use tests::http::{Origin, Request, Response};

use crate::s3_server::{S3Server, signed};

/// How a body is sent.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Payload {
    /// In one piece, whose hash is signed.
    Signed,
    /// `STREAMING-UNSIGNED-PAYLOAD-TRAILER`: in chunks, with a checksum behind them.
    UnsignedTrailer,
    /// `STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER`: the same, each chunk and the trailer signed.
    SignedTrailer,
}

/// A request of an SDK.
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    /// Path and query, percent-encoded, the parameters of the query in order.
    pub(crate) target: &'a str,
    pub(crate) fields: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a [u8],
    pub(crate) payload: Payload,
    /// Name and value of the trailer.
    pub(crate) trailer: (&'a str, &'a str),
}

impl<'a> Call<'a> {
    pub(crate) fn new(method: &'a str, target: &'a str) -> Self {
        let payload = Payload::Signed;
        Self { method, target, fields: &[], body: &[], payload, trailer: ("", "") }
    }

    /// Sends it to the bucket of `server`.
    pub(crate) fn send(&self, server: &S3Server) -> Response {
        let origin = Origin::parse(server.bucket.base_url().as_str()).unwrap();
        let signer = Signer::new(server);
        let mut fields = self.all_fields(&signer.time);
        fields.push(("host".to_owned(), origin.authority.clone()));
        fields.sort();
        let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join(";");
        let canonical = sha256(self.canonical(&fields, &names).as_bytes());
        let signature = signer.sign("AWS4-HMAC-SHA256", &[&canonical]);
        let (key, scope) = (server.credentials.key(), &signer.scope);
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, \
             Signature={signature}"
        );
        let request = Request::new(self.method, self.target).header("Authorization", authorization);
        let fields = fields.iter().filter(|(name, _)| name != "host");
        let request =
            fields.fold(request, |request, (name, value)| request.header(name, value.as_str()));
        request.body(self.wire_body(&signer, signature)).send(&origin).unwrap()
    }

    fn canonical(&self, fields: &[(String, String)], names: &str) -> String {
        let (path, query) = self.target.split_once('?').unwrap_or((self.target, ""));
        let mut text = format!("{}\n{path}\n{query}\n", self.method);
        for (name, value) in fields {
            writeln!(text, "{name}:{value}").unwrap();
        }
        write!(text, "\n{names}\n{}", self.content_hash()).unwrap();
        text
    }

    fn all_fields(&self, time: &str) -> Vec<(String, String)> {
        let mut fields: Vec<_> = self.fields.iter().map(|(n, v)| (*n, (*v).to_owned())).collect();
        fields.push(("x-amz-date", time.to_owned()));
        fields.push(("x-amz-content-sha256", self.content_hash()));
        if self.payload != Payload::Signed {
            fields.push(("content-encoding", "aws-chunked".to_owned()));
            fields.push(("x-amz-trailer", self.trailer.0.to_owned()));
            fields.push(("x-amz-decoded-content-length", self.body.len().to_string()));
        }
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn content_hash(&self) -> String {
        match self.payload {
            Payload::Signed => sha256(self.body),
            Payload::UnsignedTrailer => "STREAMING-UNSIGNED-PAYLOAD-TRAILER".to_owned(),
            Payload::SignedTrailer => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER".to_owned(),
        }
    }

    fn wire_body(&self, signer: &Signer, mut signature: String) -> Vec<u8> {
        if self.payload == Payload::Signed {
            return self.body.to_vec();
        }
        let mut wire = Vec::new();
        // Two chunks, and the empty one that ends them.
        let (first, second) = self.body.split_at(self.body.len() / 2);
        for chunk in [first, second, &[]] {
            let parts = [signature.as_str(), &sha256(b""), &sha256(chunk)];
            signature = signer.sign("AWS4-HMAC-SHA256-PAYLOAD", &parts);
            let extension = self.if_signed(format!(";chunk-signature={signature}"));
            wire.extend(format!("{:x}{extension}\r\n", chunk.len()).bytes());
            wire.extend(chunk);
            wire.extend(if chunk.is_empty() { "" } else { "\r\n" }.bytes());
        }
        let (name, value) = self.trailer;
        let parts = [signature.as_str(), &sha256(format!("{name}:{value}\n").as_bytes())];
        let signature = signer.sign("AWS4-HMAC-SHA256-TRAILER", &parts);
        let signature = self.if_signed(format!("x-amz-trailer-signature:{signature}\r\n"));
        wire.extend(format!("{name}:{value}\r\n{signature}\r\n").bytes());
        wire
    }

    /// A part of the body that only a signed one has.
    fn if_signed(&self, part: String) -> String {
        if self.payload == Payload::SignedTrailer { part } else { String::new() }
    }
}

/// A key for the time of now, and for its scope.
struct Signer {
    key: Vec<u8>,
    time: String,
    scope: String,
}

impl Signer {
    fn new(server: &S3Server) -> Self {
        // The time of a signed URL that is made now.
        let now = signed(&server.bucket.head_bucket(Some(&server.credentials)));
        let (_, time) = now.split_once("X-Amz-Date=").unwrap();
        let (date, time) = (&time[..8], time[..16].to_owned());
        let scope = [date, "us-east-1", "s3", "aws4_request"];
        let key = format!("AWS4{}", server.credentials.secret()).into_bytes();
        let key = scope.iter().fold(key, |key, part| hmac(&key, part));
        Self { key, time, scope: scope.join("/") }
    }

    fn sign(&self, algorithm: &str, parts: &[&str]) -> String {
        let Self { key, time, scope } = self;
        hex(&hmac(key, &format!("{algorithm}\n{time}\n{scope}\n{}", parts.join("\n"))))
    }
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}
