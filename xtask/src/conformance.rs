//! `cargo xtask test conformance`: runs http-cache-tests through `firstframe serve`, and writes
//! `docs/conformance.md` from the results.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use crate::{build::Built, process, workspace};

/// The suite, and the hash that npm gives for its package. Its dependencies, npm itself among them,
/// belong to its command line, which is not used.
const SUITE: &str = "http-cache-tests@0.4.5";
const INTEGRITY: &str = "sha512-DjuwN9nUZXLTW+wav1LRESCZNVxl8SshwOy4z1pxuWbWt5/ay6sM9QQ1lebBaD\
     O6P1IMBoK6mdf+PuVP/QNL8A==";

/// Argument of `run.mjs`: only the tests of partial content, as they are published.
const PUBLISHED: &[&str] = &["--published"];

/// The text above the tables.
const PREFACE: &str = include_str!("conformance.md");

/// Group, part of the failure's message, and why such a test fails. All other tests must pass.
const REASONS: &[(&str, &str, &str)] = &[
    (
        "conditional-inm",
        "status is 200, not 304",
        "An entity tag has quotes (RFC 9110 §8.8.3). The edge ignores a value without them.",
    ),
    (
        "conditional-inm",
        "header If-None-Match is",
        "The edge sends no header of a client to a provider. It evaluates the condition itself.",
    ),
    (
        "conditional-lm",
        "status is 200, not 304",
        "If a provider sends no date, the film has the date of its ingest. The test's date is older.",
    ),
    ("conditional", "wasn't sent to server", IMMUTABLE),
    (
        "vary",
        "comes from cache",
        "The edge sends no header of a client to a provider, so a film has one variant: the one \
         that was ingested.",
    ),
    ("cc-request", "comes from cache", IMMUTABLE),
    ("cc-request", "wasn't sent to server", IMMUTABLE),
    (
        "cc-request",
        "status is 200, not 504",
        "The edge ignores `only-if-cached`: bytes that it has not stored come from the provider.",
    ),
    ("method", "status is 405", READ_ONLY),
    ("invalidation", "status is 405", READ_ONLY),
    ("auth", "comes from cache", AUTHORIZATION),
    ("auth", "header Authorization is", AUTHORIZATION),
];
const IMMUTABLE: &str = "A source id names one state of a film, which never becomes stale, so the edge \
    revalidates nothing. It notices a changed file at the next read from the provider.";
const READ_ONLY: &str = "The media route takes GET and HEAD only, and nothing that a client \
    sends reaches the provider.";
const AUTHORIZATION: &str = "The signature of the URL grants access. The edge sends no \
    `Authorization` to the provider, so no response is made for one client.";

#[derive(Debug, Deserialize)]
struct TestResult {
    group: String,
    id: String,
    name: String,
    kind: String,
    passed: bool,
    why: String,
}

/// Runs all groups, prints the tests of partial content, and fails if a failure has no reason.
pub(crate) fn run(built: &Built) -> Result<()> {
    let (corrected, published) = (results(built, &[])?, results(built, PUBLISHED)?);
    fs::write(workspace::root().join("docs/conformance.md"), report(&corrected, &published)?)?;
    for one in corrected.iter().filter(|one| one.group == "partial") {
        println!("{} {}{}", if one.passed { "pass" } else { "FAIL" }, one.id, colon(&one.why));
    }
    println!(
        "partial content: {} of {} pass; as the suite is published: {}",
        partial(&corrected),
        published.len(),
        partial(&published)
    );
    let unexplained: Vec<&str> = corrected
        .iter()
        .filter(|one| !one.passed && reason(one).is_none())
        .map(|one| &*one.id)
        .collect();
    ensure!(
        unexplained.is_empty(),
        "these tests fail and conformance.rs gives no reason: {}",
        unexplained.join(", ")
    );
    Ok(())
}

