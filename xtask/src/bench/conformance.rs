//! `cargo xtask bench conformance`: the tests of partial content of http-cache-tests, through
//! `firstframe serve` and through four other caches.

use std::process::Command;

use anyhow::Result;

use super::{Figure, figures};
use crate::{build, conformance, prerequisites, workspace};

pub(super) fn run() -> Result<Vec<Figure>> {
    prerequisites::programs(&[
        ("apache2", "apache2"),
        ("nginx", "nginx"),
        ("squid", "squid"),
        ("varnishd", "varnish"),
    ])?;
    prerequisites::node_packages()?;
    let passed = conformance::passed(&build::all()?)?;
    let ours = passed.map(|(case, value)| Figure {
        bench: "conformance".to_owned(),
        case: case.to_owned(),
        subject: "firstframe".to_owned(),
        metric: "passed_tests".to_owned(),
        value,
        min: None,
        max: None,
    });
    let mut node = Command::new("node");
    node.arg("bench/conformance/peers.mjs").arg(conformance::suite()?);
    node.arg(workspace::target_dir().join("bench/conformance"));
    Ok(ours.into_iter().chain(figures(&mut node)?).collect())
}
