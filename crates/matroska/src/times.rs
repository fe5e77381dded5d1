//! When frames are decoded, and how long they last: Matroska stores when they are shown, in whole
//! milliseconds mostly.

use crate::frame_duration::FrameClock;
use crate::scanned_track::FOLLOWS;

/// A second in nanoseconds.
const SECOND: i64 = 1_000_000_000;
/// How far a rounded time is from the true one, with one more rounding of the rate.
const ROUNDING: i64 = 1_600_000;
/// Ticks a second where pictures have no rate.
const FREE_SCALE: u32 = 1_000_000;
/// Sound that is this far from where the last frame ends begins anew.
const ANCHOR: i64 = 3_000_000;

/// Rates that are stated by rounded durations: ticks a second, and ticks of a picture.
const RATES: [(u32, u32); 13] = [
    (24_000, 1001),
    (30_000, 1001),
    (60_000, 1001),
    (120_000, 1001),
    (24_000, 1000),
    (25_000, 1000),
    (30_000, 1000),
    (48_000, 1000),
    (50_000, 1000),
    (60_000, 1000),
    (12_000, 1000),
    (15_000, 1000),
    (120_000, 1000),
];

/// The times of a track's frames, in the order of storage, which is that of decoding.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Times {
    /// Ticks a second.
    pub(crate) timescale: u32,
    /// When decoding of the first frame begins.
    pub(crate) first: i64,
    /// Ticks from each frame to the next.
    pub(crate) durations: Vec<u32>,
    /// Ticks from decoding to showing.
    pub(crate) offsets: Vec<i32>,
}

/// Of pictures that are shown at these nanoseconds; `default_duration` in nanoseconds, or 0.
///
/// A picture lasts until the next one that is shown, and decoding times are the running sum of these
/// durations in the order of storage: windows that are cut at key frames then fit each other.
pub(crate) fn of_pictures(shown: &[i64], default_duration: u64) -> Times {
    let (timescale, ticks) = snapped(shown, default_duration).unwrap_or_else(|| {
        (FREE_SCALE, shown.iter().map(|time| rescaled(*time, FREE_SCALE)).collect())
    });
    let mut order: Vec<usize> = (0..ticks.len()).collect();
    order.sort_by_key(|at| ticks.get(*at));
    let shown_at = |at: Option<&usize>| at.and_then(|at| ticks.get(*at)).copied();
    let mut durations = vec![0; ticks.len()];
    let mut usual = timescale / 25;
    for pair in order.windows(2) {
        let gap = shown_at(pair.last()).unwrap_or(0) - shown_at(pair.first()).unwrap_or(0);
        usual = u32::try_from(gap).unwrap_or(u32::MAX);
        set(&mut durations, pair.first(), usual);
    }
    set(&mut durations, order.last(), usual);
    let first = shown_at(order.first()).unwrap_or(0);
    let mut decoded = first;
    let offsets = ticks.iter().zip(&durations).map(|(shown, duration)| {
        let offset = i32::try_from(shown - decoded).unwrap_or(i32::MAX);
        decoded += i64::from(*duration);
        offset
    });
    Times { timescale, first, offsets: offsets.collect(), durations }
}

fn set(durations: &mut [u32], at: Option<&usize>, duration: u32) {
    if let Some(place) = at.and_then(|at| durations.get_mut(*at)) {
        *place = duration;
    }
}

/// Nanoseconds in ticks.
fn rescaled(time: i64, timescale: u32) -> i64 {
    let ticks = i128::from(time) * i128::from(timescale);
    let half = i128::from(SECOND / 2);
    i64::try_from((ticks + half).div_euclid(SECOND.into())).unwrap_or(i64::MAX)
}

/// The ticks of pictures whose times are those of a constant rate, only rounded.
fn snapped(shown: &[i64], default_duration: u64) -> Option<(u32, Vec<i64>)> {
    let exact = |(scale, ticks): &&(u32, u32)| {
        let duration = u64::from(*ticks) * 1_000_000_000 / u64::from(*scale);
        duration.abs_diff(default_duration) < 2
    };
    let (scale, ticks) = *RATES.iter().find(exact)?;
    let first = *shown.iter().min()?;
    let at = |number: i64| rescaled_back(number * i64::from(ticks), scale);
    let numbers: Vec<i64> = shown
        .iter()
        .map(|time| (rescaled(time - first, scale) + i64::from(ticks) / 2) / i64::from(ticks))
        .collect();
    let errors = || shown.iter().zip(&numbers).map(|(time, number)| time - first - at(*number));
    let (least, most) = (errors().min()?, errors().max()?);
    let mut sorted = numbers.clone();
    sorted.sort_unstable();
    let is_distinct = sorted.windows(2).all(|pair| pair.first() != pair.last());
    if !is_distinct || least < -ROUNDING || most > ROUNDING {
        return None;
    }
    let base = rescaled(first, scale);
    Some((scale, numbers.iter().map(|number| base + number * i64::from(ticks)).collect()))
}

