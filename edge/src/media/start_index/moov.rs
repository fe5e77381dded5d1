//! A film's `moov`, read once, wherever it is.

use std::borrow::Cow;

use mp4::locate::{LocateStep, Locator};

use super::film_file::FilmFile;
use crate::{error::Error, http::ByteRange, platform::Platform};

/// Reads of the own store for box headers: real films have fewer than ten boxes before `moov`.
const READ_COUNT_MAX: usize = 16;

/// A film's `moov`.
pub(super) struct Moov<'a> {
    /// Where in the file it lies.
    pub(super) place: ByteRange,
    pub(super) bytes: Cow<'a, [u8]>,
}

/// Reads `moov`; the inner error says why the film has none, which stays so.
pub(super) async fn read<'a, P: Platform>(
    platform: &P,
    file: &FilmFile<'a>,
) -> Result<Result<Moov<'a>, String>, Error> {
    let place = match file.upstream() {
        Some(upstream) => {
            upstream.moov().ok_or_else(|| "the file's boxes lead to no moov box".to_owned())
        }
        None => locate(platform, file).await?,
    };
    match place {
        Ok(place) => Ok(Ok(Moov { place, bytes: file.read(platform, place).await? })),
        Err(why) => Ok(Err(why)),
    }
}

/// Walks over the boxes of a file to its `moov`.
async fn locate<P: Platform>(
    platform: &P,
    file: &FilmFile<'_>,
) -> Result<Result<ByteRange, String>, Error> {
    let size_bytes = file.size_bytes();
    let mut locator = Locator::new(Some(size_bytes));
    for _ in 0..READ_COUNT_MAX {
        let need = match locator.next() {
            Ok(LocateStep::Need(need)) => need,
            Ok(LocateStep::Moov(range)) => {
                return Ok(Ok(ByteRange { start: range.start, end: range.end }));
            }
            Err(why) => return Ok(Err(why.to_string())),
        };
        let end = need.end.min(size_bytes);
        if need.start >= end {
            return Ok(Err("the file ends before its moov box".to_owned()));
        }
        let range = ByteRange { start: need.start, end };
        locator.feed(range.start, &file.read(platform, range).await?);
    }
    Ok(Err("the file's boxes lead to no moov box".to_owned()))
}
