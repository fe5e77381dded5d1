//! A start, planned on what is stored: `mp4::start_index::plan_from_packs` says which pack it needs.

use std::rc::Rc;

use futures::{FutureExt as _, future::LocalBoxFuture};
use mp4::{
    TrackKind,
    fragment::Payload,
    plan::Selection,
    start_index::{self, PlanStep, Root, StartIndex, StartPosition, StartRequest},
};

use super::{build::build, film_file::MoovSource, store};
use crate::{
    error::Error,
    media::film::Film,
    platform::Platform,
    rules::start_query::{AudioChoice, StartQuery, Until},
};

/// Length of a window: long enough that headers are few, short enough that a seek wastes little.
const WINDOW_MS: u64 = 10_000;
/// Length of the first window behind the requested time: its headers come before the first picture, and
/// 9 KB of them take 4 ms at 20 Mbit/s. The player requests more while these bytes arrive.
const FIRST_MS: u64 = 2_000;
/// Pictures that a browser wants to have before it shows the first, besides one for each thread of its
/// decoder: some are shown in another order than they come in.
const PICTURES_BESIDE_THREADS: u32 = 5;
/// Threads of Chromium's decoder of H.264 and HEVC: three for so many points of a picture, at least two.
const POINTS_OF_THREE_THREADS: u32 = 1920 * 1080;
const THREADS_MIN: u32 = 2;
const THREADS_MAX: u32 = 16;
/// Packs read for one response: minutes of a film are in one or two.
const PACK_COUNT_MAX: usize = 16;

/// What a client gets in front of the film's bytes.
pub(crate) struct Start {
    /// Bytes of the film's file.
    pub(crate) size_bytes: u64,
    /// Tracks, windows and their headers.
    pub(crate) answer: start_index::Start,
    /// Where the bytes end that the first picture needs; none where the query has no `until`.
    pub(crate) picture_end: Option<u64>,
}

/// Plans a start, and builds the start index where none is stored.
pub(crate) async fn start<P: Platform>(
    platform: &P,
    film: Film<'_>,
    query: &StartQuery,
) -> Result<Start, Error> {
    if let Some(start) = stored_start(platform, film, query).await? {
        return Ok(start);
    }
    let root = build(platform, &MoovSource::Film(film)).await?;
    let lost = || {
        Error::StorageUnavailable(format!(
            "the start index of {} was built and is not stored",
            film.id()
        ))
    };
    plan_on_root(platform, film, &root, query).await?.ok_or_else(lost)
}

/// Plans a start on the stored start index; none where that is missing or incomplete.
pub(crate) async fn stored_start<P: Platform>(
    platform: &P,
    film: Film<'_>,
    query: &StartQuery,
) -> Result<Option<Start>, Error> {
    let Some(root) = store::root(platform, film).await? else { return Ok(None) };
    let start = plan_on_root(platform, film, &root, query).await?;
    if start.is_none() {
        store::forget(platform, film.id());
    }
    Ok(start)
}

/// None where a pack is missing.
async fn plan_on_root<P: Platform>(
    platform: &P,
    film: Film<'_>,
    root: &[u8],
    query: &StartQuery,
) -> Result<Option<Start>, Error> {
    let invalid = |error: mp4::Error| Error::NoIndex(error.to_string());
    let (size_bytes, names, head) = match Root::read(root).map_err(invalid)? {
        Root::Stored { size_bytes, names, head } => (size_bytes, names, head),
        Root::Refused(why) => return Err(Error::NoIndex(why.to_owned())),
    };
    let head = StartIndex::read(head).map_err(invalid)?;
    let selection = selection(&head, query)?;
    let mut plan = Plan { platform, film, names, head, packs: Vec::new() };
    let request = |from, span_ms, count| StartRequest { selection, from, span_ms, count };
    let StartPosition::Time(time_ms) = query.from else {
        let answer = plan.step(request(query.from, WINDOW_MS, query.windows)).await?;
        return Ok(answer.map(|answer| Start { size_bytes, answer, picture_end: None }));
    };
    let Some(mut answer) = plan.step(request(query.from, FIRST_MS, 1)).await? else {
        return Ok(None);
    };
    let picture_end = query.until.and_then(|until| picture_end(&plan.head, &answer, until));
    let behind_key_ms = time_ms.saturating_sub(answer.start_ms);
    if behind_key_ms > 0 {
        let longer = plan.step(request(query.from, behind_key_ms + FIRST_MS, 1)).await?;
        let Some(longer) = longer else { return Ok(None) };
        answer = longer;
    }
    if let Some(first) = answer.windows.first().filter(|_| query.windows > 1) {
        let rest = request(StartPosition::Cursor(first.next), WINDOW_MS, query.windows - 1);
        let Some(rest) = plan.step(rest).await? else { return Ok(None) };
        answer.windows.extend(rest.windows);
    }
    Ok(Some(Start { size_bytes, answer, picture_end }))
}

