//! `cargo xtask bench NAME`: prints a table of figures, or one JSON object a line.

mod conformance;
mod cpu;
mod media;
pub(crate) mod mp4;
mod start;

use std::{collections::BTreeMap, fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};

use crate::{process, workspace};

/// Which benchmark runs.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    name: Name,
    /// Print one object a line: `{"bench","case","subject","metric","value"}`.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Name {
    /// Index, headers and remuxing of films of 10 minutes, 2 and 10 hours, beside other libraries.
    Mp4,
    /// Ranges of a film over HTTP, beside nginx with a cache of slices and nginx with the file itself.
    Media,
    /// Tests of partial content of http-cache-tests, beside four other caches.
    Conformance,
    /// Processor time of headers and starts in workerd, beside a Worker without wasm.
    Cpu,
    /// Time from the click to the first frame in Chromium, through a shaped link, beside other players.
    Start(start::Arguments),
}

#[derive(Debug, Deserialize, Serialize)]
struct Figure {
    bench: String,
    case: String,
    subject: String,
    metric: String,
    value: f64,
    /// The least and the greatest value, where `value` is a median.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max: Option<f64>,
}

impl Figure {
    /// The value, and how far it was from others.
    fn cell(&self) -> String {
        let text = |value: f64| match value {
            value if value >= 10_000_000.0 => format!("{:.1}M", value / 1e6),
            value if value >= 1000.0 => format!("{value:.0}"),
            value => format!("{value:.3}"),
        };
        match (self.min, self.max) {
            (Some(min), Some(max)) => {
                format!("{} ({}..{})", text(self.value), text(min), text(max))
            }
            _ => text(self.value),
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let figures = match &arguments.name {
        Name::Conformance => conformance::run()?,
        Name::Cpu => cpu::run()?,
        Name::Media => media::run()?,
        Name::Mp4 => mp4::run()?,
        Name::Start(arguments) => start::run(arguments)?,
    };
    if !arguments.json {
        print(&figures);
        return Ok(());
    }
    for figure in figures {
        println!("{}", serde_json::to_string(&figure)?);
    }
    Ok(())
}

/// The figures that a program prints, one a line.
fn figures(command: &mut Command) -> Result<Vec<Figure>> {
    let read = |line| {
        serde_json::from_str(line).with_context(|| format!("this line is no figure: {line}"))
    };
    process::output(command)?.lines().map(read).collect()
}

/// A clip of 30 seconds with noise, as large as a film is: 720p at 1.4 Mbit/s with three B-frames and
/// a key frame every two seconds, AAC at 128 kbit/s, interleaved by ffmpeg.
fn clip() -> Result<PathBuf> {
    clip_of("clip", "1280x720", "1400k", "128k")
}

/// A clip with the same frame rate and sample rate and few bytes, for long films in small files.
fn small_clip() -> Result<PathBuf> {
    clip_of("small-clip", "96x54", "24k", "16k")
}

fn clip_of(name: &str, size: &str, video: &str, audio: &str) -> Result<PathBuf> {
    let films = workspace::target_dir().join("bench/films");
    fs::create_dir_all(&films)?;
    let clip = films.join(name).with_extension("mp4");
    if clip.is_file() {
        return Ok(clip);
    }
    let part = clip.with_extension("part.mp4");
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-y", "-t", "30", "-f", "lavfi", "-i"]);
    ffmpeg.arg(format!("testsrc2=size={size}:rate=24,noise=alls=6:allf=t"));
    ffmpeg.args(["-t", "30", "-f", "lavfi", "-i"]);
    ffmpeg.arg("anoisesrc=sample_rate=48000:color=pink,aformat=channel_layouts=stereo");
    ffmpeg.args(["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"]);
    ffmpeg.args(["-b:v", video, "-maxrate", video, "-bufsize", video, "-bf", "3", "-g", "48"]);
    ffmpeg.args(["-c:a", "aac", "-b:a", audio]).arg(&part);
    process::run(&mut ffmpeg)?;
    fs::rename(part, &clip)?;
    Ok(clip)
}

/// Prints one table for each case: a row for each subject, a column for each metric.
fn print(figures: &[Figure]) {
    let mut cases: Vec<&str> = figures.iter().map(|figure| figure.case.as_str()).collect();
    let mut metrics: Vec<&str> = figures.iter().map(|figure| figure.metric.as_str()).collect();
    for names in [&mut cases, &mut metrics] {
        let mut seen = Vec::new();
        names.retain(|name| {
            !seen.contains(name) && {
                seen.push(*name);
                true
            }
        });
    }
    for case in cases {
        let columns: Vec<String> = metrics.iter().map(|metric| format!("{metric:>30}")).collect();
        println!("\n{case:<20}{}", columns.concat());
        let mut rows: BTreeMap<&str, BTreeMap<&str, String>> = BTreeMap::new();
        for figure in figures.iter().filter(|figure| figure.case == case) {
            rows.entry(&figure.subject).or_default().insert(&figure.metric, figure.cell());
        }
        for (subject, values) in rows {
            let cell = |metric: &&str| match values.get(metric) {
                Some(cell) => format!("{cell:>30}"),
                None => format!("{:>30}", "-"),
            };
            println!("{subject:<20}{}", metrics.iter().map(cell).collect::<Vec<_>>().concat());
        }
    }
}
