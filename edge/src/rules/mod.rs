//! Pure decisions: arguments in, answer out.

pub mod answer;
pub mod bearer;
pub mod blocks;
pub mod conditions;
pub mod date;
pub mod encoding;
pub mod etag;
pub mod identity;
pub mod patience;
pub mod picture;
pub mod progress;
pub mod range;
pub mod selection;
pub mod signature;
pub mod starting;
pub mod upstream;
