//! A shared cache in memory (RFC 9111) in front of the component: of what everybody may have and
//! nothing changes, small answers and ranges of them, put together from what has passed.

mod kept;
mod pass;
mod rules;

pub(super) use pass::{Cache, Emptying, is_change};
pub(super) use rules::Asked;
