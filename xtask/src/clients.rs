//! `cargo xtask test clients`: other people's programs read a film, and use the object store.

use std::{env, process::Command};

use anyhow::Result;

use crate::{
    build::{self, Built, NATIVE},
    prerequisites, process, workspace,
};

/// Programs, each with the Debian package that has it. Plugins come with the program that needs them.
pub(crate) const PROGRAMS: &[(&str, &str)] = &[
    ("aria2c", "aria2"),
    ("axel", "axel"),
    ("chromium", "chromium"),
    ("curl", "curl"),
    ("cvlc", "vlc-bin"),
    ("cvlc", "vlc-plugin-base"),
    ("ffmpeg", "ffmpeg"),
    ("firefox-esr", "firefox-esr"),
    ("gst-launch-1.0", "gstreamer1.0-libav"),
    ("gst-launch-1.0", "gstreamer1.0-plugins-bad"),
    ("gst-launch-1.0", "gstreamer1.0-plugins-base"),
    ("gst-launch-1.0", "gstreamer1.0-plugins-good"),
    ("gst-launch-1.0", "gstreamer1.0-tools"),
    ("mplayer", "mplayer"),
    ("mpv", "mpv"),
    ("nginx", "nginx"),
    ("python3", "python3"),
    ("python3", "python3-pip"),
    ("rclone", "rclone"),
    ("wget", "wget"),
    ("yt-dlp", "yt-dlp"),
];

/// The versions whose requests the object store is known to answer. Debian's are older than the
/// checksums that these send.
const PYTHON_PACKAGES: [&str; 3] = ["awscli==1.46.3", "boto3==1.44.8", "botocore[crt]==1.44.8"];

pub(crate) fn run(built: &Built) -> Result<()> {
    let python = prerequisites::python_packages("s3-clients", &PYTHON_PACKAGES)?;
    process::run(process::cargo(["build", "--example", "clients"]).args(build::WORKSPACE))?;
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([python.join("bin")].into_iter().chain(env::split_paths(&path)))?;
    let mut example = Command::new(workspace::target_dir().join(NATIVE).join("examples/clients"));
    example.arg(workspace::target_dir().join("tests/clients"));
    example.env("FIRSTFRAME_BIN", &built.firstframe).env("PYTHONPATH", python).env("PATH", path);
    process::step("clients", || process::run(&mut example))
}
