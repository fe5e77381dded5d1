//! `cargo xtask bench media`: ranges of one film from `firstframe serve`, from nginx with a cache by
//! slices, and from nginx as a file; one JSON object a line.
//!
//! The load comes from this machine, too: it takes its share of the same processors, whoever is
//! measured. Each subject has its turn in each round, and the middle one of the rounds counts.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "its figures go to who runs it")]
#![expect(clippy::cast_precision_loss, reason = "figures are read by people")]

mod load;
mod subjects;

use std::{fs, path::PathBuf, thread, time::Duration};

use anyhow::{Context as _, Result};
use serde_json::json;

use load::{Aim, Outcome};
use subjects::{FILM_BYTES, Firstframe, HEAD_BYTES, Nginx};

const ROUNDS: usize = 3;
const TIME: Duration = Duration::from_secs(4);
/// Readers of the last case, and their pace.
const SLOW_READERS: u64 = 5_000;
const SLOW_BYTES_PER_S: u64 = 20_000;
const SLOW_TIME: Duration = Duration::from_secs(20);

/// What is asked for, and by how many at once.
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

/// Somebody under load.
struct Subject {
    name: &'static str,
    authority: String,
    pids: Vec<u32>,
    /// What is asked for from blocks, and what otherwise.
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
    slice.warm()?;
    let firstframe = Firstframe::start(&folder, files.static_port)?;
    let subjects = [
        Subject {
            name: "firstframe",
            authority: firstframe.deployment.origin.authority.clone(),
            pids: firstframe.pids()?,
            small: firstframe.elsewhere.clone(),
            large: firstframe.own.clone(),
        },
        nginx("nginx-slice", slice.slice_port, slice.pids()?),
        nginx("nginx-static", files.static_port, files.pids()?),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for case in CASES.iter().filter(|case| only.as_ref().is_none_or(|only| only == case.name)) {
        runtime.block_on(measure(case, &subjects))?;
    }
    Ok(())
}

fn nginx(name: &'static str, port: u16, pids: Vec<u32>) -> Subject {
    let target = subjects::target();
    Subject {
        name,
        authority: format!("127.0.0.1:{port}"),
        pids,
        small: target.clone(),
        large: target,
    }
}

/// Every round of a case, and its figures.
async fn measure(case: &Case, subjects: &[Subject]) -> Result<()> {
    let rounds = if case.name == SLOW { 1 } else { ROUNDS };
    let mut runs: Vec<Vec<[f64; 5]>> = subjects.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (subject, runs) in subjects.iter().zip(&mut runs) {
            subjects::reset_memory(&subject.pids);
            let mut outcome = run(case, subject).await?;
            for error in outcome.errors.iter().take(3) {
                eprintln!("{} {}: {error}", subject.name, case.name);
            }
            let requests = outcome.times_us.len() as f64 / outcome.seconds;
            let mb = outcome.bytes as f64 / 1e6 / outcome.seconds;
            let memory = subjects::memory(&subject.pids) as f64;
            runs.push([requests, outcome.p99_ms(), mb, memory, outcome.errors.len() as f64]);
        }
    }
    for (subject, runs) in subjects.iter().zip(&mut runs) {
        let metrics = ["requests_per_s", "p99_ms", "mb_s", "memory_bytes", "errors"];
        for (at, metric) in metrics.into_iter().enumerate() {
            let mut values: Vec<f64> = runs.iter().filter_map(|run| run.get(at).copied()).collect();
            values.sort_by(f64::total_cmp);
            let value = values.get(values.len() / 2).copied().unwrap_or_default();
            let (case, subject) = (case.name, subject.name);
            let figure = json!({
                "bench": "media", "case": case, "subject": subject, "metric": metric, "value": value
            });
            println!("{figure}");
        }
    }
    Ok(())
}

async fn run(case: &Case, subject: &Subject) -> Result<Outcome> {
    let small = case.within == HEAD_BYTES;
    let aim = Aim {
        authority: subject.authority.clone(),
        target: if small { subject.small.clone() } else { subject.large.clone() },
        length: case.length,
        within: case.within,
    };
    let outcome = if case.name == SLOW {
        load::slow(&aim, case.connections, SLOW_BYTES_PER_S, SLOW_TIME).await
    } else {
        load::fast(&aim, case.connections, TIME).await
    };
    outcome.with_context(|| format!("{} in {}", subject.name, case.name))
}
