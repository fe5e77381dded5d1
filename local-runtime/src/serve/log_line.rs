//! The text of a line of the access log.
//!
//! No line has a secret: of a query it shows the parameters that are none, of headers `Referer` without its
//! query and `User-Agent`. Only printable ASCII is written as it is, so that no line moves a terminal's cursor
//! or ends early.

use std::{
    fmt::Write as _,
    net::IpAddr,
    time::{Duration, UNIX_EPOCH},
};

use http::{
    HeaderMap, HeaderName, Request, StatusCode, Uri, Version,
    header::{REFERER, USER_AGENT},
};

use crate::config::AccessLogForm as Form;

/// Parameters of a query that are shown; of a signature, only that it was there.
const SHOWN_PARAMETERS: [&str; 11] = [
    "at",
    "audio",
    "download",
    "e",
    "format",
    "from",
    "k",
    "maxheight",
    "maxwidth",
    "until",
    "windows",
];
const SIGNATURE: &str = "s";
/// In place of what is not shown.
const HIDDEN: &str = "hidden";
/// Bytes of a text in a line: a request may have 32 KiB of them.
const TEXT_BYTES_MAX: usize = 1024;

/// What a line says of the request. Its texts are printable.
pub(super) struct RequestLine {
    client: IpAddr,
    time_ms: u64,
    method: String,
    target: String,
    version: Version,
    referer: String,
    user_agent: String,
}

impl RequestLine {
    /// The line of a request that arrives at `time_ms`, in milliseconds since 1970.
    pub(super) fn of<B>(request: &Request<B>, client: IpAddr, time_ms: i64) -> Self {
        let headers = request.headers();
        Self {
            client,
            time_ms: u64::try_from(time_ms).unwrap_or_default(),
            method: printable(request.method().as_str().as_bytes()),
            target: printable(shown_target(request.uri()).as_bytes()),
            version: request.version(),
            referer: printable(shown_referer(headers).as_bytes()),
            user_agent: printable(value(headers, &USER_AGENT)),
        }
    }

    /// The line, with its line feed.
    pub(super) fn text(&self, form: Form, status: StatusCode, bytes: u64, ms: u128) -> String {
        match form {
            Form::Combined => self.combined(status, bytes),
            Form::Json => self.json(status, bytes, ms),
        }
    }

    fn combined(&self, status: StatusCode, bytes: u64) -> String {
        let Self { client, method, target, version, .. } = self;
        let [referer, user_agent] =
            [&self.referer, &self.user_agent].map(|text| if text.is_empty() { "-" } else { text });
        // `Sun, 06 Nov 1994 08:49:37 GMT`, in another order.
        let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(self.time_ms));
        let mut parts = date.split(' ').skip(1);
        let mut next = || parts.next().unwrap_or_default();
        let [day, month, year, time] = [next(), next(), next(), next()];
        let status = status.as_u16();
        format!(
            "{client} - - [{day}/{month}/{year}:{time} +0000] \"{method} {target} {version:?}\" \
             {status} {bytes} \"{referer}\" \"{user_agent}\"\n"
        )
    }

    fn json(&self, status: StatusCode, bytes: u64, ms: u128) -> String {
        let line = serde_json::json!({
            "timeMs": self.time_ms,
            "client": self.client.to_string(),
            "method": self.method,
            "target": self.target,
            "protocol": format!("{:?}", self.version),
            "status": status.as_u16(),
            "bytes": bytes,
            "durationMs": u64::try_from(ms).unwrap_or(u64::MAX),
            "referer": self.referer,
            "userAgent": self.user_agent,
        });
        format!("{line}\n")
    }
}

/// The path, and the parameters of the query without secrets.
fn shown_target(uri: &Uri) -> String {
    let Some(query) = uri.query() else { return uri.path().to_owned() };
    let shown = query.split('&').map(|part| match part.split_once('=').map(|(name, _)| name) {
        Some(name) if SHOWN_PARAMETERS.contains(&name) => part.to_owned(),
        Some(SIGNATURE) => format!("{SIGNATURE}={HIDDEN}"),
        _ => HIDDEN.to_owned(),
    });
    format!("{}?{}", uri.path(), shown.collect::<Vec<_>>().join("&"))
}

