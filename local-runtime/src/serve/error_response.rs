//! Responses of the server itself, where the component sent none: the JSON errors of the API.

use api::{Envelope, ErrorBody, ErrorCode};
use bytes::Bytes;
use http::{
    HeaderValue, Response, StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER,
        X_CONTENT_TYPE_OPTIONS,
    },
};
use http_body_util::{BodyExt as _, Full};
use wasmtime_wasi_http::{
    Error, WasiBody,
    handler::{ExpirationError, InstantiationError},
};

/// An error that is opened as a page can do nothing, as the edge's own.
const CSP: &str = "default-src 'none'; frame-ancestors 'none'";

/// The response to a request on which the component failed. Logs the cause.
pub(super) fn component_failure(error: &wasmtime::Error) -> Response<WasiBody> {
    if error.is::<InstantiationError<()>>() {
        tracing::warn!(error = format!("{error:#}"), "cannot start another instance of the edge");
        return error_response(
            StatusCode::SERVICE_UNAVAILABLE,
            "the server has no free instance of the edge; try again in a second",
        );
    }
    if error.is::<ExpirationError>() {
        return error_response(
            StatusCode::GATEWAY_TIMEOUT,
            "the edge started no response within the server's request_timeout_seconds",
        );
    }
    tracing::error!(error = format!("{error:#}"), "the edge failed on a request");
    error_response(
        StatusCode::INTERNAL_SERVER_ERROR,
        "the edge failed; the server's log has the cause",
    )
}

/// An error response with a JSON envelope.
pub(super) fn error_response(status: StatusCode, message: &str) -> Response<WasiBody> {
    let code = match status {
        StatusCode::BAD_REQUEST | StatusCode::REQUEST_TIMEOUT | StatusCode::URI_TOO_LONG => {
            ErrorCode::InvalidPayload
        }
        StatusCode::PAYLOAD_TOO_LARGE => ErrorCode::PayloadTooLarge,
        StatusCode::MISDIRECTED_REQUEST => ErrorCode::UnknownHost,
        _ => ErrorCode::StorageUnavailable,
    };
    let envelope = Envelope::<()>::error(ErrorBody { code, message: message.to_owned() });
    let json = serde_json::to_vec(&envelope).unwrap_or_default();
    let length = json.len();
    let body = Full::new(Bytes::from(json)).map_err(Error::from).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from(1));
    }
    response
}
