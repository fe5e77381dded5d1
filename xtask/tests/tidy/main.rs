//! The rules of this repository that no compiler checks. `ARCHITECTURE.md` gives the reasons, and
//! its blocks of arrows are read here.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a rule that cannot be checked must fail"
)]

mod arrows;
mod cycles;
mod docs;
mod files;
mod functions;
mod imports;
mod limits;
mod names;
mod rooms;
mod sources;
