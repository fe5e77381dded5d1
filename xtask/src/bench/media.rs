//! `cargo xtask bench media`: ranges over HTTP beside nginx, of a film: from `firstframe serve`, from
//! nginx with a cache of slices, and from nginx with the file itself.

use std::process::Command;

use anyhow::Result;

use super::{Figure, figures};
use crate::{build, build::NATIVE, prerequisites, process, workspace};

pub(super) fn run() -> Result<Vec<Figure>> {
    prerequisites::programs(&[("nginx", "nginx")])?;
    let built = build::all()?;
    process::run(process::cargo(["build", "--example", "media"]).args(build::WORKSPACE))?;
    let mut example = Command::new(workspace::target_dir().join(NATIVE).join("examples/media"));
    example
        .arg(workspace::target_dir().join("bench/media"))
        .env("FIRSTFRAME_BIN", built.firstframe);
    let figures = figures(&mut example)?;
    for target in TARGETS {
        target.report(&figures);
    }
    Ok(figures)
}

/// What the median of a figure has to be.
struct Target {
    case: &'static str,
    subject: &'static str,
    metric: &'static str,
    is_met: fn(f64) -> bool,
    text: &'static str,
}

const fn ratio(case: &'static str, metric: &'static str) -> Target {
    let (is_met, text): (fn(f64) -> bool, _) = match metric.as_bytes() {
        b"p99_ms" => (|ratio| ratio <= 1.3, "at most 1.3"),
        _ => (|ratio| ratio >= 1.0, "at least 1.0"),
    };
    Target { case, subject: "ratio", metric, is_met, text }
}

const fn memory(case: &'static str) -> Target {
    let (subject, metric) = ("firstframe", "memory_bytes");
    Target { case, subject, metric, is_met: |bytes| bytes <= 160e6, text: "at most 160 MB" }
}

const TARGETS: [Target; 9] = [
    ratio("small-hit", "requests_per_s"),
    ratio("small-hit", "p99_ms"),
    memory("small-hit"),
    ratio("1mib", "mb_s"),
    ratio("1mib", "p99_ms"),
    memory("1mib"),
    ratio("32mib", "mb_s"),
    ratio("32mib", "p99_ms"),
    memory("32mib"),
];

impl Target {
    /// Says whether the target is met.
    fn report(&self, figures: &[Figure]) {
        let Self { case, subject, metric, is_met, text } = self;
        let is_it = |figure: &&Figure| {
            (&*figure.case, &*figure.subject, &*figure.metric) == (*case, *subject, *metric)
        };
        if let Some(figure) = figures.iter().find(is_it) {
            let verdict = if is_met(figure.value) { "met" } else { "MISSED" };
            eprintln!("target {verdict}: {case} {subject} {metric} is {}, {text}", figure.cell());
        }
    }
}
