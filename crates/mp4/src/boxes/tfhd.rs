//! `tfhd`: the track of a track fragment, and defaults of its samples (§ 8.8.7).

use super::trex::Defaults;
use super::{BoxAt, be32, be64};

/// Where data offsets count from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    /// This place in the file.
    At(u64),
    /// The first byte of the `moof`.
    Moof,
    /// The end of the data of the fragment before it; for the first one the `moof`.
    Before,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Tfhd {
    pub(crate) base: Base,
    pub(crate) defaults: Defaults,
}

/// The `track_ID`.
pub(crate) fn track_id(data: &[u8], b: BoxAt) -> Option<u32> {
    be32(b.content(data), 4)
}

/// `defaults`: those of the track's `trex`.
pub(crate) fn parse(data: &[u8], b: BoxAt, mut defaults: Defaults) -> Option<Tfhd> {
    let body = b.content(data);
    let flags = be32(body, 0)?;
    let mut at = 8;
    let mut base = if flags & 0x2_0000 == 0 { Base::Before } else { Base::Moof };
    if flags & 1 != 0 {
        base = Base::At(be64(body, at)?);
        at += 8;
    }
    let fields = [
        (0x02, &mut defaults.description),
        (0x08, &mut defaults.duration),
        (0x10, &mut defaults.size),
        (0x20, &mut defaults.flags),
    ];
    for (flag, field) in fields {
        if flags & flag != 0 {
            let stated = be32(body, at)?;
            // A duration of 0 is none.
            if flag != 0x08 || stated > 0 {
                *field = stated;
            }
            at += 4;
        }
    }
    Some(Tfhd { base, defaults })
}
