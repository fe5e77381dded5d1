//! Names of blobs. The name of an object's blob also says the object's key, its content type and
//! when it was stored: `ID.MILLISECONDS.KEY.TYPE`, percent-encoded. From these names `--rebuild`
//! makes rows again when the database is lost.

use std::io;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::Result;

/// The end of a blob's name while it is being written.
pub(super) const PARTIAL_SUFFIX: &str = ".part";
/// Bytes of a file's name: the cap of the usual file systems.
const NAME_BYTES_MAX: usize = 255;
/// What is encoded beside everything that is not ASCII: what file systems and the form itself use.
const ENCODED: AsciiSet = CONTROLS.add(b'%').add(b'/').add(b'.').add(b'\\').add(b':');

/// What the name of a blob says of its object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BlobLabel {
    pub(super) key: String,
    pub(super) content_type: Option<String>,
    pub(super) modified_ms: i64,
}

impl BlobLabel {
    /// The label in a blob's name; `None` in names of parts, of long keys, and of earlier versions.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let mut fields = name.split('.');
        let id = fields.next()?;
        let modified_ms = fields.next()?.parse().ok()?;
        let (key, content_type) = (decode(fields.next()?)?, decode(fields.next()?)?);
        let is_label = is_id(id) && !key.is_empty() && fields.next().is_none();
        let content_type = Some(content_type).filter(|text| !text.is_empty());
        is_label.then_some(Self { key, content_type, modified_ms })
    }
}

/// 128 random bits, as 32 hexadecimal digits.
pub(crate) fn random_name() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::from)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// A new name for the blob of an object. A key that is too long for a file's name is left out.
pub(super) fn labelled_name(label: &BlobLabel) -> Result<String> {
    let id = random_name()?;
    let encode = |text| utf8_percent_encode(text, &ENCODED);
    let BlobLabel { key, content_type, modified_ms } = label;
    let content_type = encode(content_type.as_deref().unwrap_or_default());
    let name = format!("{id}.{modified_ms}.{}.{content_type}", encode(key));
    Ok(if name.len() <= NAME_BYTES_MAX { name } else { id })
}

/// Whether this is the name of a blob that is being written.
pub(super) fn is_partial(name: &str) -> bool {
    name.strip_suffix(PARTIAL_SUFFIX).is_some_and(is_id)
}

/// Whether this is a random name: 32 hexadecimal digits.
fn is_id(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn decode(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(key: &str, content_type: Option<&str>) -> BlobLabel {
        let content_type = content_type.map(str::to_owned);
        BlobLabel { key: key.to_owned(), content_type, modified_ms: 1_764_556_800_000 }
    }

    #[test]
    fn label_is_read_from_the_name_that_it_gave() {
        for label in [
            label("media/00112233445566778899aabbccddeeff", Some("video/mp4")),
            label("index/a/root.1", None),
            label("a.part", Some("part")),
            label("Ünïcode/100%/..", Some("text/plain; charset=\"utf-8\"")),
        ] {
            let name = labelled_name(&label).unwrap();
            assert!(!name.contains('/') && !is_partial(&name), "{name}");
            assert_eq!(BlobLabel::parse(&name), Some(label));
        }
    }

    #[test]
    fn other_names_have_no_label() {
        let id = "00112233445566778899aabbccddeeff";
        let long = labelled_name(&label(&"k".repeat(1024), None)).unwrap();
        let partial = format!("{id}{PARTIAL_SUFFIX}");
        assert!(is_partial(&partial));
        let others = [&long, &partial, id, "", "film.mp4", "x.1.key.type"];
        for name in others.map(str::to_owned).into_iter().chain([
            format!("{id}.1.key"),
            format!("{id}.1.key.type.more"),
            format!("{id}.1..type"),
            format!("{id}.one.key.type"),
        ]) {
            assert_eq!(BlobLabel::parse(&name), None, "{name}");
        }
    }
}
