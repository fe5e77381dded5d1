//! Compares the license and the source of every dependency with `deny.toml`.
//!
//! cargo-deny reads the same file.

use std::{collections::BTreeSet, fs};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use spdx::{Expression, Licensee};

use crate::process;

#[derive(Debug, Deserialize)]
struct Rules {
    licenses: Licenses,
    sources: Sources,
}

#[derive(Debug, Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
}

/// Fails with one line for each crate that `deny.toml` does not allow.
pub(crate) fn check() -> Result<()> {
    let rules: Rules = toml::from_str(&fs::read_to_string("deny.toml")?)?;
    let json =
        process::output(&mut process::cargo(["metadata", "--format-version=1", "--locked"]))?;
    let metadata: Metadata = serde_json::from_str(&json)?;
    let allowed = rules
        .licenses
        .allow
        .iter()
        .map(|name| Licensee::parse(name).with_context(|| format!("deny.toml: {name}")))
        .collect::<Result<Vec<_>>>()?;
    let registries: BTreeSet<String> =
        rules.sources.allow_registry.iter().map(|url| format!("registry+{url}")).collect();
    let broken: Vec<String> = metadata
        .packages
        .iter()
        .filter_map(|package| violation(package, &allowed, &registries))
        .collect();
    if !broken.is_empty() {
        bail!("not allowed by deny.toml:\n  {}", broken.join("\n  "));
    }
    println!("    deny.toml allows all {} crates", metadata.packages.len());
    Ok(())
}

fn violation(
    package: &Package,
    allowed: &[Licensee],
    registries: &BTreeSet<String>,
) -> Option<String> {
    let Package { name, version, license, source } = package;
    if source.as_ref().is_some_and(|source| !registries.contains(source)) {
        return Some(format!("{name} {version}: deny.toml does not allow its source"));
    }
    let Some(license) = license else {
        return Some(format!("{name} {version}: its manifest names no license"));
    };
    let Ok(expression) = Expression::parse_mode(license, spdx::ParseMode::LAX) else {
        return Some(format!("{name} {version}: `{license}` is not an SPDX expression"));
    };
    let met =
        expression.evaluate(|required| allowed.iter().any(|licensee| licensee.satisfies(required)));
    (!met).then(|| format!("{name} {version}: `{license}` is not allowed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(license: &str) -> Package {
        let text = str::to_owned;
        Package { name: text("a"), version: text("1"), license: Some(text(license)), source: None }
    }

    fn check_license(license: &str) -> Option<String> {
        violation(&package(license), &[Licensee::parse("MIT").unwrap()], &BTreeSet::new())
    }

    #[test]
    fn one_allowed_license_of_a_choice_is_enough() {
        assert_eq!(check_license("MIT OR GPL-3.0"), None);
        assert_eq!(check_license("MIT/GPL-3.0"), None);
    }

    #[test]
    fn every_license_of_a_conjunction_must_be_allowed() {
        assert!(check_license("MIT AND GPL-3.0").unwrap().contains("not allowed"));
    }

    #[test]
    fn crate_from_another_source_is_refused() {
        let mut package = package("MIT");
        package.source = Some("git+https://example.org/a".to_owned());
        let result = violation(&package, &[Licensee::parse("MIT").unwrap()], &BTreeSet::new());
        assert!(result.unwrap().contains("source"));
    }
}
