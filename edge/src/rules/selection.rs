//! Which file of an episode to play.

use api::{Candidate, SelectionReason};
use catalog::Source;

/// Files of one episode that are offered. A person picks among qualities, not among hundreds.
const CANDIDATE_COUNT_MAX: usize = 32;

/// Every candidate, best first, and why the first is preferred, if one is.
///
/// A playable MP4 of 720 lines is quick to start and good on most screens; then taller ones up to
/// 1080, then shorter ones, then those that few screens show. Where a playable MP4 exists, only
/// MP4s are offered, one of each height.
pub fn choose(sources: &[Source]) -> (Vec<Candidate>, SelectionReason) {
    let mut ranked: Vec<&Source> = sources.iter().collect();
    ranked.sort_by_key(|source| (!source.playable, !is_mp4(source), distance(source.height)));
    let mp4_only = ranked.first().is_some_and(|best| best.playable && is_mp4(best));
    let mut offered: Vec<&Source> = Vec::new();
    for source in ranked {
        let same = |other: &&Source| {
            (&other.container, other.height) == (&source.container, source.height)
        };
        if offered.len() < CANDIDATE_COUNT_MAX
            && (!mp4_only || is_mp4(source))
            && !offered.iter().any(same)
        {
            offered.push(source);
        }
    }
    let reason = reason(offered.first().copied(), mp4_only);
    let candidates = (0..).zip(offered).map(|(rank, source)| candidate(rank, source)).collect();
    (candidates, reason)
}

/// Why the best source is the preferred one.
fn reason(best: Option<&Source>, mp4_only: bool) -> SelectionReason {
    match best {
        None => SelectionReason::NoCandidate,
        Some(best) if mp4_only && best.height == Some(720) => {
            SelectionReason::Preferred720pDirectMp4
        }
        Some(_) if mp4_only => SelectionReason::PreferredDirectMp4,
        Some(_) => SelectionReason::HighestRankedCandidate,
    }
}

fn is_mp4(source: &Source) -> bool {
    source.container == "mp4"
}

/// How far from the best height; less is better.
fn distance(height: Option<u32>) -> u32 {
    match height {
        Some(height @ 720..=1080) => height - 720,
        Some(height @ ..720) => 10_000 + (720 - height),
        Some(height) => 20_000_u32.saturating_add(height),
        None => u32::MAX,
    }
}

fn candidate(rank: u32, source: &Source) -> Candidate {
    Candidate {
        url: format!("{}{}", api::paths::MEDIA, source.id),
        container: source.container.clone(),
        quality: source.height.map_or_else(|| "unknown".to_owned(), |height| format!("{height}p")),
        codec: source.codec.clone(),
        missing: source.missing.clone(),
        is_direct: true,
        playable: source.playable,
        estimated_priority: rank,
        label: source.reason.clone(),
        size_bytes: source.size_bytes,
        duration_ms: source.duration_ms,
    }
}
