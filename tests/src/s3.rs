//! Puts objects into a store that speaks S3.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rusty_s3::{Bucket, Credentials, S3Action as _, UrlStyle};

use crate::http::{Origin, Request};

/// Long enough for one upload on a slow machine.
const SIGNATURE_VALID: Duration = Duration::from_mins(10);

/// A bucket and the keys to it.
#[derive(Debug, Clone)]
pub struct Store {
    bucket: Bucket,
    credentials: Credentials,
}

impl Store {
    /// The bucket called `bucket` at an endpoint such as `http://127.0.0.1:9000`.
    pub fn new(
        endpoint: &str,
        region: &str,
        bucket: &str,
        key: &str,
        secret: &str,
    ) -> Result<Self> {
        let url = endpoint.parse().with_context(|| format!("S3 endpoint {endpoint}"))?;
        let (name, region) = (bucket.to_owned(), region.to_owned());
        Ok(Self {
            bucket: Bucket::new(url, UrlStyle::Path, name, region)?,
            credentials: Credentials::new(key, secret),
        })
    }

    /// The flags that make this the durable store of another `firstframe serve`.
    pub fn as_durable(&self) -> [String; 3] {
        [
            format!(
                "--durable-s3-endpoint={}",
                self.bucket.base_url().origin().ascii_serialization()
            ),
            format!("--durable-s3-access-key={}", self.credentials.key()),
            format!("--durable-s3-secret-key={}", self.credentials.secret()),
        ]
    }

    /// Stores `bytes` under `key`.
    pub fn put(&self, key: &str, bytes: &[u8]) -> Result<()> {
        let url = self.put_url(key);
        let response = Request::put(target(&url), bytes).send(&Origin::parse(&url)?)?;
        ensure!(
            response.status == 200,
            "S3 answered {} to a put of {key}: {}",
            response.status,
            String::from_utf8_lossy(&response.body)
        );
        Ok(())
    }

    /// Moves a file from the folder `incoming` of the local runtime to `key`.
    pub fn move_from_incoming(&self, name: &str, key: &str) -> Result<()> {
        let mut action = self.bucket.put_object(Some(&self.credentials), key);
        let source = format!("incoming/{name}");
        action.headers_mut().insert("x-amz-copy-source", &source);
        let url = action.sign(SIGNATURE_VALID).to_string();
        let request = Request::put(target(&url), "").header("x-amz-copy-source", &source);
        let response = request.send(&Origin::parse(&url)?)?;
        let text = String::from_utf8_lossy(&response.body);
        ensure!(response.status == 200, "S3 answered {} to a copy: {text}", response.status);
        Ok(())
    }

    /// A signed URL for a put.
    pub fn put_url(&self, key: &str) -> String {
        let action = self.bucket.put_object(Some(&self.credentials), key);
        action.sign(SIGNATURE_VALID).to_string()
    }
}

/// Path and query of a URL.
pub fn target(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
}
