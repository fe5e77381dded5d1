//! `firstframe prewarm` and `firstframe purge`: start data is the start index of a film,
//! and the first and last blocks of an upstream film, which the edge stores.

mod prewarm;
mod purge;
mod title_selection;

pub use prewarm::{Prewarm, prewarm};
pub use purge::{PurgeSelection, purge};
pub use title_selection::TitleSelection;
