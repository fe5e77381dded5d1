//! What the fuzz targets do with bytes; the smoke test does the same without libFuzzer.

use mp4::cenc::Hole;
use mp4::locate::{LocateStep, Locator};
use mp4::plan::{self, PlanTarget, Selection};
use mp4::start_index::{
    self, Builder, FragmentWalk, Root, StartIndex, StartPosition, StartRequest,
};
use mp4::{ByteRange, Index, TrackKind, Unplayable, init, synth, text};

/// A file, fed in pieces whose sizes come from its last byte, and once more by what is asked for.
pub fn locate(data: &[u8]) {
    let piece = usize::from(data.last().copied().unwrap_or(0)).max(1) * 16;
    let mut locator = Locator::new(None);
    for (i, bytes) in data.chunks(piece).enumerate().rev() {
        locator.feed((i * piece) as u64, bytes);
    }
    locator.set_file_size(data.len() as u64);
    for _ in 0..1000 {
        let Ok(LocateStep::Need(ByteRange { start, .. })) = locator.next() else { return };
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        let Some(rest) = data.get(start..).filter(|rest| !rest.is_empty()) else {
            panic!("bytes behind the end of the file are asked for");
        };
        locator.feed(start as u64, &rest[..rest.len().min(16)]);
    }
}

/// A `moov`.
pub fn index(data: &[u8]) {
    if let Ok(index) = Index::parse(data) {
        for track in index.tracks() {
            let _ = (track.mime(), track.mime_for(1), track.support);
            let _ = track.playable.as_ref().map_err(ToString::to_string);
        }
        let _ = text::chapters(&index);
        let _ = (index.duration_ms(), index.media_end(), index.playable());
    }
}

/// Initialization segments out of a `moov`.
pub fn write_init(data: &[u8]) {
    let Ok(index) = Index::parse(data) else { return };
    for track in 0..index.tracks().len() {
        for init in [0, 1, u32::MAX] {
            let written = init::write_for(&index, track, init).is_ok();
            match &index.tracks()[track].playable {
                Ok(()) => assert!(written),
                Err(Unplayable::Encrypted(_)) => {}
                Err(_) => assert!(!written),
            }
        }
    }
}

/// A few windows from a few places of what a `moov` describes.
pub fn plan(data: &[u8]) {
    let Ok(index) = Index::parse(data) else { return };
    windows(&index);
    let index = index.for_file();
    let tracks = index.default_video().into_iter().chain(index.default_audio());
    assert!(init::write_many(&index, &tracks.collect::<Vec<_>>()).is_ok());
    windows(&index);
}

fn windows(index: &Index<&[u8]>) {
    // Encrypted tracks are no default.
    let first = |kind| index.tracks().iter().position(|track| track.kind == kind);
    let video = index.default_video().or(first(TrackKind::Video));
    let audio = index.default_audio().or(first(TrackKind::Audio));
    for selection in [Selection { video, audio }, Selection { video: None, audio }] {
        for time_ms in [0, index.duration_ms() / 2, u64::MAX] {
            let Ok((mut cursor, _)) = plan::seek(index, selection, time_ms) else { continue };
            for _ in 0..4 {
                let Ok(Some(window)) = plan::next(index, selection, cursor, 10_000) else { break };
                assert!(window.next != cursor, "every window goes on");
                for fetch in &window.fetches {
                    assert!(fetch.range.start <= fetch.range.end);
                    for fragment in &fetch.fragments {
                        for (at, range) in fragment.hole.iter().flat_map(Hole::patches) {
                            assert!(at as u64 + range.len() <= fragment.header.len() as u64);
                        }
                    }
                }
                cursor = window.next;
            }
        }
    }
}

/// A whole file, of which is fed what is needed, for windows from a few places.
pub fn feed(data: &[u8]) {
    let mut locator = Locator::new(Some(data.len() as u64));
    locator.feed(0, data);
    let Ok(LocateStep::Moov(place)) = locator.next() else { return };
    let bytes = |range: ByteRange| {
        let start = usize::try_from(range.start).unwrap_or(usize::MAX);
        let end = usize::try_from(range.end).unwrap_or(usize::MAX);
        data.get(start..end).expect("only bytes of the file are needed")
    };
    let Ok(index) = Index::parse(bytes(place)) else { return };
    let mut index = index.from_zero();
    index.set_file(place, Some(data.len() as u64));
    let selection = Selection { video: index.default_video(), audio: index.default_audio() };
    let known = |index: &mut Index<&[u8]>, wanted| {
        let mut before = None;
        while let Ok(Some(range)) = plan::need(index, selection, wanted) {
            assert!(before != Some(range), "what was fed is not needed again");
            before = Some(range);
            if index.feed(range.start, bytes(range)).is_err() {
                return false;
            }
        }
        true
    };
    for time_ms in [0, u64::MAX, index.duration_ms() / 2, 1000] {
        if !known(&mut index, PlanTarget::Time(time_ms)) {
            return;
        }
        let Ok((mut cursor, _)) = plan::seek(&index, selection, time_ms) else { continue };
        for _ in 0..8 {
            if !known(&mut index, PlanTarget::Window(cursor)) {
                return;
            }
            let Ok(Some(window)) = plan::next(&index, selection, cursor, 1_000) else { break };
            assert!(window.next != cursor, "every window goes on");
            cursor = window.next;
        }
    }
}

