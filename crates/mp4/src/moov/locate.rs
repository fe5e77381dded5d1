//! Finds the `moov` box of a file by its box headers, without bytes inside `mdat`.

use crate::boxes::header::{self, Header};
use crate::error::{Error, LARGE_MOOV, Result, SMALLER_THAN_HEADER};
use crate::limits::{
    BOXES_BEFORE_MOOV_MAX, HEAD_BYTES, HELD_BYTES_MAX, HELD_PIECES_MAX, MOOV_BYTES_MAX,
    MOOV_GUESS_BYTES, OFFSET_MAX,
};
use crate::range::ByteRange;

/// The state of a [`Locator`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocateStep {
    /// Feed bytes from the start of this range on: best all of them, at least one box header.
    Need(ByteRange),
    /// The range of the whole `moov` box.
    Moov(ByteRange),
}

/// Walks over the top-level boxes of a file to its `moov`.
///
/// Feed the bytes that [`Locator::next`] asks for, in any pieces, until it returns
/// [`LocateStep::Moov`].
#[derive(Clone, Debug)]
pub struct Locator {
    file_size: Option<u64>,
    /// Offset of the next box header.
    at: u64,
    boxes: u32,
    found: Option<Result<ByteRange>>,
    /// Copies of pieces that lie further on, until the walk reaches them.
    held: Vec<(u64, Vec<u8>)>,
    /// The bytes of the header at `at` that were fed.
    header: Vec<u8>,
}

impl Locator {
    /// For a file of `file_size` bytes, where that is known.
    pub fn new(file_size: Option<u64>) -> Self {
        Self { file_size, at: 0, boxes: 0, found: None, held: Vec::new(), header: Vec::new() }
    }

    /// Sets the file's size, once a response stated it.
    pub fn set_file_size(&mut self, file_size: u64) {
        self.file_size = Some(file_size);
    }

    /// Takes bytes of the file from `offset` on; pieces may come in any order and overlap.
    pub fn feed(&mut self, offset: u64, bytes: &[u8]) {
        self.walk(offset, bytes);
        // The walk may have reached a piece that was fed early.
        while self.found.is_none() {
            let at = self.wanted();
            let ready = |(start, piece): &(u64, Vec<u8>)| covers(*start, piece, at);
            let Some(i) = self.held.iter().position(ready) else { break };
            let (start, piece) = self.held.swap_remove(i);
            self.walk(start, &piece);
            self.hold(start, &piece);
        }
        if self.found.is_none() {
            self.hold(offset, bytes);
        } else {
            self.held = Vec::new();
        }
    }

    /// The range to feed next, or that of `moov`.
    ///
    /// Errors where the file is no MP4, has no `moov`, or is cut off before its end.
    pub fn next(&self) -> Result<LocateStep> {
        if let Some(found) = self.found {
            return found.map(LocateStep::Moov);
        }
        let at = self.wanted();
        if self.file_size == Some(0) {
            return Err(Error::file(0, "the file is empty"));
        }
        if self.file_size.is_some_and(|size| at >= size) {
            return Err(self.no_moov_error());
        }
        let guess = if self.at == 0 { HEAD_BYTES } else { MOOV_GUESS_BYTES };
        let end = at.saturating_add(guess).min(self.file_size.unwrap_or(u64::MAX));
        Ok(LocateStep::Need(ByteRange { start: at, end }))
    }

    fn wanted(&self) -> u64 {
        self.at.saturating_add(self.header.len() as u64)
    }

    fn no_moov_error(&self) -> Error {
        if self.boxes == 0 {
            return Error::file(self.at, "not an MP4 file: it is too short for one");
        }
        Error::file(
            self.at,
            "the file ends without a moov box: it is cut off or was never finished",
        )
    }

    /// Reads the box headers in `bytes` from the current one on.
    fn walk(&mut self, offset: u64, bytes: &[u8]) {
        while self.found.is_none() {
            let wanted = self.wanted();
            if !covers(offset, bytes, wanted) {
                return;
            }
            let skip = usize::try_from(wanted - offset).unwrap_or(usize::MAX);
            let rest = bytes.get(skip..).unwrap_or_default();
            let missing = header::len(&self.header).saturating_sub(self.header.len());
            self.header.extend(rest.iter().take(missing));
            if self.header.len() < header::len(&self.header) {
                continue;
            }
            let header = header::read(&self.header);
            self.enter(&header);
            self.header.clear();
        }
    }

    fn enter(&mut self, header: &Header) {
        let fault = |violation| Some(Err(Error::file(self.at, violation)));
        if self.boxes == 0 && !header.may_open_file() {
            // The id of an EBML header (RFC 8794 § 11.2.1).
            let is_matroska = header.size == Some(0x1a45_dfa3);
            let other = "not an MP4 file: it does not begin with a box";
            let matroska = "Matroska has no index; not read by Firstframe";
            self.found = fault(if is_matroska { matroska } else { other });
            return;
        }
        self.boxes += 1;
        if self.boxes > BOXES_BEFORE_MOOV_MAX {
            self.found = fault("over 256 boxes in front of moov; not read by Firstframe");
            return;
        }
        let least = self.header.len() as u64;
        let end = match header.size {
            Some(size) if size < least => {
                self.found = fault(SMALLER_THAN_HEADER);
                return;
            }
            Some(size) => Some(self.at.saturating_add(size)),
            None => self.file_size,
        };
        let past_end = self.file_size.zip(end).is_some_and(|(size, end)| end > size);
        if &header.kind == b"moov" {
            self.found = Some(self.moov(end, past_end));
            return;
        }
        match end {
            Some(end) if !past_end && end <= OFFSET_MAX => self.at = end,
            _ => {
                let mdat = &header.kind == b"mdat";
                self.found = fault(match (past_end, mdat) {
                    (true, true) => "the file is cut off in mdat, and moov would come behind it",
                    (true, false) => "a box reaches past the end of the file: it is cut off",
                    _ => "file has no moov box; § 8.2.1",
                });
            }
        }
    }

    /// The range of a `moov` that begins here and ends at `end`.
    fn moov(&self, end: Option<u64>, past_end: bool) -> Result<ByteRange> {
        let fault = |violation| Err(Error::file(self.at, violation));
        match end {
            Some(end) if past_end || end > OFFSET_MAX => {
                fault("moov reaches past the end of the file: it is cut off")
            }
            Some(end) if end - self.at > MOOV_BYTES_MAX => fault(LARGE_MOOV),
            Some(end) => Ok(ByteRange { start: self.at, end }),
            None => fault("moov has size 0 in a file of unknown size; § 4.2"),
        }
    }

    fn hold(&mut self, offset: u64, bytes: &[u8]) {
        let held: usize = self.held.iter().map(|(_, piece)| piece.len()).sum();
        let room = self.held.len() < HELD_PIECES_MAX && held + bytes.len() <= HELD_BYTES_MAX;
        let again = self.held.iter().any(|(start, piece)| *start == offset && piece == bytes);
        // Only a piece past the current header is of use later.
        if room && !again && offset > self.wanted() {
            self.held.push((offset, bytes.to_vec()));
        }
    }
}

fn covers(start: u64, piece: &[u8], at: u64) -> bool {
    start <= at && at - start < piece.len() as u64
}
