//! Films that lie elsewhere, on upstreams that are good, slow, gone, wrong or wicked.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a case that cannot go on ends here"
)]

mod bed;
mod durable;
mod faults;
mod nasty;
mod pictures;
mod ranges;
mod startup;
