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
    let mut figures = figures(&mut example)?;
    let ratios = ratios(&figures);
    figures.extend(ratios);
    Ok(figures)
}

/// Each figure of `firstframe`, divided by that of nginx with a cache of slices.
fn ratios(all: &[Figure]) -> Vec<Figure> {
    let ratio = |ours: &Figure| {
        let is_theirs = |figure: &&Figure| {
            (&*figure.subject, &figure.case, &figure.metric)
                == ("nginx-slice", &ours.case, &ours.metric)
        };
        let theirs = all.iter().find(is_theirs).filter(|theirs| theirs.value > 0.0)?;
        Some(Figure {
            bench: ours.bench.clone(),
            case: ours.case.clone(),
            subject: "ratio".to_owned(),
            metric: ours.metric.clone(),
            value: ours.value / theirs.value,
        })
    };
    all.iter().filter(|figure| figure.subject == "firstframe").filter_map(ratio).collect()
}
