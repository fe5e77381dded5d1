//! `firstframe prewarm` and `firstframe purge`: what the edge stores so that films start at once.

mod prewarm;
mod purge;
mod title_selection;

pub use prewarm::{Prewarm, prewarm};
pub use purge::{PurgeSelection, purge};
pub use title_selection::TitleSelection;