/// How many of the tests of partial content pass: as they are published, and corrected.
pub(crate) fn passed(built: &Built) -> Result<[(&'static str, f64); 2]> {
    let count = |more| Ok::<_, anyhow::Error>(f64::from(partial(&results(built, more)?)));
    Ok([("published", count(PUBLISHED)?), ("corrected", count(&[])?)])
}

fn partial(results: &[TestResult]) -> u32 {
    results.iter().map(|one| u32::from(one.passed && one.group == "partial")).sum()
}

fn colon(why: &str) -> String {
    if why.is_empty() { String::new() } else { format!(": {why}") }
}

/// The folder of the suite, which the first use downloads with npm.
pub(crate) fn suite() -> Result<PathBuf> {
    #[derive(Deserialize)]
    struct Packed {
        filename: String,
        integrity: String,
    }
    let folder = workspace::target_dir().join("conformance");
    let package = folder.join("package");
    if package.join("tests/partial.mjs").is_file() {
        return Ok(package);
    }
    fs::create_dir_all(&folder)?;
    let mut npm = Command::new("npm");
    let packed = process::output(npm.args(["pack", "--json", SUITE]).current_dir(&folder))?;
    let [packed]: [Packed; 1] =
        serde_json::from_str(&packed).context("npm pack printed something else")?;
    if packed.integrity != INTEGRITY {
        bail!("{SUITE} has another hash than conformance.rs expects: {}", packed.integrity);
    }
    process::run(Command::new("tar").arg("-xzf").arg(&packed.filename).current_dir(&folder))?;
    Ok(package)
}

fn results(built: &Built, more: &[&str]) -> Result<Vec<TestResult>> {
    let mut node = Command::new("node");
    node.arg("tests/node/conformance/run.mjs").arg(suite()?).args(more);
    let output = process::output(node.env("FIRSTFRAME_BIN", &built.firstframe))?;
    let result = |line| serde_json::from_str(line).context("run.mjs printed something else");
    output.lines().map(result).collect()
}

fn reason(result: &TestResult) -> Option<&'static str> {
    let fits = |(group, why, _): &&(&str, &str, &str)| {
        result.group.starts_with(group) && result.why.contains(why)
    };
    REASONS.iter().find(fits).map(|(_, _, reason)| *reason)
}

fn report(corrected: &[TestResult], published: &[TestResult]) -> Result<String> {
    let published: BTreeMap<&str, &TestResult> =
        published.iter().map(|one| (one.id.as_str(), one)).collect();
    let mut text = PREFACE.to_owned();
    text += "\n## Partial content\n\n| test | result | as published |\n|---|---|---|\n";
    for one in corrected.iter().filter(|one| one.group == "partial") {
        let as_published =
            published.get(one.id.as_str()).context("the published suite lacks a test")?;
        writeln!(text, "| `{}` | {} | {} |", one.id, shown(one), shown(as_published))?;
    }
    text += "\n## Other groups\n\n| group | passed | required tests passed |\n|---|---|---|\n";
    let mut groups: Vec<&str> = corrected.iter().map(|one| one.group.as_str()).collect();
    groups.dedup();
    for group in groups {
        let count = |wanted: &dyn Fn(&TestResult) -> bool| {
            corrected.iter().filter(|one| one.group == group && wanted(one)).count()
        };
        let is_required = |one: &TestResult| one.kind == "required";
        writeln!(
            text,
            "| {group} | {} of {} | {} of {} |",
            count(&|one| one.passed),
            count(&|_| true),
            count(&|one| one.passed && is_required(one)),
            count(&is_required)
        )?;
    }
    text += "\nEach failure, and why the edge behaves so:\n\n| test | the suite's question | reason |\n|---|---|---|\n";
    for one in corrected.iter().filter(|one| !one.passed) {
        let why = reason(one).unwrap_or(&one.why);
        writeln!(text, "| `{}` ({}) | {} | {why} |", one.id, one.kind, one.name)?;
    }
    Ok(text)
}

fn shown(result: &TestResult) -> String {
    if result.passed { "pass".to_owned() } else { result.why.replace('|', "/") }
}
