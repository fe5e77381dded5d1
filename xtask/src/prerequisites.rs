//! Installs what a command needs on this machine, where it may, or says which command does.

use std::{
    collections::BTreeSet,
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::{process, workspace};

/// The version of worker-build that fits the version of the crate `worker`.
const WORKER_BUILD: &str = "0.8.7";

/// Adds the two wasm targets to the Rust toolchain.
pub(crate) fn rust_targets() -> Result<()> {
    let targets = ["wasm32-unknown-unknown", "wasm32-wasip2"];
    let sysroot = process::output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let libraries = Path::new(sysroot.trim()).join("lib/rustlib");
    let missing: Vec<_> =
        targets.into_iter().filter(|target| !libraries.join(target).join("lib").is_dir()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    process::step(&format!("adding Rust targets {}", missing.join(" ")), || {
        process::run(Command::new("rustup").args(["target", "add"]).args(&missing))
    })
}

/// Installs Debian packages, each given with a program that it holds, if this process runs as root;
/// else fails with the command to run.
pub(crate) fn programs(wanted: &[(&str, &str)]) -> Result<()> {
    let missing = wanted.iter().filter(|(program, _)| !is_installed(program));
    let missing: BTreeSet<&str> = missing.map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let missing: Vec<&str> = missing.into_iter().collect();
    let by_hand = format!("sudo apt-get install {}", missing.join(" "));
    if !is_installed("apt-get") || process::output(Command::new("id").arg("-u"))?.trim() != "0" {
        bail!("{} must be installed; please run: {by_hand}", missing.join(", "));
    }
    process::step(&format!("installing {}", missing.join(", ")), || {
        let apt = || {
            let mut command = Command::new("apt-get");
            command.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq");
            command
        };
        process::run(apt().arg("update"))?;
        process::run(apt().args(["install", "--yes", "--no-install-recommends"]).args(&missing))
            .with_context(|| format!("please run: {by_hand}"))
    })
}

/// Installs the Node packages of the tests: miniflare, the browser driver, the type checker.
pub(crate) fn node_packages() -> Result<()> {
    programs(&[("node", "nodejs"), ("npm", "npm")])?;
    npm_packages(&workspace::root().join("tests/node"))
}

/// Installs the packages that the lock file in `folder` names, unless they are there.
pub(crate) fn npm_packages(folder: &Path) -> Result<()> {
    let (lock, stamp) = (folder.join("package-lock.json"), folder.join("node_modules/.installed"));
    let wanted = fs::read(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    process::step("installing Node packages from the lock file", || {
        process::run(Command::new("npm").arg("ci").stdout(io::stderr()).current_dir(folder))?;
        Ok(fs::write(&stamp, &wanted)?)
    })
}

/// Installs these Python packages with pip into a folder of their own, unless they are there; returns
/// the folder.
pub(crate) fn python_packages(name: &str, packages: &[&str]) -> Result<PathBuf> {
    let folder = workspace::target_dir().join("tools").join(name);
    let (stamp, wanted) = (folder.join(".installed"), packages.join("\n"));
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(folder);
    }
    process::step(&format!("installing {} with pip", packages.join(", ")), || {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--upgrade", "--target"]).arg(&folder);
        process::run(pip.args(packages).stdout(io::stderr()))?;
        Ok(fs::write(&stamp, wanted)?)
    })?;
    Ok(folder)
}

/// The folder with the program worker-build, which the first use builds.
pub(crate) fn worker_build() -> Result<PathBuf> {
    let root = workspace::target_dir().join("tools").join(format!("worker-build-{WORKER_BUILD}"));
    let folder = root.join("bin");
    if !folder.join("worker-build").exists() {
        process::step("building worker-build", || {
            let mut install = process::cargo(["install", "worker-build", "--locked", "--version"]);
            install.args([WORKER_BUILD, "--profile", "dev", "--no-track", "--root"]).arg(&root);
            process::run(
                install
                    .env("CARGO_TARGET_DIR", workspace::target_dir().join("tools/build"))
                    .env("CARGO_PROFILE_DEV_DEBUG", "0"),
            )
        })?;
    }
    Ok(folder)
}

/// Whether `program` is on the `PATH`, or in `/usr/sbin`, where Debian puts servers and which not
/// everybody's `PATH` has.
pub(crate) fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.any(|folder| folder.join(program).is_file())
}
