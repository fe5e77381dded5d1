//! Box headers in a file of which only parts are known (§ 4.2).

/// A box header: the type and size of the box. `None`: it extends to the end of the file.
pub(crate) struct Header {
    pub(crate) kind: [u8; 4],
    pub(crate) size: Option<u64>,
}

impl Header {
    /// Reads the first bytes of a box; `None` where they are too few.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        (bytes.len() >= len(bytes)).then(|| read(bytes))
    }

    /// Whether a file may begin with it; a text file does not.
    pub(crate) fn may_open_file(&self) -> bool {
        FIRST_BOXES.contains(&self.kind)
    }

    /// Whether a segment of a fragmented file may begin with it.
    pub(crate) fn may_open_segment(&self) -> bool {
        self.may_open_file() || [*b"prft", *b"ssix", *b"mfra"].contains(&self.kind)
    }
}

/// Bytes of the header that begins with these bytes.
pub(crate) fn len(bytes: &[u8]) -> usize {
    if bytes.first_chunk() == Some(&[0, 0, 0, 1]) { 16 } else { 8 }
}

pub(crate) fn read(bytes: &[u8]) -> Header {
    let short = bytes.first_chunk().map_or(0, |b| u32::from_be_bytes(*b));
    let kind = bytes.get(4..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default();
    let long = bytes.get(8..).and_then(<[u8]>::first_chunk).map(|b| u64::from_be_bytes(*b));
    let size = match short {
        0 => None,
        1 => Some(long.unwrap_or(0)),
        size => Some(u64::from(size)),
    };
    Header { kind, size }
}

/// Boxes that files begin with.
const FIRST_BOXES: [[u8; 4]; 16] = [
    *b"ftyp", *b"moov", *b"mdat", *b"free", *b"skip", *b"wide", *b"pnot", *b"styp", *b"moof",
    *b"sidx", *b"uuid", *b"udta", *b"PICT", *b"pdin", *b"emsg", *b"junk",
];
