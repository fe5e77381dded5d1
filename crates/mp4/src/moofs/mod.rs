//! The `moof` boxes of a fragmented file, as far as they are known: fed in any order, found by
//! walking from box to box, or by what `sidx` and `mfra` tell. Nothing inside `mdat` is asked for.

mod feed;
mod find;

pub(crate) use feed::{Fragmented, Moofs};
pub(crate) use find::Next;
