//! The only place that knows the browser: carries out effects, and brings back inputs.

mod clock;
mod driver;
mod fault_codes;
mod host;
mod player;

pub use player::Player;

/// A third of the size of the standard library's own, which every viewer would download.
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();
