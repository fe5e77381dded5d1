//! The log of the server, on stderr.

use std::io::{IsTerminal as _, stderr};

use anyhow::Result;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    Layer as _, filter::Targets, fmt, fmt::writer::BoxMakeWriter, layer::SubscriberExt as _,
};

use super::folded_log;

/// Starts logging: the server's and the guest's own events down to `level`, and warnings of other
/// crates. `s3s` is silent, because it logs requests with their signatures. Down to `info`, a second
/// has at most ten lines.
pub(super) fn init(level: LevelFilter) -> Result<()> {
    let targets = Targets::new()
        .with_target("firstframe", level)
        .with_target("guest", level)
        .with_default(level.min(LevelFilter::WARN))
        .with_target("audit", LevelFilter::OFF)
        .with_target("s3s", LevelFilter::OFF);
    let color = stderr().is_terminal();
    let writer = if level > LevelFilter::INFO {
        BoxMakeWriter::new(stderr)
    } else {
        BoxMakeWriter::new(folded_log::writers()?)
    };
    let layer = fmt::layer().with_writer(writer).with_ansi(color).with_filter(targets);
    // The calls of deployers are few, and each has its line.
    let audit = fmt::layer().with_writer(stderr).with_ansi(color);
    let audit = audit.with_filter(Targets::new().with_target("audit", level));
    let registry = tracing_subscriber::registry().with(layer).with(audit);
    tracing::subscriber::set_global_default(registry)?;
    Ok(())
}
