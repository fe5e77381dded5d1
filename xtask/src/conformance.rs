//! `cargo xtask test conformance`: http-cache-tests through `firstframe serve`, and
//! `docs/conformance.md` written of what came out.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use crate::{build::Built, process, workspace};

/// The suite, and what npm says that its package is. Its dependencies, npm itself among them, are
/// for its own command line, which is not used.
const SUITE: &str = "http-cache-tests@0.4.5";
const INTEGRITY: &str = "sha512-DjuwN9nUZXLTW+wav1LRESCZNVxl8SshwOy4z1pxuWbWt5/ay6sM9QQ1lebBaD\
     O6P1IMBoK6mdf+PuVP/QNL8A==";

/// Takes the tests about partial content as they are, and no others.
const PUBLISHED: &[&str] = &["--published"];

/// What is written above the tables.
const PREFACE: &str = include_str!("conformance.md");

/// Why a test of a group fails whose message has this in it. What is not here must pass.
const REASONS: &[(&str, &str, &str)] = &[
    (
        "conditional-inm",
        "status is 200, not 304",
        "What has no quotes is no entity tag (RFC 9110 §8.8.3), and not taken for one.",
    ),
    (
        "conditional-inm",
        "header If-None-Match is",
        "No header of a client goes to a provider. The condition is answered here.",
    ),
    (
        "conditional-lm",
        "status is 200, not 304",
        "A film whose provider tells no date has that of its take-up, and what the test holds is \
         older.",
    ),
    ("conditional", "wasn't sent to server", IMMUTABLE),
    (
        "vary",
        "comes from cache",
        "No header of a client goes to a provider, so that there is one variant of a film: the one \
         that was taken up.",
    ),
    ("cc-request", "comes from cache", IMMUTABLE),
    ("cc-request", "wasn't sent to server", IMMUTABLE),
    (
        "cc-request",
        "status is 200, not 504",
        "`only-if-cached` is not honoured: what is not here comes from the provider.",
    ),
    ("method", "status is 405", READ_ONLY),
    ("invalidation", "status is 405", READ_ONLY),
    ("auth", "comes from cache", AUTHORIZATION),
    ("auth", "header Authorization is", AUTHORIZATION),
];
const IMMUTABLE: &str = "A source id names one state of a film, which does not become stale: \
    nothing is asked again. A provider whose file changed is found out when bytes are next read.";
const READ_ONLY: &str = "Films are read: the media route knows GET and HEAD, and nothing that a \
    client sends reaches the provider.";
const AUTHORIZATION: &str = "Who may read is said by the URL's signature. `Authorization` does not \
    go to the provider, so that no answer is made for one client.";

#[derive(Debug, Deserialize)]
struct Outcome {
    group: String,
    id: String,
    name: String,
    kind: String,
    passed: bool,
    why: String,
}

/// Runs the groups, prints the one about partial content, and fails where a failure has no reason.
pub(crate) fn run(built: &Built) -> Result<()> {
    let (mended, published) = (outcomes(built, &[])?, outcomes(built, PUBLISHED)?);
    fs::write(workspace::root().join("docs/conformance.md"), report(&mended, &published)?)?;
    for one in mended.iter().filter(|one| one.group == "partial") {
        println!("{} {}{}", if one.passed { "pass" } else { "FAIL" }, one.id, colon(&one.why));
    }
    println!(
        "partial content: {} of {}; with the faults of the suite: {}",
        partial(&mended),
        published.len(),
        partial(&published)
    );
    let unexplained: Vec<&str> = mended
        .iter()
        .filter(|one| !one.passed && reason(one).is_none())
        .map(|one| &*one.id)
        .collect();
    ensure!(unexplained.is_empty(), "these fail without a reason: {}", unexplained.join(", "));
    Ok(())
}

/// How many of the tests about partial content pass: as they are published, and mended.
pub(crate) fn passed(built: &Built) -> Result<[(&'static str, f64); 2]> {
    let count = |more| Ok::<_, anyhow::Error>(f64::from(partial(&outcomes(built, more)?)));
    Ok([("published", count(PUBLISHED)?), ("mended", count(&[])?)])
}

fn partial(outcomes: &[Outcome]) -> u32 {
    outcomes.iter().map(|one| u32::from(one.passed && one.group == "partial")).sum()
}

fn colon(why: &str) -> String {
    if why.is_empty() { String::new() } else { format!(": {why}") }
}

/// The suite as npm has it, unpacked.
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
    let [packed]: [Packed; 1] = serde_json::from_str(&packed).context("what npm pack says")?;
    if packed.integrity != INTEGRITY {
        bail!("{SUITE} is another package than it was: {}", packed.integrity);
    }
    process::run(Command::new("tar").arg("-xzf").arg(&packed.filename).current_dir(&folder))?;
    Ok(package)
}

fn outcomes(built: &Built, more: &[&str]) -> Result<Vec<Outcome>> {
    let mut node = Command::new("node");
    node.arg("tests/node/conformance/run.mjs").arg(suite()?).args(more);
    let said = process::output(node.env("FIRSTFRAME_BIN", &built.firstframe))?;
    let outcome = |line| serde_json::from_str(line).context("run.mjs says something else");
    said.lines().map(outcome).collect()
}

fn reason(outcome: &Outcome) -> Option<&'static str> {
    let fits = |(group, why, _): &&(&str, &str, &str)| {
        outcome.group.starts_with(group) && outcome.why.contains(why)
    };
    REASONS.iter().find(fits).map(|(_, _, reason)| *reason)
}

fn report(mended: &[Outcome], published: &[Outcome]) -> Result<String> {
    let published: BTreeMap<&str, &Outcome> =
        published.iter().map(|one| (one.id.as_str(), one)).collect();
    let mut text = PREFACE.to_owned();
    text +=
        "\n## Partial content\n\n| test | result | with the faults of the suite |\n|---|---|---|\n";
    for one in mended.iter().filter(|one| one.group == "partial") {
        let as_it_is = published.get(one.id.as_str()).context("a test is not there")?;
        writeln!(text, "| `{}` | {} | {} |", one.id, result(one), result(as_it_is))?;
    }
    text += "\n## Others\n\n| group | passed | of those that are required |\n|---|---|---|\n";
    let mut groups: Vec<&str> = mended.iter().map(|one| one.group.as_str()).collect();
    groups.dedup();
    for group in groups {
        let count = |wanted: &dyn Fn(&Outcome) -> bool| {
            mended.iter().filter(|one| one.group == group && wanted(one)).count()
        };
        let is_required = |one: &Outcome| one.kind == "required";
        writeln!(
            text,
            "| {group} | {} of {} | {} of {} |",
            count(&|one| one.passed),
            count(&|_| true),
            count(&|one| one.passed && is_required(one)),
            count(&is_required)
        )?;
    }
    text += "\nEach failure, and why it is right for films:\n\n| test | what it asks | why not |\n|---|---|---|\n";
    for one in mended.iter().filter(|one| !one.passed) {
        let why = reason(one).unwrap_or(&one.why);
        writeln!(text, "| `{}` ({}) | {} | {why} |", one.id, one.kind, one.name)?;
    }
    Ok(text)
}

fn result(outcome: &Outcome) -> String {
    if outcome.passed { "pass".to_owned() } else { outcome.why.replace('|', "/") }
}