/// Ticks in nanoseconds.
fn rescaled_back(ticks: i64, timescale: u32) -> i64 {
    let time = i128::from(ticks) * i128::from(SECOND) / i128::from(timescale.max(1));
    i64::try_from(time).unwrap_or(i64::MAX)
}

/// Of frames of sound that begin at these nanoseconds, and have so many ticks where their codec says it.
///
/// Frames follow each other without a gap, but where the file's clock leaves them for good.
pub(crate) fn of_sound(begins: &[i64], ticks: &[Option<u32>], clock: FrameClock) -> Times {
    let timescale = clock.rate;
    let mut starts: Vec<i64> = Vec::with_capacity(begins.len());
    let mut next = None;
    for (at, time) in begins.iter().enumerate() {
        let before = starts.last().copied();
        let own = (*time != FOLLOWS).then(|| rescaled(*time, timescale));
        let far = rescaled(ANCHOR, timescale);
        let is_near = |next: &i64| own.is_none_or(|own| (own - next).abs() <= far);
        let start = next.filter(is_near).or(own).or(before).unwrap_or(0);
        starts.push(start.max(before.unwrap_or(start)));
        let length = ticks.get(at).copied().flatten();
        next = length.zip(starts.last()).map(|(length, start)| start + i64::from(length));
    }
    let last = ticks.last().copied().flatten();
    let gaps = starts.windows(2).map(|pair| {
        let gap = pair.last().unwrap_or(&0) - pair.first().unwrap_or(&0);
        u32::try_from(gap).unwrap_or(u32::MAX)
    });
    let mut durations: Vec<u32> = gaps.collect();
    let usual = durations.last().copied().unwrap_or(timescale / 50);
    durations.push(last.unwrap_or(usual));
    durations.truncate(begins.len());
    let first = starts.first().copied().unwrap_or(0);
    Times { timescale, first, durations, offsets: vec![0; begins.len()] }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    #[test]
    fn rounded_times_of_a_constant_rate_are_exact() {
        // 24000/1001 a second, as milliseconds, in the order I P B B.
        let shown = [0, 125, 42, 83, 250, 167, 209].map(|ms| ms * MS);
        let times = of_pictures(&shown, 41_708_333);
        assert_eq!((times.timescale, times.first), (24_000, 0));
        assert_eq!(times.durations, [1001; 7]);
        assert_eq!(times.offsets, [0, 2002, -1001, -1001, 2002, -1001, -1001]);
    }

    #[test]
    fn variable_rate_lasts_until_the_next_picture_that_is_shown() {
        let shown = [0, 100, 40, 400].map(|ms| ms * MS);
        let times = of_pictures(&shown, 0);
        assert_eq!(times.timescale, FREE_SCALE);
        assert_eq!(times.durations, [40_000, 300_000, 60_000, 300_000]);
        // Decoding times are 0, 40, 340, 400 ms.
        assert_eq!(times.offsets, [0, 60_000, -300_000, 0]);
    }

    #[test]
    fn stated_rate_that_is_wrong_is_not_followed() {
        let shown = [0, 40, 80, 120].map(|ms| ms * MS);
        assert_eq!(of_pictures(&shown, 16_666_666).timescale, FREE_SCALE);
        assert_eq!(of_pictures(&shown, 40_000_000).timescale, 25_000);
        assert_eq!(of_pictures(&[], 40_000_000).durations, []);
    }

    #[test]
    fn sound_follows_itself_until_the_clock_leaves_it() {
        let clock = FrameClock::at(48_000);
        let begins = [0, 21, 43, 64, 200].map(|ms| ms * MS);
        let times = of_sound(&begins, &[Some(1024); 5], clock);
        assert_eq!(times.durations, [1024, 1024, 1024, 9600 - 3 * 1024, 1024]);
        assert_eq!(times.first, 0);
    }
}
