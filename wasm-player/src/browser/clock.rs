//! Times as either side counts them.

/// A duration or time as whole milliseconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, which is what a time out of range should do"
)]
pub(super) const fn whole(ms: f64) -> u64 {
    ms.round() as u64
}

/// Whole milliseconds as JavaScript counts them.
#[expect(clippy::cast_precision_loss, reason = "a film is shorter than 2^53 ms")]
pub(super) const fn float(n: u64) -> f64 {
    n as f64
}
