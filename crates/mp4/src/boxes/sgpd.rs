//! `sgpd`: of type `roll`, how many samples a decoder must have had before a sound is right (§ 10.1);
//! of type `seig`, other keys (ISO/IEC 23001-7 § 6).

use super::{BoxAt, be16, be32};
use crate::limits::ROLL_MAX;

/// Whether the box is about that.
pub(crate) fn is_roll(data: &[u8], b: BoxAt) -> bool {
    b.content(data).get(4..8) == Some(b"roll")
}

/// Whether the box has other keys than the track's own.
pub(crate) fn is_rekeying(data: &[u8], b: BoxAt) -> bool {
    b.content(data).get(4..8) == Some(b"seig")
}

/// The distance of its first entry: one kind of sound has one.
pub(crate) fn roll(data: &[u8], b: BoxAt) -> Option<u32> {
    let body = b.content(data);
    // Version 0 has no length in front of the count, later ones one field there.
    let at = if body.first() == Some(&0) { 12 } else { 16 };
    let count = be32(body, at - 4)?;
    let distance = be16(body, at)?.cast_signed();
    (count > 0 && distance < 0).then(|| u32::from(distance.unsigned_abs()).min(ROLL_MAX))
}
