//! What the responses of an object store say: S3's errors, and its list of uploads.

use anyhow::anyhow;

use super::http_client::{AttemptError, HttpResponse, status_name};

/// A multipart upload that was neither completed nor aborted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PendingUpload {
    pub(crate) key: String,
    pub(crate) upload_id: String,
}

/// The response, if it says that the store did what was asked; else an error with what it says.
pub(super) fn checked(
    response: HttpResponse,
    doing: &str,
    key: &str,
) -> Result<HttpResponse, AttemptError> {
    if (200..=299).contains(&response.status) {
        return Ok(response);
    }
    let text = response.text();
    let code = values(&text, "Code").next().unwrap_or_default();
    let message = values(&text, "Message").next().unwrap_or_default();
    let advice = match (response.status, code) {
        (403, _) => "; check the S3 keys, and the clocks of both machines",
        (507, _) | (_, "InsufficientStorage") => "; free some space there and publish again",
        (404, "NoSuchBucket") => "; create the bucket, or check --s3-bucket",
        _ => "",
    };
    let detail = [code, message].join(" ");
    let error = anyhow!(
        "{doing} {key}: the object store answered {} {}{advice}",
        status_name(response.status),
        detail.trim()
    );
    Err(if response.is_transient() {
        AttemptError::Transient(error)
    } else {
        AttemptError::Permanent(error)
    })
}

/// The error in the body of a 200 response: S3 reports late failures so.
pub(super) fn checked_body(
    response: HttpResponse,
    key: &str,
) -> Result<HttpResponse, AttemptError> {
    let text = response.text();
    match values(&text, "Error").next() {
        None => Ok(response),
        Some(inner) => {
            let message = values(inner, "Message").next().unwrap_or(inner);
            Err(AttemptError::Transient(anyhow!("{key}: the object store failed: {message}")))
        }
    }
}

/// The uploads of a list, the newest last.
pub(super) fn uploads_in(text: &str) -> Vec<PendingUpload> {
    let mut uploads: Vec<(&str, PendingUpload)> = values(text, "Upload")
        .filter_map(|upload| {
            let pending = PendingUpload {
                key: values(upload, "Key").next()?.to_owned(),
                upload_id: values(upload, "UploadId").next()?.to_owned(),
            };
            Some((values(upload, "Initiated").next().unwrap_or_default(), pending))
        })
        .collect();
    uploads.sort_by_key(|(initiated, _)| *initiated);
    uploads.into_iter().map(|(_, pending)| pending).collect()
}

/// The content of each `<name>…</name>`: enough XML for S3's flat responses, whose values here (keys
/// of hexadecimal digits, ids, codes) need no escapes.
fn values<'t>(text: &'t str, name: &str) -> impl Iterator<Item = &'t str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(&open)?;
        let (value, tail) = after.split_once(&close)?;
        rest = tail;
        Some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pending_uploads_are_read_newest_last() {
        let upload = |id, month| {
            format!(
                "<Upload><Key>media/a</Key><UploadId>{id}</UploadId>\
                 <Initiated>2026-{month}-01T00:00:00Z</Initiated></Upload>"
            )
        };
        let text = format!(
            "<ListMultipartUploadsResult><Bucket>b</Bucket>{}{}</ListMultipartUploadsResult>",
            upload(2, "02"),
            upload(1, "01")
        );
        let ids: Vec<_> = uploads_in(&text).into_iter().map(|pending| pending.upload_id).collect();
        assert_eq!(ids, ["1", "2"]);
        assert!(uploads_in("<html>").is_empty());
    }
}
