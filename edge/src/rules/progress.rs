//! Classifies a position in an episode: not started, in between, or watched.

/// Less than this part of an episode is a look, not a beginning.
const STARTED_PERCENT: u64 = 5;
/// More than this part is all but the credits.
const PLAYED_PERCENT: u64 = 90;

/// What is stored of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchState {
    /// Begins at the start again.
    Start,
    /// Goes on here, milliseconds from the start.
    At(u64),
    /// Watched.
    Watched,
}

/// Judges a position in an episode of this length; where that is unknown, every position counts.
pub fn classify(position_ms: u64, duration_ms: Option<u64>) -> WatchState {
    let Some(duration_ms) = duration_ms.filter(|&duration_ms| duration_ms > 0) else {
        return if position_ms == 0 { WatchState::Start } else { WatchState::At(position_ms) };
    };
    let position_ms = position_ms.min(duration_ms);
    // Wide enough for any position in any duration.
    let percent_of = |part: u64| u128::from(duration_ms) * u128::from(part);
    let position = u128::from(position_ms) * 100;
    if position > percent_of(PLAYED_PERCENT) {
        WatchState::Watched
    } else if position < percent_of(STARTED_PERCENT) {
        WatchState::Start
    } else {
        WatchState::At(position_ms)
    }
}
