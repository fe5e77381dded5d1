//! `cargo xtask bench media`: reads ranges of one film from `firstframe serve`, from nginx with a cache
//! by slices, and from nginx as a file, and prints one JSON object a line.
//!
//! The load generator runs on the same machine and takes its share of the same processors, and so does
//! everything else that runs there: processor time says more than rates where the machine is shared.
//! Each round measures every subject once, in another order than the round before. A figure is the
//! median of the rounds, with the least and the greatest; a ratio is one of two subjects in one round.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it prints figures")]
#![expect(clippy::cast_precision_loss, reason = "figures are read by people")]

mod load;
mod subjects;

use std::{fs, path::PathBuf, thread, time::Duration};

use anyhow::{Context as _, Result};
use serde_json::json;

use load::{Load, LoadResult};
use subjects::{FILM_BYTES, Firstframe, HEAD_BYTES, Nginx};

const ROUNDS: usize = 5;
const TIME: Duration = Duration::from_secs(4);
/// Readers of the last case, and their pace.
const SLOW_READERS: u64 = 5_000;
const SLOW_BYTES_PER_S: u64 = 20_000;
const SLOW_TIME: Duration = Duration::from_secs(20);

/// What is requested, on how many connections at once.
struct Case {
    name: &'static str,
    length: u64,
    within: u64,
    connections: u64,
}

const CASES: [Case; 4] = [
    Case { name: "small-hit", length: 64 << 10, within: HEAD_BYTES, connections: 16 },
    Case { name: "1mib", length: 1 << 20, within: FILM_BYTES, connections: 8 },
    Case { name: "32mib", length: 32 << 20, within: FILM_BYTES, connections: 4 },
    Case { name: SLOW, length: 4 << 20, within: FILM_BYTES, connections: SLOW_READERS },
];
const SLOW: &str = "slow-readers";

/// A server under load.
struct Subject {
    name: &'static str,
    authority: String,
    pids: Vec<u32>,
    /// Request targets: of ranges that the edge has in blocks, and of all others.
    small: String,
    large: String,
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().context("the folder to work in is missing")?);
    let only = arguments.next();
    fs::create_dir_all(&folder)?;
    for rest in ["data", "files", "slice"] {
        let _absent = fs::remove_dir_all(folder.join(rest));
    }
    subjects::film(&folder)?;
    // As many as `firstframe serve` has threads.
    let workers = thread::available_parallelism()?.get();
    let files = Nginx::start("files", &folder, None, workers)?;
    let slice = Nginx::start("slice", &folder, Some(files.static_port), workers)?;
    slice.fill_cache()?;
    let firstframe = Firstframe::start(&folder, files.static_port)?;
    // `ratio` compares the first two.
    let subjects = [
        Subject::firstframe(&firstframe)?,
        Subject::nginx("nginx-slice", slice.slice_port, slice.pids()?),
        Subject::nginx("nginx-static", files.static_port, files.pids()?),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for case in CASES.iter().filter(|case| only.as_ref().is_none_or(|only| only == case.name)) {
        runtime.block_on(measure(case, &subjects))?;
    }
    Ok(())
}

impl Subject {
    fn firstframe(firstframe: &Firstframe) -> Result<Self> {
        Ok(Self {
            name: "firstframe",
            authority: firstframe.deployment.origin.authority.clone(),
            pids: firstframe.pids()?,
            small: firstframe.upstream.clone(),
            large: firstframe.own.clone(),
        })
    }

    fn nginx(name: &'static str, port: u16, pids: Vec<u32>) -> Self {
        let target = subjects::target();
        let authority = format!("127.0.0.1:{port}");
        Self { name, authority, pids, small: target.clone(), large: target }
    }
}

/// What is measured, in the order of [`Figures`].
const METRICS: [&str; 6] =
    ["requests_per_s", "p99_ms", "mb_s", "memory_bytes", "cpu_us_per_request", "errors"];

type Figures = [f64; METRICS.len()];

/// Runs every round of a case and prints its figures.
async fn measure(case: &Case, subjects: &[Subject]) -> Result<()> {
    let mut runs: Vec<Vec<Figures>> = subjects.iter().map(|_| Vec::new()).collect();
    for round in 0..ROUNDS {
        let mut order: Vec<_> = subjects.iter().zip(&mut runs).collect();
        order.rotate_left(round % subjects.len());
        for (subject, runs) in order {
            runs.push(measure_once(case, subject).await?);
        }
    }
    for (subject, runs) in subjects.iter().zip(&runs) {
        print_medians(case.name, subject.name, runs);
    }
    if let [ours, theirs, ..] = runs.as_slice() {
        print_medians(case.name, "ratio", &ratios(ours, theirs));
    }
    Ok(())
}

/// Each figure of ours, divided by theirs of the same round; 0 where both are 0.
fn ratios(ours: &[Figures], theirs: &[Figures]) -> Vec<Figures> {
    // JSON has no infinity: errors of ours alone are a large ratio.
    let ratio = |ours: f64, theirs: f64| (ours / theirs.max(f64::MIN_POSITIVE)).min(1e9);
    let pairs = ours.iter().zip(theirs);
    pairs
        .map(|(ours, theirs)| {
            let mut pair = ours.iter().zip(theirs);
            std::array::from_fn(|_| pair.next().map_or(1.0, |(ours, theirs)| ratio(*ours, *theirs)))
        })
        .collect()
}

async fn measure_once(case: &Case, subject: &Subject) -> Result<Figures> {
    subjects::reset_memory(&subject.pids);
    let cpu_before = subjects::cpu_us(&subject.pids);
    let mut result = run(case, subject).await?;
    let cpu = subjects::cpu_us(&subject.pids).saturating_sub(cpu_before) as f64;
    for error in result.errors.iter().take(3) {
        eprintln!("{} {}: {error}", subject.name, case.name);
    }
    let requests = result.times_us.len() as f64 / result.seconds;
    let mb = result.bytes as f64 / 1e6 / result.seconds;
    let memory = subjects::memory(&subject.pids) as f64;
    let cpu = cpu / (result.times_us.len() as f64).max(1.0);
    Ok([requests, result.p99_ms(), mb, memory, cpu, result.errors.len() as f64])
}

fn print_medians(case: &str, subject: &str, runs: &[Figures]) {
    for (at, metric) in METRICS.into_iter().enumerate() {
        let mut values: Vec<f64> = runs.iter().filter_map(|run| run.get(at).copied()).collect();
        values.sort_by(f64::total_cmp);
        let value = |at: usize| values.get(at).copied().unwrap_or_default();
        let (median, last) = (value(values.len() / 2), value(values.len().saturating_sub(1)));
        let figure = json!({
            "bench": "media", "case": case, "subject": subject, "metric": metric,
            "value": median, "min": value(0), "max": last
        });
        println!("{figure}");
    }
}

async fn run(case: &Case, subject: &Subject) -> Result<LoadResult> {
    let small = case.within == HEAD_BYTES;
    let load = Load {
        authority: subject.authority.clone(),
        target: if small { subject.small.clone() } else { subject.large.clone() },
        length: case.length,
        within: case.within,
    };
    let result = if case.name == SLOW {
        load::slow(&load, case.connections, SLOW_BYTES_PER_S, SLOW_TIME).await
    } else {
        load::fast(&load, case.connections, TIME).await
    };
    result.with_context(|| format!("{} in {}", subject.name, case.name))
}
