//! A request as plain data, whatever platform it came in on.

use super::Connection;

/// The request headers that some rule reads. Adapters copy these and no others.
pub const REQUEST_HEADERS: [&str; 14] = [
    "accept",
    "accept-encoding",
    "authorization",
    "cookie",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "origin",
    "range",
    "sec-fetch-site",
    "x-client-token",
    "x-forwarded-proto",
];

/// A request method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Read.
    Get,
    /// Read, without the body.
    Head,
    /// List the methods.
    Options,
    /// Replace.
    Put,
    /// Add.
    Post,
    /// Remove.
    Delete,
    /// Nothing that any route here knows.
    Other,
}

impl Method {
    /// Reads a method name, which is case-sensitive (RFC 9110 §9.1).
    pub fn parse(name: &str) -> Self {
        match name {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "OPTIONS" => Self::Options,
            "PUT" => Self::Put,
            "POST" => Self::Post,
            "DELETE" => Self::Delete,
            _ => Self::Other,
        }
    }

    /// The name that [`parse`](Self::parse) reads.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Delete => "DELETE",
            Self::Other => "OTHER",
        }
    }
}

/// Header values by lower-case name; several of one name are joined by commas (RFC 9110 §5.3).
#[derive(Debug, Clone, Default)]
pub struct Headers(Vec<(&'static str, String)>);

impl Headers {
    /// Copies those of [`REQUEST_HEADERS`] that `value_of` has.
    pub fn copy(mut value_of: impl FnMut(&str) -> Option<String>) -> Self {
        Self(REQUEST_HEADERS.iter().filter_map(|&name| Some((name, value_of(name)?))).collect())
    }

    /// Headers as a list: for tests and other clients within this process.
    pub fn of(list: &[(&str, &str)]) -> Self {
        Self::copy(|name| {
            list.iter().find(|(sent, _)| *sent == name).map(|(_, value)| (*value).to_owned())
        })
    }

    /// Puts a value in place of what the client sent.
    pub(crate) fn replace(&mut self, name: &'static str, value: String) {
        self.0.retain(|(known, _)| *known != name);
        self.0.push((name, value));
    }

    /// The value, if the client sent one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

/// One request.
#[derive(Debug)]
pub struct Request<U> {
    /// The method.
    pub method: Method,
    /// The path of the URL as it was sent, without the query.
    pub path: String,
    /// The query of the URL as it was sent; empty where there is none.
    pub query: String,
    /// The headers that some rule reads.
    pub headers: Headers,
    /// What the platform says of the connection.
    pub connection: Connection,
    /// The body.
    pub upload: U,
}
