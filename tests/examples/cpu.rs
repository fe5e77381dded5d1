//! `cargo xtask bench cpu`: measures the processor time of cached responses of the Worker in workerd, and
//! prints one JSON object a line. `cpu CLIP SMALL` are clips of half a minute that films are made of.
//!
//! The process that is measured also runs the store and the front of miniflare. A worker without wasm,
//! the baseline, sends as many bytes from the same sources in the same process. The difference is the
//! Worker's own time.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it prints figures")]
#![expect(clippy::cast_precision_loss, reason = "figures are read by people")]

use std::{env, fs};

use anyhow::{Context as _, Result, ensure};
use api::{IngestedFile, paths::media_key};
use mp4::synth::{self, MoovAt};
use serde_json::json;
use tests::{
    deployment::Deployment,
    fixture,
    http::{Connection, Request},
};

const ROUNDS: usize = 5;
const REQUESTS: u64 = 500;
/// Requests until workerd has optimized the wasm.
const WARM_UP_REQUESTS: u64 = 1_000;
/// Of `/proc/PID/stat`: `USER_HZ` is 100 wherever Linux runs.
const TICK_MS: f64 = 10.0;

/// Two hours with the samples of a film and next to no bytes, and five minutes as they are.
const LONG: &str = "6370752d62656e63682d32682d66696c";
const LONG_SECONDS: u64 = 2 * 60 * 60;
const SHORT: &str = "6370752d62656e63682d356d696e2d66";
const SHORT_SECONDS: u64 = 5 * 60;
const CLIP_SECONDS: u64 = 30;

/// What is requested. `{at}` in the target stands for times all over the film.
struct Case {
    name: &'static str,
    target: String,
    film: &'static str,
    seconds: u64,
}

impl Case {
    fn long(name: &'static str, target: &str) -> Self {
        Self { name, target: target.to_owned() + "?at={at}", film: LONG, seconds: LONG_SECONDS }
    }

    fn short(name: &'static str, target: &str) -> Self {
        Self { name, target: target.to_owned() + "?at={at}", film: SHORT, seconds: SHORT_SECONDS }
    }

    fn request(&self, number: u64) -> Request {
        let at = (number * 617) % self.seconds;
        Request::get(self.target.replace("{at}", &at.to_string()))
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [clip, small] = arguments.as_slice() else { anyhow::bail!("usage: cpu CLIP SMALL") };
    let mut deployment = Deployment::workerd_wrapped_by("worker-with-baseline.mjs")?;
    fixture::install(&deployment)?;
    let long = put_film(&deployment, LONG, small, LONG_SECONDS)?;
    let short = put_film(&deployment, SHORT, clip, SHORT_SECONDS)?;
    fixture::publish_title(&deployment, "bench", &[long, short])?;
    let cases = [
        Case::long("headers-2h", &format!("/api/v2/headers/{LONG}")),
        Case::long("start-2h", &format!("/api/v2/start/{LONG}")),
        Case::short("headers-5min", &format!("/api/v2/headers/{SHORT}")),
        Case::short("start-5min", &format!("/api/v2/start/{SHORT}")),
        Case::short("episode-5min", "/api/v2/stream/bench.2/start"),
    ];
    let node = deployment.process()?.pid;
    let workerd = child(node)?;
    for case in cases {
        measure(&case, &deployment, workerd)?;
    }
    Ok(())
}

/// Puts a film that repeats a clip into the bucket.
fn put_film(deployment: &Deployment, id: &str, clip: &str, seconds: u64) -> Result<IngestedFile> {
    let clip = fs::read(clip).with_context(|| format!("cannot read {clip}"))?;
    let repeats = u32::try_from(seconds / CLIP_SECONDS)?;
    let film = synth::repeat_clip_wide(&clip, repeats, MoovAt::Tail)?;
    let media = usize::try_from(film.media.start)?..usize::try_from(film.media.end)?;
    let media = clip.get(media).context("the clip is whole")?.repeat(repeats as usize);
    let bytes = [film.head, media, film.tail].concat();
    deployment.put_object(&media_key(id), &bytes)?;
    Ok(IngestedFile { id: id.to_owned(), size_bytes: bytes.len() as u64 })
}

/// Id of the only child of a process.
fn child(parent: u32) -> Result<u32> {
    let mut children = Vec::new();
    for task in fs::read_dir(format!("/proc/{parent}/task"))? {
        let text = fs::read_to_string(task?.path().join("children"))?;
        children.extend(text.split_whitespace().map(str::parse).collect::<Result<Vec<u32>, _>>()?);
    }
    ensure!(children.len() == 1, "node has started {children:?}, not workerd alone");
    children.pop().context("no workerd")
}

/// Processor time of a process so far.
fn cpu_ms(pid: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // proc(5): fields 14 and 15 are utime and stime. The second, in brackets, may have spaces.
    let (_, rest) = stat.rsplit_once(')').context("no stat")?;
    let ticks = rest.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    Ok(ticks.sum::<Result<u64, _>>()? as f64 * TICK_MS)
}

fn measure(case: &Case, deployment: &Deployment, workerd: u32) -> Result<()> {
    let mut connection = deployment.origin.connect()?;
    let baseline = baseline(case, &mut connection)?;
    let subjects = [case, &baseline];
    for subject in subjects {
        run(subject, &mut connection, WARM_UP_REQUESTS)?;
    }
    let (mut ours, mut least) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for (subject, figures) in subjects.into_iter().zip([&mut ours, &mut least]) {
            let before = cpu_ms(workerd)?;
            run(subject, &mut connection, REQUESTS)?;
            figures.push((cpu_ms(workerd)? - before) / REQUESTS as f64);
        }
    }
    print_figures(case.name, median(ours), median(least));
    Ok(())
}

fn print_figures(case: &str, ours: f64, least: f64) {
    for (subject, value) in [("firstframe", ours), ("plain", least), ("difference", ours - least)] {
        let value = (value * 1000.0).round() / 1000.0;
        let figure = json!({
            "bench": "cpu", "case": case, "subject": subject, "metric": "cpu_ms", "value": value
        });
        println!("{figure}");
    }
}

/// A case in which the baseline sends as many bytes from the same place.
fn baseline(case: &Case, connection: &mut Connection) -> Result<Case> {
    let body = case.request(1).send_on(connection)?.body;
    let media = fixture::split_start(&body).map_or(0, |(_, media)| media.len());
    eprintln!("    {}: {} bytes, {media} of them media", case.name, body.len());
    let target = if media == 0 {
        format!("/baseline/bytes?length={}", body.len())
    } else {
        format!("/baseline/{}?offset=1000&length={media}", media_key(case.film))
    };
    Ok(Case { target, ..*case })
}

fn run(case: &Case, connection: &mut Connection, requests: u64) -> Result<()> {
    for number in 0..requests {
        let response = case.request(number).send_on(connection)?;
        ensure!(response.status == 200, "{}: {}", case.name, response.status);
    }
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
