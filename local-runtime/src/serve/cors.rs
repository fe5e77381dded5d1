//! Which pages of other origins may read responses of the server itself, and which stored responses are
//! for whom: the setting `cors_origins`, as the edge follows it.

use http::{
    HeaderMap, HeaderValue,
    header::{ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, VARY},
};

/// The name of the resource policy, which `http` has not.
const CROSS_ORIGIN_RESOURCE_POLICY: &str = "cross-origin-resource-policy";

/// The origins of the setting.
#[derive(Debug, Default)]
pub(super) struct CorsOrigins(Vec<HeaderValue>);

impl CorsOrigins {
    /// Those of a checked setting: as browsers write them, separated by commas, or `*`.
    pub(super) fn new(setting: &str) -> Self {
        let origins = setting.split(',').filter(|origin| !origin.is_empty());
        Self(origins.filter_map(|origin| origin.parse().ok()).collect())
    }

    /// Whether responses differ by the origin of their requests.
    pub(super) fn vary(&self) -> bool {
        self.0.len() > 1
    }

    /// The value of `Access-Control-Allow-Origin` for a request with these fields. One origin and `*`
    /// are said to all.
    pub(super) fn allowed(&self, request: &HeaderMap) -> Option<&HeaderValue> {
        match self.0.as_slice() {
            [only] => Some(only),
            several => several.iter().find(|known| Some(*known) == request.get("origin")),
        }
    }

    /// Says in the fields of an error who may read it.
    pub(super) fn share(&self, allowed: Option<&HeaderValue>, response: &mut HeaderMap) {
        let policy = if self.0.is_empty() { "same-origin" } else { "cross-origin" };
        response.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static(policy));
        if self.vary() {
            response.insert(VARY, HeaderValue::from_static("Origin"));
        }
        if let Some(allowed) = allowed {
            response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed.clone());
            let exposed = HeaderValue::from_static(api::CORS_EXPOSE_HEADERS);
            response.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        }
    }
}
