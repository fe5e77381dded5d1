//! Films that lie elsewhere, on upstreams that are good, slow, gone, wrong or wicked.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a case that cannot go on ends here"
)]

mod durable;
mod faults;
mod fixture;
mod hostile_upstream;
mod pictures;
mod ranges;
mod startup;