/// Cues of a whole file.
pub fn cues(data: &[u8]) {
    let mut locator = Locator::new(Some(data.len() as u64));
    locator.feed(0, data);
    let Ok(LocateStep::Moov(place)) = locator.next() else { return };
    let cut = |range: ByteRange| {
        let place = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
        place.and_then(|(start, end)| data.get(start..end)).unwrap_or_default()
    };
    let Ok(index) = Index::parse(cut(place)) else { return };
    for track in 0..index.tracks().len() {
        let Ok(plan) = text::plan(&index, track, 0, u64::MAX) else { continue };
        let mut cues = Vec::new();
        for fetch in &plan.fetches {
            let _ = fetch.read(cut(fetch.range), &mut cues);
        }
        assert!(cues.iter().all(|cue| cue.start_ms <= cue.end_ms));
    }
}

/// A film out of a clip.
pub fn repeat_clip(data: &[u8]) {
    if let Ok(film) = synth::repeat_clip(data, 3, synth::MoovAt::Tail) {
        index(&film.tail);
    }
}

const POSITIONS: [StartPosition; 3] =
    [StartPosition::Time(0), StartPosition::Time(3_000), StartPosition::Time(u64::MAX)];

/// A stored film out of a whole fragmented file.
pub fn fragment_walk(data: &[u8]) {
    let mut locator = Locator::new(Some(data.len() as u64));
    locator.feed(0, data);
    let Ok(LocateStep::Moov(place)) = locator.next() else { return };
    let bytes = |range: ByteRange| {
        let start = usize::try_from(range.start).unwrap_or(usize::MAX);
        let end = usize::try_from(range.end).unwrap_or(usize::MAX);
        data.get(start..end).expect("only bytes of the file are needed")
    };
    let Ok(index) = Index::parse(bytes(place)) else { return };
    let Ok(mut walk) = FragmentWalk::new(index, place, data.len() as u64) else { return };
    let mut before = None;
    while let Some(range) = walk.need() {
        assert!(before != Some(range), "what was fed is not needed again");
        before = Some(range);
        if walk.feed(range.start, bytes(range)).is_err() {
            return;
        }
    }
    if let Ok(index) = walk.finish() {
        store_and_ask(&index);
    }
}

/// A stored film out of a `moov`, and what is asked of both.
pub fn start_index_builder(data: &[u8]) {
    if let Ok(index) = Index::parse(data) {
        store_and_ask(&index);
    }
}

fn store_and_ask<B: AsRef<[u8]>>(index: &Index<B>) {
    let Ok(mut builder) = Builder::new(index) else { return };
    let mut packs = Vec::new();
    while let Ok(Some(pack)) = builder.next_pack() {
        packs.push(pack);
    }
    let Ok(head) = builder.head() else { return };
    let film = StartIndex::read(&head).expect("a head that was made is read");
    let packs: Vec<(u32, &[u8])> = (0..).zip(packs.iter().map(Vec::as_slice)).collect();
    let selection = Selection { video: index.default_video(), audio: index.default_audio() };
    for from in POSITIONS {
        let ask = StartRequest { selection, from, span_ms: 4_000, count: 2 };
        if let Ok(start_index::PlanStep::Done(answer)) =
            start_index::plan_from_packs(&film, &packs, ask)
        {
            start_wire_form(&start_index::encode(&answer));
        }
    }
}

/// A head and a pack, one behind the other; the last bytes say where they meet.
pub fn start_index_packs(data: &[u8]) {
    let Some((data, at)) = data.split_last_chunk::<3>() else { return };
    let at = at.iter().fold(0, |at, byte| at << 8 | usize::from(*byte));
    let Some((head, pack)) = data.split_at_checked(at) else { return };
    if let Ok(root) = Root::read(head) {
        assert_eq!(Root::read(&root.write()), Ok(root));
    }
    let Ok(film) = StartIndex::read(head) else { return };
    assert!(film.key_frames().count() <= head.len());
    let first = |audio| film.tracks().find(|t| (t.1.kind == TrackKind::Audio) == audio);
    let [video, audio] = [false, true].map(|audio| first(audio).map(|(number, _)| number));
    for from in POSITIONS {
        let ask =
            StartRequest { selection: Selection { video, audio }, from, span_ms: 4_000, count: 2 };
        let _ = start_index::plan_from_packs(&film, &[(0, pack)], ask);
    }
}

/// The wire form of a start.
pub fn start_wire_form(data: &[u8]) {
    if let Ok(answer) = start_index::decode(data) {
        let written = start_index::encode(&answer);
        assert_eq!(
            start_index::decode(&written).map(|answer| start_index::encode(&answer)),
            Ok(written)
        );
    }
}
