//! Plays a file in memory: windows fetched and appended, as a player would.

use mp4::fragment::Payload;
use mp4::locate::{LocateStep, Locator};
use mp4::plan::{self, Cursor, PlanTarget, Selection, Window};
use mp4::{ByteRange, Error, Index, init};

pub(crate) fn cut(file: &[u8], range: ByteRange) -> &[u8] {
    &file[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()]
}

pub(crate) fn moov(file: &[u8]) -> &[u8] {
    let mut locator = Locator::new(Some(file.len() as u64));
    locator.feed(0, file);
    match locator.next().unwrap() {
        LocateStep::Moov(range) => cut(file, range),
        LocateStep::Need(range) => panic!("the whole file was fed, and {range:?} is needed"),
    }
}

pub(crate) fn defaults<B: AsRef<[u8]>>(index: &Index<B>) -> Selection {
    Selection { video: index.default_video(), audio: index.default_audio() }
}

/// Appends what a window fetches.
pub(crate) fn append(file: &[u8], window: &Window, out: &mut Vec<u8>) {
    for fetch in &window.fetches {
        let bytes = cut(file, fetch.range);
        assert!(!fetch.fragments.is_empty());
        for fragment in &fetch.fragments {
            out.extend(&fragment.header);
            match &fragment.payload {
                Payload::AsIs => out.extend(bytes),
                Payload::Gather(runs) => {
                    let mut before = 0;
                    for run in runs {
                        assert!(
                            run.start >= before && !run.is_empty(),
                            "runs ascend and do not overlap"
                        );
                        before = run.end;
                        out.extend(cut(bytes, *run));
                    }
                }
            }
        }
    }
}

/// Fragments from `cursor` to the end, and the windows they came in.
pub(crate) fn on<B: AsRef<[u8]>>(
    file: &[u8],
    index: &Index<B>,
    selection: Selection,
    mut cursor: Cursor,
    span_ms: u64,
) -> (Vec<u8>, Vec<Window>) {
    let (mut out, mut windows) = (Vec::new(), Vec::new());
    while let Some(window) = plan::next(index, selection, cursor, span_ms).unwrap() {
        assert_ne!(window.next, cursor, "every window goes on");
        append(file, &window, &mut out);
        cursor = window.next;
        windows.push(window);
    }
    (out, windows)
}

/// Feeds what `wanted` needs, and counts the bytes.
pub(crate) fn known<B: AsRef<[u8]>>(
    file: &[u8],
    index: &mut Index<B>,
    selection: Selection,
    wanted: PlanTarget,
) -> Result<u64, Error> {
    let (mut before, mut count) = (None, 0);
    while let Some(range) = plan::need(index, selection, wanted)? {
        assert_ne!(before, Some(range), "what was fed is not needed again");
        assert!(range.end <= file.len() as u64 && !range.is_empty(), "{range:?}");
        index.feed(range.start, cut(file, range))?;
        (before, count) = (Some(range), count + range.len());
    }
    Ok(count)
}

/// The index of a file, which knows where it is from.
pub(crate) fn index(file: &[u8]) -> Index<&[u8]> {
    let moov = moov(file);
    let start = (moov.as_ptr().addr() - file.as_ptr().addr()) as u64;
    let mut index = Index::parse(moov).unwrap();
    index.set_file(ByteRange::of(start, moov.len() as u64), Some(file.len() as u64));
    index
}

/// What is played from `time_ms` on to the end.
pub(crate) fn from(file: &[u8], time_ms: u64, span_ms: u64) -> (Vec<u8>, Vec<Window>) {
    of(file, defaults(&index(file)), time_ms, span_ms)
}

/// The same of chosen tracks.
pub(crate) fn of(
    file: &[u8],
    selection: Selection,
    time_ms: u64,
    span_ms: u64,
) -> (Vec<u8>, Vec<Window>) {
    by(file, &mut index(file), selection, time_ms, span_ms)
}

/// The same with a given index.
fn by(
    file: &[u8],
    index: &mut Index<&[u8]>,
    selection: Selection,
    time_ms: u64,
    span_ms: u64,
) -> (Vec<u8>, Vec<Window>) {
    known(file, index, selection, PlanTarget::Time(time_ms)).unwrap();
    let (mut cursor, _) = plan::seek(index, selection, time_ms).unwrap();
    let (mut out, mut windows) = (Vec::new(), Vec::new());
    loop {
        known(file, index, selection, PlanTarget::Window(cursor)).unwrap();
        let Some(window) = plan::next(index, selection, cursor, span_ms).unwrap() else { break };
        assert_ne!(window.next, cursor, "every window goes on");
        append(file, &window, &mut out);
        cursor = window.next;
        windows.push(window);
    }
    (out, windows)
}

/// The whole film as a `SourceBuffer` takes it, all of it in a row.
pub(crate) fn remux(file: &[u8], span_ms: u64) -> Vec<u8> {
    whole(file, index(file), span_ms)
}

/// The whole film as one fragmented file.
pub(crate) fn remux_to_file(file: &[u8], span_ms: u64) -> Vec<u8> {
    whole(file, index(file).for_file(), span_ms)
}

fn whole(file: &[u8], mut index: Index<&[u8]>, span_ms: u64) -> Vec<u8> {
    let selection = defaults(&index);
    let tracks: Vec<usize> = selection.video.into_iter().chain(selection.audio).collect();
    let mut out = init::write_many(&index, &tracks).unwrap();
    out.extend(by(file, &mut index, selection, 0, span_ms).0);
    out
}
