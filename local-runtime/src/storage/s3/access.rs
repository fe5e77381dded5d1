//! Which signed requests are refused: those by URLs that are valid for too long.

use percent_encoding::percent_decode_str;
use s3s::{
    S3Result,
    access::{S3Access, S3AccessContext},
    s3_error,
};

use crate::storage::clock;

/// Time for which a signed URL may be valid: S3's cap of seven days.
const URL_SECONDS_MAX: i64 = 7 * 24 * 60 * 60;

/// Checks each request after its signature.
pub(super) struct SignedRequests;

#[async_trait::async_trait]
impl S3Access for SignedRequests {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        if context.credentials().is_none() {
            return Err(s3_error!(AccessDenied, "the request has no signature"));
        }
        let query = context.uri().query().unwrap_or_default();
        if valid_seconds(query, clock::now_ms()).is_some_and(|valid| valid > URL_SECONDS_MAX) {
            let message = "a signed URL is valid for at most seven days (604,800 seconds)";
            return Err(s3_error!(AuthorizationQueryParametersError, "{message}"));
        }
        Ok(())
    }
}

/// For how long the URL with this query is valid, where it has a signature: version 4 says seconds
/// from its date on, version 2 a time since 1970.
fn valid_seconds(query: &str, now_ms: i64) -> Option<i64> {
    let value = |name: &str| {
        let mut fields = query.split('&').filter_map(|field| field.split_once('='));
        let (_, value) = fields.find(|(field, _)| percent_decode_str(field).eq(name.bytes()))?;
        let value = percent_decode_str(value).decode_utf8().ok()?;
        // A number that is too large for an integer is too large for a time, too.
        Some(value.parse::<i64>().unwrap_or(i64::MAX))
    };
    let until = || value("Expires").map(|until| until.saturating_sub(now_ms / 1000));
    value("X-Amz-Expires").or_else(until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validity_of_a_url_is_read_from_its_query() {
        let now_ms = 1_000_000_000_000;
        for (query, expected) in [
            ("", None),
            ("list-type=2&prefix=Expires", None),
            ("X-Amz-Expires=604800&X-Amz-Signature=a", Some(604_800)),
            ("X-Amz-Expires=4294967295", Some(4_294_967_295)),
            ("X%2DAmz%2DExpires=1", Some(1)),
            ("AWSAccessKeyId=a&Expires=1000000060&Signature=b", Some(60)),
            ("Expires=99999999999999999999", Some(i64::MAX - 1_000_000_000)),
        ] {
            assert_eq!(valid_seconds(query, now_ms), expected, "{query}");
        }
    }
}