/// `Referer` without its query; nothing of one that has a user's name in it.
fn shown_referer(headers: &HeaderMap) -> String {
    let text = String::from_utf8_lossy(value(headers, &REFERER)).into_owned();
    if text.contains('@') {
        return HIDDEN.to_owned();
    }
    text.split(['?', '#']).next().unwrap_or_default().to_owned()
}

fn value<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a [u8] {
    headers.get(name).map_or(&[], |value| value.as_bytes())
}

/// The beginning of a text, with all bytes escaped that are not printable, and those that end a text.
fn printable(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes.iter().take(TEXT_BYTES_MAX) {
        match byte {
            b'"' | b'\\' => text.extend(['\\', char::from(*byte)]),
            b' '..=b'~' => text.push(char::from(*byte)),
            // A String takes everything that is written to it.
            _ => drop(write!(text, "\\x{byte:02x}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(target: &str, headers: &[(&str, &[u8])]) -> RequestLine {
        let mut request = Request::get(target);
        for (name, value) in headers {
            request = request.header(*name, http::HeaderValue::from_bytes(value).unwrap());
        }
        RequestLine::of(&request.body(()).unwrap(), "203.0.113.7".parse().unwrap(), 784_111_777_000)
    }

    #[test]
    fn line_has_the_combined_form_or_is_json() {
        let agent: (&str, &[u8]) = ("user-agent", b"curl/8");
        let line = line("http://a.example/api/v2/media/00ff?at=5", &[agent]);
        assert_eq!(
            line.text(Form::Combined, StatusCode::PARTIAL_CONTENT, 10, 3),
            "203.0.113.7 - - [06/Nov/1994:08:49:37 +0000] \"GET /api/v2/media/00ff?at=5 HTTP/1.1\" \
             206 10 \"-\" \"curl/8\"\n"
        );
        let json = line.text(Form::Json, StatusCode::PARTIAL_CONTENT, 10, 3);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["timeMs"], 784_111_777_000_u64);
        assert_eq!((&json["status"], &json["bytes"]), (&206.into(), &10.into()));
        assert_eq!(json["target"], "/api/v2/media/00ff?at=5");
    }

    #[test]
    fn secrets_of_a_request_are_not_in_its_line() {
        let target = "http://a/m?e=1&k=key&s=c0ffee&token=c0ffee&c0ffee&at=2&%73=c0ffee";
        let headers: [(&str, &[u8]); 5] = [
            ("authorization", b"Bearer c0ffee"),
            ("cookie", b"firstframe_viewer=c0ffee"),
            ("x-client-token", b"c0ffee"),
            ("referer", b"https://a.example/page?s=c0ffee#c0ffee"),
            ("user-agent", b"x"),
        ];
        for form in [Form::Combined, Form::Json] {
            let text = line(target, &headers).text(form, StatusCode::OK, 0, 0);
            assert!(!text.contains("c0ffee"), "{text}");
            assert!(text.contains("/m?e=1&k=key&s=hidden&hidden&hidden&at=2&hidden"), "{text}");
            assert!(text.contains("https://a.example/page\""), "{text}");
            let named: [(&str, &[u8]); 1] = [("referer", b"https://me:c0ffee@a.example/")];
            assert!(!line(target, &named).text(form, StatusCode::OK, 0, 0).contains("c0ffee"));
        }
    }

    #[test]
    fn control_characters_and_quotes_of_a_request_are_escaped_and_long_texts_cut() {
        let agent = b"\"\\ \t\x80\xe2\x80\xae[2J".to_vec();
        let long = vec![b'x'; 30_000];
        for form in [Form::Combined, Form::Json] {
            let text =
                line("http://a/", &[("user-agent", &agent)]).text(form, StatusCode::OK, 0, 0);
            let printable = |byte: u8| (b' '..=b'~').contains(&byte);
            assert!(text.trim_end_matches('\n').bytes().all(printable), "{text}");
            assert!(text.contains("\\x09") && text.contains("\\xe2"), "{text}");
            let text = line("http://a/", &[("referer", &long)]).text(form, StatusCode::OK, 0, 0);
            assert!(text.len() < 2_000, "{}", text.len());
        }
        let text = line("http://a/", &[("user-agent", b"a\" \"b")]);
        let text = text.text(Form::Combined, StatusCode::OK, 0, 0);
        assert!(text.ends_with("\"a\\\" \\\"b\"\n"), "{text}");
    }
}
