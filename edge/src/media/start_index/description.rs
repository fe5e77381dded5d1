//! What a start index says of its film.

use mp4::{
    TrackKind,
    start_index::{Root, StartIndex},
};

use super::store;
use crate::{error::Error, media::film::Film, platform::Platform};

/// A film, as its tracks describe it.
pub(crate) struct Description {
    /// Length in milliseconds.
    pub(crate) duration_ms: u64,
    /// Lines of the picture.
    pub(crate) height: Option<u32>,
    /// RFC 6381 names of the tracks that a browser plays.
    pub(crate) codec: String,
}

/// What the stored start index of a film says of it; `None` where there is none.
pub(crate) async fn description<P: Platform>(
    platform: &P,
    film: Film<'_>,
) -> Result<Option<Description>, Error> {
    let Some(root) = store::root(platform, film).await? else { return Ok(None) };
    let Ok(Root::Stored { head, .. }) = Root::read(&root) else { return Ok(None) };
    Ok(StartIndex::read(head).ok().map(|index| describe(&index)))
}

fn describe(index: &StartIndex<'_>) -> Description {
    let numbers = [TrackKind::Video, TrackKind::Audio].map(|kind| index.default_track(kind));
    let tracks = numbers.into_iter().flatten().filter_map(|number| {
        index.tracks().find(|(found, _)| *found == number).map(|(_, track)| track)
    });
    let tracks: Vec<_> = tracks.collect();
    let heights = tracks.iter().map(|track| u32::from(track.height)).filter(|height| *height > 0);
    let codecs: Vec<_> = tracks.iter().map(|track| track.codec.as_str()).collect();
    Description {
        duration_ms: tracks.iter().map(|track| track.duration_ms).max().unwrap_or_default(),
        height: heights.max(),
        codec: codecs.join(", "),
    }
}
