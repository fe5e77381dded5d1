//! The status and headers of a response from another server.

/// The response headers that some rule reads. Adapters copy these, and those that the caller names.
pub const RESPONSE_HEADERS: [&str; 7] = [
    "content-encoding",
    "content-length",
    "content-range",
    "etag",
    "last-modified",
    "location",
    "retry-after",
];

/// The status and headers of a response. Names are in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResponseHead {
    /// HTTP status.
    pub status: u16,
    headers: Vec<(String, String)>,
}

impl ResponseHead {
    /// Copies those of [`RESPONSE_HEADERS`], and of `more`, that `value_of` has.
    pub fn copy(
        status: u16,
        more: &[String],
        mut value_of: impl FnMut(&str) -> Option<String>,
    ) -> Self {
        let names = RESPONSE_HEADERS.into_iter().chain(more.iter().map(String::as_str));
        let value = |name: &str| Some((name.to_owned(), value_of(name)?));
        Self { status, headers: names.filter_map(value).collect() }
    }

    /// The value, if the server sent one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}
