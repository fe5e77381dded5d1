//! What a film has and what it lacks, for people and for the catalog.

use std::fmt::Write as _;

use mp4::{Engine, Index, Track, TrackKind};

use crate::output::format::Clock;

pub(super) fn codecs(tracks: &[&Track]) -> String {
    let codecs: Vec<&str> = tracks.iter().map(|track| track.codec.as_str()).collect();
    codecs.join(", ")
}

pub(super) fn missing(index: &Index<Vec<u8>>) -> Vec<api::MissingKind> {
    let engine = |engine: &Engine| match engine {
        Engine::Chromium => "chromium".to_owned(),
        Engine::Firefox => "firefox".to_owned(),
        Engine::WebKit => "webkit".to_owned(),
    };
    let missing = |(kind, why): (TrackKind, &mp4::Unplayable)| api::MissingKind {
        kind: named(kind).to_owned(),
        name: why.lack().to_owned(),
        own_players: why.own_players().iter().map(engine).collect(),
    };
    index.missing().into_iter().map(missing).collect()
}

/// The media of a kind of track, for people.
fn named(kind: TrackKind) -> &'static str {
    if kind == TrackKind::Video { "pictures" } else { "sound" }
}

pub(super) fn plays(playing: &[&Track], index: &Index<Vec<u8>>) -> String {
    let mut text = String::new();
    for track in playing {
        text.push_str(&track.codec);
        if track.kind == TrackKind::Video {
            let _ = write!(text, " {}x{}", track.width, track.height);
        }
        text.push_str(", ");
    }
    let _ = write!(text, "{}", Clock(index.duration_ms()));
    add_missing(&mut text, index);
    for track in playing {
        if let mp4::Support::Somewhere(which) = track.support {
            let _ = write!(text, "; {which}");
        }
        for note in &track.notes {
            let _ = write!(text, "; {}: {note}", track.codec);
        }
    }
    text
}

fn add_missing(text: &mut String, index: &Index<Vec<u8>>) {
    for (kind, why) in index.missing() {
        let _ = write!(text, "; without {}: {why}", named(kind));
        for engine in why.own_players() {
            let _ = write!(text, "; {engine:?} plays it in its own player");
        }
    }
}
