//! `sgpd`: of type `roll`, how many samples a decoder needs in front of the first one that is heard
//! (§ 10.1); of type `seig`, encryption keys (ISO/IEC 23001-7 § 6).

use super::{BoxAt, be16, be32};
use crate::limits::ROLL_MAX;

/// Whether the box is of type `roll`.
pub(crate) fn is_roll(data: &[u8], b: BoxAt) -> bool {
    b.content(data).get(4..8) == Some(b"roll")
}

/// Whether the box has other encryption keys than the track's own.
pub(crate) fn is_rekeying(data: &[u8], b: BoxAt) -> bool {
    b.content(data).get(4..8) == Some(b"seig")
}

/// The roll distance of its first entry: audio has one entry.
pub(crate) fn roll(data: &[u8], b: BoxAt) -> Option<u32> {
    let body = b.content(data);
    // Version 0 has no length in front of the count, later ones one field there.
    let at = if body.first() == Some(&0) { 12 } else { 16 };
    let count = be32(body, at - 4)?;
    let distance = be16(body, at)?.cast_signed();
    (count > 0 && distance < 0).then(|| u32::from(distance.unsigned_abs()).min(ROLL_MAX))
}
