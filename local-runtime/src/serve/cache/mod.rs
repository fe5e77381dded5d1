//! A shared cache (RFC 9111) in front of the component, of what everybody may have and nothing
//! changes: small answers and ranges of them, put together from what has passed, in memory; and
//! which answers are objects of the own store, whose bytes are sent from their files.

mod kept;
mod pass;
mod rules;

pub(super) use pass::{Cache, Emptying, is_change};
pub(super) use rules::Asked;
