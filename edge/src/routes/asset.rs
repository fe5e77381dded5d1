//! `GET | HEAD /assets/{name}`: the page's scripts, styles and wasm.

use crate::{
    error::Error,
    http::{Body, Headers, Reply},
    rules::{conditions, header_values},
    web::{self, Asset},
};

pub(super) fn read<S>(headers: &Headers, name: &str) -> Result<Reply<S>, Error> {
    let asset = web::asset(name).ok_or(Error::NotFound("asset"))?;
    Ok(send(headers, asset).with("cache-control", super::IMMUTABLE))
}

/// A file of the page, compressed where the client takes it.
pub(super) fn send<S>(headers: &Headers, asset: &Asset) -> Reply<S> {
    let gzip = asset.gzip.filter(|_| header_values::accepts_gzip(headers.get("accept-encoding")));
    // Two representations, two strong tags (RFC 9110 §8.8.3.3).
    let etag = if gzip.is_some() {
        format!("\"{}-gzip\"", asset.hash)
    } else {
        format!("\"{}\"", asset.hash)
    };
    let reply = if conditions::matches_if_none_match(headers, &etag) {
        Reply::new(304, Body::Empty)
    } else {
        let reply = Reply::new(200, Body::Static(gzip.unwrap_or(asset.bytes)))
            .with("content-type", asset.content_type);
        if gzip.is_some() { reply.with("content-encoding", "gzip") } else { reply }
    };
    let reply = reply.with("etag", etag);
    // What has one form only does not vary.
    if asset.gzip.is_some() { reply.with("vary", "Accept-Encoding") } else { reply }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: Asset = Asset {
        name: "app.0011223344556677.js",
        content_type: "text/javascript; charset=utf-8",
        hash: "0011",
        bytes: b"let a = 1;",
        gzip: Some(b"zipped"),
    };

    fn sent(headers: &[(&str, &str)], asset: &Asset) -> (u16, Vec<u8>, String, Option<String>) {
        let reply: Reply<()> = send(&Headers::of(headers), asset);
        let etag = reply.header("etag").unwrap().to_owned();
        let encoding = reply.header("content-encoding").map(str::to_owned);
        let Body::Static(bytes) = reply.body else {
            return (reply.status, Vec::new(), etag, encoding);
        };
        (reply.status, bytes.to_vec(), etag, encoding)
    }

    #[test]
    fn a_client_that_takes_gzip_gets_it_under_a_tag_of_its_own() {
        let gzip = Some("gzip".to_owned());
        assert_eq!(
            sent(&[("accept-encoding", "br, gzip")], &SCRIPT),
            (200, b"zipped".to_vec(), "\"0011-gzip\"".to_owned(), gzip)
        );
        assert_eq!(sent(&[], &SCRIPT), (200, b"let a = 1;".to_vec(), "\"0011\"".to_owned(), None));
    }

    #[test]
    fn a_client_that_has_the_same_form_gets_304() {
        let zipped = [("accept-encoding", "gzip"), ("if-none-match", "\"0011-gzip\"")];
        assert_eq!(sent(&zipped, &SCRIPT).0, 304);
        let other_form = [("accept-encoding", "gzip"), ("if-none-match", "\"0011\"")];
        assert_eq!(sent(&other_form, &SCRIPT).0, 200);
    }

    #[test]
    fn an_asset_that_does_not_compress_has_one_form() {
        let wasm = Asset { gzip: None, ..SCRIPT };
        let reply: Reply<()> = send(&Headers::of(&[("accept-encoding", "gzip")]), &wasm);
        assert_eq!(reply.header("vary"), None);
        assert_eq!(reply.header("content-encoding"), None);
    }
}