/// Where those pictures end in the first range of an answer that a browser wants to have before it shows the
/// first, and the first run of sound beside them: without sound it shows none of a film that has some.
fn picture_end(head: &StartIndex<'_>, answer: &start_index::Start, until: Until) -> Option<u64> {
    let all = answer.windows.first()?.fetches.first()?;
    let video = |number: usize| {
        let mut tracks = head.tracks();
        tracks.find(|(known, track)| *known == number && track.kind == TrackKind::Video)
    };
    let pictures = all.fragments.iter().find_map(|fragment| {
        let (_, track) = video(fragment.track)?;
        let more = u32::from(until == Until::Still);
        fragment.sample_end(pictures_before_first(track.width, track.height) + more - 1)
    })?;
    let sound = all.fragments.iter().find_map(|fragment| match &fragment.payload {
        Payload::Gather(runs) => runs.first().map(|run| run.end),
        Payload::AsIs => None,
    });
    Some((all.range.start + pictures.max(sound.unwrap_or_default())).min(all.range.end))
}

/// How many pictures of this size a browser that plays wants to have before it shows the first; one that
/// is paused wants one more.
fn pictures_before_first(width: u16, height: u16) -> u32 {
    let points = u32::from(width) * u32::from(height);
    let threads = points.saturating_mul(3).div_ceil(POINTS_OF_THREE_THREADS);
    PICTURES_BESIDE_THREADS + threads.clamp(THREADS_MIN, THREADS_MAX)
}

/// A film, and what of it was read so far.
struct Plan<'a, P> {
    platform: &'a P,
    film: Film<'a>,
    names: Vec<&'a str>,
    head: StartIndex<'a>,
    packs: Vec<(u32, Rc<[u8]>)>,
}

impl<P: Platform> Plan<'_, P> {
    /// None where a pack is missing. Boxed, for one handler has room for it several times.
    fn step(
        &mut self,
        request: StartRequest,
    ) -> LocalBoxFuture<'_, Result<Option<start_index::Start>, Error>> {
        self.read_and_step(request).boxed_local()
    }

    async fn read_and_step(
        &mut self,
        request: StartRequest,
    ) -> Result<Option<start_index::Start>, Error> {
        let Self { platform, film, names, head, packs } = self;
        let invalid = |error: mp4::Error| Error::NoIndex(error.to_string());
        loop {
            let seen: Vec<_> = packs.iter().map(|(number, pack)| (*number, &**pack)).collect();
            let number = match start_index::plan_from_packs(head, &seen, request) {
                Ok(PlanStep::Done(answer)) => return Ok(Some(answer)),
                Ok(PlanStep::NeedPack(number)) => number,
                // A cursor is the client's, all else is ours.
                Err(error) if matches!(request.from, StartPosition::Cursor(_)) => {
                    return Err(Error::InvalidPayload(format!("`from`: {error}")));
                }
                Err(error) => return Err(invalid(error)),
            };
            let name = usize::try_from(number).ok().and_then(|number| names.get(number));
            let Some(name) = name.filter(|_| packs.len() < PACK_COUNT_MAX) else {
                return Err(Error::NoIndex("a start needs more than 16 packs".to_owned()));
            };
            let Some(pack) = store::pack(*platform, *film, number, name).await? else {
                return Ok(None);
            };
            packs.push((number, pack));
        }
    }
}

fn selection(head: &StartIndex<'_>, query: &StartQuery) -> Result<Selection, Error> {
    let audio = match query.audio {
        AudioChoice::Default => head.default_track(TrackKind::Audio),
        AudioChoice::None => None,
        AudioChoice::Track(number) => {
            let plays = |(known, track): (usize, &mp4::Track)| {
                known == number && track.kind == TrackKind::Audio
            };
            if !head.tracks().any(plays) {
                let why = format!("`audio`: track {number} is not a playable audio track");
                return Err(Error::InvalidPayload(why));
            }
            Some(number)
        }
    };
    Ok(Selection { video: head.default_track(TrackKind::Video), audio })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_pictures_need_more_of_them_before_the_first() {
        let sizes =
            [(640, 360, 7), (1280, 720, 7), (1920, 1080, 8), (2560, 1440, 11), (3840, 2160, 17)];
        for (width, height, pictures) in sizes {
            let found = pictures_before_first(width, height);
            assert_eq!(found, pictures, "{width}x{height}");
        }
        assert_eq!(pictures_before_first(u16::MAX, u16::MAX), 21);
    }
}
