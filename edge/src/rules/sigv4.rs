//! Presigned URLs of S3: Signature Version 4 in the query.

use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::date;

/// Characters of a query that are not encoded.
const UNENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The key of a bucket.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    /// Region of the bucket.
    pub region: &'a str,
    /// Id of the key.
    pub access_key: &'a str,
    /// The key.
    pub secret_key: &'a str,
}

/// What is signed.
#[derive(Clone, Copy)]
pub struct SignedRequest<'a> {
    /// Its method, in upper case.
    pub method: &'a str,
    /// Its URL, whose query is not used. The host is that of the URL, so that both the bucket's own host
    /// name and a path that begins with the bucket are right.
    pub url: &'a Url,
    /// Parameters of its query, whose names are in lower case and sorted.
    pub parameters: &'a [(&'a str, &'a str)],
}

/// The URL of a request, signed for so many seconds.
pub fn presign(request: SignedRequest<'_>, key: Credentials<'_>, now_ms: u64, life_s: u64) -> Url {
    let SignedRequest { method, url, parameters } = request;
    let moment = date::write_basic(now_ms);
    let day = moment.get(..8).unwrap_or_default();
    let scope = format!("{day}/{}/s3/aws4_request", key.region);
    let encode = |text: &str| utf8_percent_encode(text, UNENCODED).to_string();
    let mut query = format!(
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}&X-Amz-Date={moment}&X-Amz-Expires={life_s}\
         &X-Amz-SignedHeaders=host",
        encode(&format!("{}/{scope}", key.access_key)),
    );
    // In the canonical request, names in lower case follow those that begin with `X`.
    for (name, value) in parameters {
        query.extend(["&", name, "=", &encode(value)]);
    }
    let host = url.host_str().unwrap_or_default();
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let request =
        format!("{method}\n{}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD", url.path());
    let hash = hex(&Sha256::digest(request.as_bytes()));
    let text = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hash}");
    let first = format!("AWS4{}", key.secret_key).into_bytes();
    let parts = [day, key.region, "s3", "aws4_request", &text];
    let signature = parts.iter().fold(first, |key, part| hmac(&key, part.as_bytes()));
    let mut signed = url.clone();
    signed.set_query(Some(&format!("{query}&X-Amz-Signature={}", hex(&signature))));
    signed
}

fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    // HMAC takes keys of every length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Amazon S3's documentation, "Authenticating Requests: Using Query Parameters".
    #[test]
    fn the_documented_example_has_its_signature() {
        let url = Url::parse("https://examplebucket.s3.amazonaws.com/test.txt");
        let key = Credentials {
            region: "us-east-1",
            access_key: "AKIAIOSFODNN7EXAMPLE",
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        };
        let signed = url.map(|url| {
            let request = SignedRequest { method: "GET", url: &url, parameters: &[] };
            presign(request, key, 1_369_353_600_000, 86_400)
        });
        assert_eq!(
            signed.map(String::from).as_deref(),
            Ok("https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
                &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
                &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
                &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
        );
    }

    #[test]
    fn signature_is_that_of_rusty_s3() {
        use rusty_s3::{Bucket, S3Action as _, UrlStyle};

        let endpoint = Url::parse("http://127.0.0.1:9000/below").unwrap();
        let bucket = Bucket::new(endpoint, UrlStyle::Path, "films", "eu-west-1").unwrap();
        let (access_key, secret_key) = ("A/KEY+", "s/ec+ret");
        let theirs = rusty_s3::Credentials::new(access_key, secret_key);
        let life = std::time::Duration::from_mins(5);
        let count = "100";
        let parameters = [
            ("encoding-type", "url"),
            ("list-type", "2"),
            ("max-keys", count),
            ("prefix", "a b/\u{e4}~+%&="),
        ];
        let key = "media/x y\u{e4}(1).mp4";
        let mut list = bucket.list_objects_v2(Some(&theirs));
        list.with_prefix(parameters[3].1);
        list.with_max_keys(100);
        let object = bucket.object_url(key);
        for (method, url, parameters, expected) in [
            ("HEAD", &object, &[][..], bucket.head_object(Some(&theirs), key).sign(life)),
            ("GET", &object, &[], bucket.get_object(Some(&theirs), key).sign(life)),
            ("PUT", &object, &[], bucket.put_object(Some(&theirs), key).sign(life)),
            ("DELETE", &object, &[], bucket.delete_object(Some(&theirs), key).sign(life)),
            ("GET", bucket.base_url(), &parameters, list.sign(life)),
        ] {
            let signed = |url: &Url| -> std::collections::BTreeMap<String, String> {
                url.query_pairs().map(|(name, value)| (name.into(), value.into())).collect()
            };
            let expected_query = signed(&expected);
            let moment = &expected_query["X-Amz-Date"];
            let now_ms = date::parse_basic(moment).unwrap() * 1000;
            let key = Credentials { region: "eu-west-1", access_key, secret_key };
            let ours = presign(SignedRequest { method, url, parameters }, key, now_ms, 300);
            assert_eq!(ours.path(), expected.path());
            assert_eq!(signed(&ours), expected_query, "{method}");
        }
    }
}
