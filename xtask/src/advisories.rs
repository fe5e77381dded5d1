//! Compares the crates in `Cargo.lock` with `RustSec`'s database of advisories, where it can be had.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use semver::{Version, VersionReq};
use serde::Deserialize;

use crate::workspace;

const DATABASE: &str = "https://github.com/RustSec/advisory-db";
/// The folder of a database that is there already.
const VARIABLE: &str = "RUSTSEC_DB";
/// How long git may take.
const GIT_TIME_MAX: Duration = Duration::from_mins(1);

#[derive(Debug, Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: String,
    source: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    advisory: Advisory,
    #[serde(default)]
    versions: Versions,
}

#[derive(Debug, Deserialize)]
struct Advisory {
    id: String,
    /// Set where the crate is no danger, but unmaintained, for example.
    informational: Option<String>,
    withdrawn: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Versions {
    patched: Vec<String>,
    unaffected: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Rules {
    advisories: Ignored,
}

#[derive(Debug, Deserialize)]
struct Ignored {
    #[serde(default)]
    ignore: Vec<String>,
}

/// Fails with one line for each crate that an advisory is about. Says so where the database cannot be
/// had.
pub(crate) fn check() -> Result<()> {
    match database() {
        Ok(database) => compare(&database),
        Err(error) => {
            eprintln!(
                "    NOT CHECKED: no database of advisories: {error:#}. Clone {DATABASE}, and name \
                 its folder by {VARIABLE}"
            );
            Ok(())
        }
    }
}

/// The folder of the database: a given one, or a clone that is brought up to date.
fn database() -> Result<PathBuf> {
    if let Some(given) = std::env::var_os(VARIABLE) {
        let given = PathBuf::from(given);
        ensure!(given.join("crates").is_dir(), "{} has no folder crates", given.display());
        return Ok(given);
    }
    let folder = workspace::target_dir().join("advisory-db");
    let mut git = Command::new("git");
    if folder.join("crates").is_dir() {
        git.arg("-C").arg(&folder).args(["pull", "--quiet", "--ff-only"]);
    } else {
        git.args(["clone", "--quiet", "--depth", "1", DATABASE]).arg(&folder);
    }
    run_briefly(git.env("GIT_TERMINAL_PROMPT", "0"))?;
    Ok(folder)
}

fn run_briefly(command: &mut Command) -> Result<()> {
    let mut child =
        command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().context("cannot start git")?;
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            ensure!(status.success(), "git ended with {status}");
            return Ok(());
        }
        if started.elapsed() > GIT_TIME_MAX {
            child.kill()?;
            child.wait()?;
            bail!("git took over {GIT_TIME_MAX:?}");
        }
        thread::sleep(Duration::from_millis(50));
    }
}

fn compare(database: &Path) -> Result<()> {
    let lock: Lock = toml::from_str(&fs::read_to_string("Cargo.lock")?)?;
    let rules: Rules = toml::from_str(&fs::read_to_string("deny.toml")?)?;
    let (mut dangers, mut notes) = (Vec::new(), Vec::new());
    for package in lock.package.iter().filter(|package| package.source.is_some()) {
        for Entry { advisory, .. } in entries(database, package)? {
            let line = format!("{} {}: {}", package.name, package.version, advisory.id);
            match advisory.informational {
                _ if rules.advisories.ignore.contains(&advisory.id) => {}
                Some(kind) => notes.push(format!("{line} ({kind})")),
                None => dangers.push(line),
            }
        }
    }
    for note in &notes {
        eprintln!("    note: {note}");
    }
    ensure!(
        dangers.is_empty(),
        "advisories of {DATABASE}:\n  {}\nupdate these crates, or name the advisory in \
         advisories.ignore of deny.toml with the reason why it is no danger here",
        dangers.join("\n  ")
    );
    eprintln!("    no advisory about {} crates", lock.package.len());
    Ok(())
}

/// The advisories about this version of a crate.
fn entries(database: &Path, package: &Package) -> Result<Vec<Entry>> {
    let Ok(files) = fs::read_dir(database.join("crates").join(&package.name)) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for file in files {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            let entry = parse(&fs::read_to_string(&path)?);
            let entry = entry.with_context(|| format!("{} is no advisory", path.display()))?;
            if entry.is_about(&package.version.parse()?)? {
                found.push(entry);
            }
        }
    }
    found.sort_by(|one, other| one.advisory.id.cmp(&other.advisory.id));
    Ok(found)
}

/// The TOML at the beginning of an advisory.
fn parse(text: &str) -> Result<Entry> {
    let rest = text.split_once("```toml").context("no TOML")?.1;
    Ok(toml::from_str(rest.split_once("```").context("the TOML does not end")?.0)?)
}

impl Entry {
    fn is_about(&self, version: &Version) -> Result<bool> {
        let Versions { patched, unaffected } = &self.versions;
        let mut is_safe = self.advisory.withdrawn.is_some();
        for range in patched.iter().chain(unaffected) {
            is_safe |= VersionReq::parse(range)?.matches(version);
        }
        Ok(!is_safe)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADVISORY: &str = "```toml\n[advisory]\nid = \"RUSTSEC-2021-0001\"\npackage = \"a\"\n\
        date = \"2021-01-01\"\n\n[versions]\npatched = [\">= 1.2.3\"]\nunaffected = [\"< 1.0.0\"]\n\
        ```\n\n# A fault\n";

    #[test]
    fn advisory_is_about_versions_that_are_neither_patched_nor_unaffected() {
        let entry = parse(ADVISORY).unwrap();
        for (version, is_about) in
            [("0.9.9", false), ("1.0.0", true), ("1.2.2", true), ("1.2.3", false), ("2.0.0", false)]
        {
            assert_eq!(entry.is_about(&version.parse().unwrap()).unwrap(), is_about, "{version}");
        }
        let withdrawn = ADVISORY.replace("date =", "withdrawn = \"2022-01-01\"\ndate =");
        assert!(!parse(&withdrawn).unwrap().is_about(&"1.0.0".parse().unwrap()).unwrap());
    }

    #[test]
    fn advisories_of_a_crate_are_read_from_its_folder() {
        let database = std::env::temp_dir().join(format!("advisories-{}", std::process::id()));
        let folder = database.join("crates/a");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("RUSTSEC-2021-0001.md"), ADVISORY).unwrap();
        let package = |name: &str, version: &str| Package {
            name: name.to_owned(),
            version: version.to_owned(),
            source: None,
        };
        let count = |name, version| entries(&database, &package(name, version)).unwrap().len();
        assert_eq!((count("a", "1.1.0"), count("a", "1.3.0"), count("b", "1.1.0")), (1, 0, 0));
        fs::write(folder.join("RUSTSEC-2021-0002.md"), "# no TOML").unwrap();
        assert!(entries(&database, &package("a", "1.1.0")).is_err());
        fs::remove_dir_all(database).unwrap();
    }
}
