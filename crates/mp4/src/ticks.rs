//! Conversion of times from one timescale to another, and to milliseconds.

/// Milliseconds, rounded down, of a time of at most [`TICKS_MAX`](crate::limits::TICKS_MAX) ticks.
#[inline(never)]
pub(crate) fn ms(ticks: u64, scale: u32) -> u64 {
    let scale = u64::from(scale.max(1));
    ticks / scale * 1000 + ticks % scale * 1000 / scale
}

/// A time in ticks of the timescale `from`, in ticks of `to`, rounded to the nearest.
#[inline(never)]
pub(crate) fn rescale(time: u64, from: u32, to: u32) -> u64 {
    let (from, to) = (u64::from(from.max(1)), u64::from(to));
    let whole = (time / from).saturating_mul(to);
    whole.saturating_add((time % from * to + from / 2) / from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rescaled_times_are_at_most_half_a_tick_off() {
        for (from, to) in [(600, 48_000), (1000, 90_000), (90_000, 44_100), (12_288, 1000), (7, 3)]
        {
            for second in (0..=86_400_u64).step_by(37) {
                let time = second * u64::from(from) + second % u64::from(from);
                let exact = u128::from(time) * u128::from(to);
                let found = u128::from(rescale(time, from, to)) * u128::from(from);
                assert!(exact.abs_diff(found) * 2 <= u128::from(from), "{time} {from} {to}");
            }
        }
    }
}
