//! Films of upstreams that are healthy, slow, gone, wrong or hostile.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a case that cannot go on ends here"
)]

#[path = "../common/deployment.rs"]
mod deployment;
mod durable;
mod expiry;
mod faults;
mod fixture;
mod hostile_responses;
mod pictures;
mod ranges;
mod reasons;
mod startup;
mod whole_ranges;
