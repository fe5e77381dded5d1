//! `GET | HEAD /assets/{name}`: the page's scripts, styles and wasm.

use std::borrow::Cow;

use crate::{
    error::Error,
    http::{Body, Headers, Reply},
    rules::{conditions, header_values},
    web::{self, Asset},
};

pub(super) fn read<S>(headers: &Headers, name: &str) -> Result<Reply<S>, Error> {
    let asset = web::asset(name).ok_or(Error::NotFound("asset"))?;
    Ok(for_every_site(send(headers, asset)?.with("cache-control", super::IMMUTABLE)))
}

/// The player says nothing of the library: pages of any site may run it.
pub(super) fn for_every_site<S>(reply: Reply<S>) -> Reply<S> {
    reply
        .with("access-control-allow-origin", "*")
        .with("cross-origin-resource-policy", "cross-origin")
}

/// A file of the page, compressed where the client takes it.
pub(super) fn send<S>(headers: &Headers, asset: &Asset) -> Result<Reply<S>, Error> {
    let accepts_gzip = header_values::accepts_gzip(headers.get("accept-encoding"));
    let is_gzip = asset.is_gzip && accepts_gzip;
    // Two representations, two strong tags (RFC 9110 §8.8.3.3).
    let etag = format!("\"{}{}\"", asset.hash, if is_gzip { "-gzip" } else { "" });
    let reply = if conditions::matches_if_none_match(headers, &etag) {
        Reply::new(304, Body::Empty)
    } else {
        let reply = Reply::new(200, body(asset, is_gzip)?).with("content-type", asset.content_type);
        if is_gzip { reply.with("content-encoding", "gzip") } else { reply }
    };
    let reply = reply.with("etag", etag);
    // What has one form only does not vary.
    Ok(if asset.is_gzip { reply.with("vary", "Accept-Encoding") } else { reply })
}

fn body<S>(asset: &Asset, is_gzip: bool) -> Result<Body<S>, Error> {
    if is_gzip {
        return Ok(Body::Static(asset.stored));
    }
    match asset.plain() {
        Some(Cow::Borrowed(bytes)) => Ok(Body::Static(bytes)),
        Some(Cow::Owned(bytes)) => Ok(Body::Bytes(bytes)),
        None => Err(Error::PageMissing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &[u8] = b"let a = 1;";
    /// The same by gzip.
    const ZIPPED: &[u8] =
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcbI-QHT\xb0U0\xb4\x06\x00d\x951\x96\x0a\x00\x00\x00";
    const SCRIPT: Asset = Asset {
        name: "app.0011223344556677.js",
        content_type: "text/javascript; charset=utf-8",
        hash: "0011",
        stored: ZIPPED,
        is_gzip: true,
    };

    fn sent(headers: &[(&str, &str)], asset: &Asset) -> (u16, Vec<u8>, String, Option<String>) {
        let reply: Reply<()> = send(&Headers::of(headers), asset).unwrap();
        let etag = reply.header("etag").unwrap().to_owned();
        let encoding = reply.header("content-encoding").map(str::to_owned);
        let bytes = match reply.body {
            Body::Static(bytes) => bytes.to_vec(),
            Body::Bytes(bytes) => bytes,
            Body::Empty | Body::Stream(()) | Body::Joined(_) => Vec::new(),
        };
        (reply.status, bytes, etag, encoding)
    }

    #[test]
    fn a_client_that_takes_gzip_gets_it_under_a_tag_of_its_own() {
        let gzip = Some("gzip".to_owned());
        assert_eq!(
            sent(&[("accept-encoding", "br, gzip")], &SCRIPT),
            (200, ZIPPED.to_vec(), "\"0011-gzip\"".to_owned(), gzip)
        );
        assert_eq!(sent(&[], &SCRIPT), (200, PLAIN.to_vec(), "\"0011\"".to_owned(), None));
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
        let wasm = Asset { stored: PLAIN, is_gzip: false, ..SCRIPT };
        let reply: Reply<()> = send(&Headers::of(&[("accept-encoding", "gzip")]), &wasm).unwrap();
        assert!(matches!(reply.body, Body::Static(PLAIN)));
        assert_eq!(reply.header("vary"), None);
        assert_eq!(reply.header("content-encoding"), None);
    }

    #[test]
    fn damaged_asset_is_an_error() {
        for stored in [&ZIPPED[..12], &ZIPPED[..5], &[]] {
            let damaged = Asset { stored, ..SCRIPT };
            assert!(send::<()>(&Headers::default(), &damaged).is_err());
        }
        let mut longer = ZIPPED.to_vec();
        longer[ZIPPED.len() - 4] -= 1;
        let longer = Asset { stored: longer.leak(), ..SCRIPT };
        assert!(send::<()>(&Headers::default(), &longer).is_err());
    }
}
