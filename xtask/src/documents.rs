//! The documents that the edge completes: pages of one episode, with their first script and style in them.
//!
//! The edge writes what is of the episode between their parts. Each part is also compressed by itself,
//! so that the edge can put a compressed document together without a compressor.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::{Context as _, Result, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compress, Compression, FlushCompress, Status};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// The documents, by the names of their files in `edge/page`.
pub(crate) const DOCUMENTS: [&str; 2] = ["watch.html", "embed.html"];
/// Where the edge writes: the head of an episode's page, and what the page shows of it.
const GAPS: [&str; 2] = ["<!-- head of the episode -->", "<!-- the episode -->"];
/// The element for the script, and the beginning and the end of the one for styles.
const SCRIPT: &str = "<script data-inline></script>";
const STYLE: (&str, &str) = ("<style data-inline=\"", "\"></style>");

/// A document in the manifest.
#[derive(Debug, Serialize)]
pub(crate) struct Document {
    name: String,
    /// Hashes of its inline script and style, as a content security policy has them.
    script: String,
    style: String,
    /// File names of its parts; those of the compressed ones have `.deflate` behind them.
    parts: Vec<String>,
}

/// A document with its script and styles in it.
pub(crate) fn with_inline(
    html: &str,
    script: &str,
    files: &BTreeMap<String, Vec<u8>>,
) -> Result<String> {
    let (before, rest) = html.split_once(STYLE.0).context("a document has no inline style")?;
    let (names, after) = rest.split_once(STYLE.1).context("an inline style has no end")?;
    let names: Vec<&str> = names.split(' ').collect();
    let style = style(files, &names)?;
    if !after.contains(SCRIPT) {
        bail!("a document has no line `{SCRIPT}`");
    }
    let after = after.replace(SCRIPT, &format!("<script>{script}</script>"));
    Ok(format!("{before}<style>{style}</style>{after}"))
}

/// Style sheets, one behind the other, without comments and white space.
pub(crate) fn style(files: &BTreeMap<String, Vec<u8>>, names: &[&str]) -> Result<String> {
    let sheets = names.iter().map(|name| {
        let bytes = files.get(*name).with_context(|| format!("there is no style sheet {name}"))?;
        short_style(std::str::from_utf8(bytes)?).with_context(|| format!("in {name}"))
    });
    Ok(sheets.collect::<Result<Vec<_>>>()?.concat())
}

/// A style sheet without comments, and with white space only where it separates (CSS Syntax 3 §4).
fn short_style(text: &str) -> Result<String> {
    let mut short = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' | '\'' => rest.get(1..).and_then(|text| text.find(first)).map(|at| at + 2),
            '/' if rest.starts_with("/*") => rest.find("*/").map(|at| at + 2),
            _ if first.is_whitespace() => {
                Some(rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len()))
            }
            _ => Some(first.len_utf8()),
        };
        let length = length.context("a text or a comment has no end")?;
        let (token, after) = rest.split_at(length);
        rest = after;
        if token.starts_with("/*") {
            continue;
        }
        if first.is_whitespace() {
            let ends = short.is_empty() || short.ends_with(['{', '}', ';', ':', ',', ' ']);
            let begins = rest.starts_with(['{', '}']) || rest.is_empty();
            short += if ends || begins { "" } else { " " };
        } else {
            if first == '}' && short.ends_with(';') {
                short.pop();
            }
            short += token;
        }
    }
    Ok(short)
}

/// Parts of a document, which are written to `files`, and what the edge has to know of it.
pub(crate) fn split(
    name: &str,
    html: &str,
    files: &mut BTreeMap<PathBuf, Vec<u8>>,
) -> Result<Document> {
    let mut parts = Vec::new();
    let mut rest = html;
    for gap in GAPS {
        let (part, after) =
            rest.split_once(gap).with_context(|| format!("{name} has no line `{gap}`"))?;
        parts.push(part);
        rest = after;
    }
    // The script is a part of its own: it is the same in all documents, and then stored once.
    let script = rest.find("<script>").zip(rest.find("</script>").map(|at| at + "</script>".len()));
    let (from, to) =
        script.with_context(|| format!("{name} has no inline script behind its gaps"))?;
    let (before, rest) = rest.split_at(from);
    let (script, after) = rest.split_at(to - from);
    parts.extend([before, script, after]);
    let mut names = Vec::new();
    for (place, part) in parts.iter().enumerate() {
        let name = format!("{name}.{place}");
        files.insert(format!("{name}.deflate").into(), deflated(part.as_bytes())?);
        files.insert(name.clone().into(), part.as_bytes().to_vec());
        names.push(name);
    }
    let (script, style) = (hash_of("script", html), hash_of("style", html));
    let script = script.with_context(|| format!("{name} has no inline script"))?;
    let style = style.with_context(|| format!("{name} has no inline style"))?;
    Ok(Document { name: name.to_owned(), script, style, parts: names })
}

/// `sha256-…` of the content of the first such element (CSP 3 §2.3.1).
fn hash_of(element: &str, html: &str) -> Option<String> {
    let (_, rest) = html.split_once(&format!("<{element}>"))?;
    let (content, _) = rest.split_once(&format!("</{element}>"))?;
    Some(format!("sha256-{}", STANDARD.encode(Sha256::digest(content))))
}

/// Blocks of DEFLATE (RFC 1951) that refer to nothing in front of them, end at a byte, and are not the
/// last ones.
fn deflated(bytes: &[u8]) -> Result<Vec<u8>> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let mut deflate = Compress::new(Compression::best(), false);
    let mut blocks = Vec::with_capacity(bytes.len() + 64);
    let status = deflate.compress_vec(bytes, &mut blocks, FlushCompress::Full)?;
    if status != Status::Ok || deflate.total_in() != bytes.len() as u64 {
        bail!("a part of a document was not compressed whole");
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::DeflateDecoder;

    use super::*;

    #[test]
    fn style_keeps_white_space_where_it_separates() {
        let text = "/* a */\n.a > .b ,\n.c :hover {\n  margin: 1px  calc(1px + 2px);\n  \
                    content: \"a ;  b /* c */\";\n}\n@media (min-width: 1px) { a { top: 0; } }\n";
        assert_eq!(
            short_style(text).unwrap(),
            ".a > .b ,.c :hover{margin:1px calc(1px + 2px);content:\"a ;  b /* c */\"}\
             @media (min-width:1px){a{top:0}}"
        );
        assert!(short_style("a { content: \"b }").is_err());
    }

    #[test]
    fn parts_and_what_stands_between_them_are_one_stream_of_deflate() {
        let html = format!("<style>a</style>{}<p>{}</p><script>b</script>", GAPS[0], GAPS[1]);
        let mut files = BTreeMap::new();
        let document = split("watch.html", &html, &mut files).unwrap();
        assert_eq!(document.script, "sha256-PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0=");
        let blocks = |part: usize| &files[&PathBuf::from(format!("watch.html.{part}.deflate"))];
        let stored = [0, 1, 0, 254, 255, b'x'];
        let last = [1, 0, 0, 255, 255];
        let behind = [blocks(2), blocks(3), blocks(4)].map(Vec::as_slice).concat();
        let all = [&blocks(0)[..], &stored, blocks(1), &stored, &behind, &last].concat();
        let mut text = String::new();
        DeflateDecoder::new(&all[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text, "<style>a</style>x<p>x</p><script>b</script>");
    }
}
