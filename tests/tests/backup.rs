//! `firstframe backup` and `firstframe restore`: a restored folder serves what the backed-up one
//! served, and a run that is killed leaves the state before it or the one after it.
//!
//! `cargo xtask kills` runs the tests with a hundred kills of each verb.
#![expect(clippy::expect_used, reason = "a test that cannot go on ends here, and says why")]

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use api::{CatalogRoot, IngestedFile};
use tests::{
    bytes::{Dice, content},
    deployment::Deployment,
    fixture::{self, CLIP, CLIP_BYTES, CLIP_SEED},
    http::Request,
    process::firstframe_command,
};

/// Kills of each verb, where the variable `FIRSTFRAME_KILLS` names no other number.
const KILLS: usize = 5;
const FILM_BYTES: usize = 256 << 10;
/// Films of a folder whose backup is killed.
const FILMS: u64 = 8;

fn serve(data: &Path) -> Deployment {
    Deployment::serve(data, &["--log", "warn"]).expect("firstframe serve starts")
}

fn media(deployment: &Deployment, source: &str) -> (u16, Vec<u8>) {
    let request = Request::get(format!("/api/v2/media/{source}"));
    let response = request.send(&deployment.origin).expect("a response");
    (response.status, response.body)
}

fn source(number: u64) -> String {
    format!("{number:032x}")
}

fn put(deployment: &Deployment, number: u64, seed: u64) {
    let key = api::paths::media_key(&source(number));
    deployment.put_object(&key, &content(seed, 0, FILM_BYTES)).expect("the film is stored");
}

fn root(deployment: &Deployment) -> Option<CatalogRoot> {
    fixture::root(deployment).expect("a root")
}

/// `firstframe VERB DIR --data DATA`.
fn command(verb: &str, dir: &Path, data: &Path) -> Command {
    let mut command = firstframe_command().expect("firstframe is built");
    command.arg(verb).arg(dir).arg("--data").arg(data);
    command
}

fn finish(mut command: Command) -> Output {
    command.output().expect("firstframe runs")
}

#[track_caller]
fn succeeds(command: Command) -> String {
    let output = finish(command);
    let (out, error) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{error}");
    out.into_owned()
}

/// Starts a command, and kills it after `after`, if it runs so long.
fn kill_after(mut command: Command, after: Duration) {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("firstframe starts");
    // The moment is what the test varies: nothing else says how far the run is.
    thread::sleep(after);
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
}

fn kills() -> usize {
    let named = std::env::var("FIRSTFRAME_KILLS").ok();
    named.map_or(KILLS, |text| text.parse().expect("FIRSTFRAME_KILLS is a number"))
}

/// A moment in a run that takes this long, and a little behind it.
fn moment(dice: &mut Dice, length: Duration) -> Duration {
    length.mul_f64(f64::from(u32::try_from(dice.below(1_100)).expect("below 1,100")) / 1_000.0)
}

#[test]
fn restored_folder_serves_films_catalog_viewers_and_keys_of_the_backup() {
    let folder = tempfile::tempdir().expect("a folder");
    let [data, dir, restored] = ["data", "backup", "restored"].map(|name| folder.path().join(name));
    let deployment = serve(&data);
    let build = fixture::install(&deployment).expect("the fixture is published");
    let session = Request::post(api::paths::SESSION, "").send(&deployment.origin);
    let session: serde_json::Value =
        session.expect("a response").envelope().expect("an envelope").data.expect("a session");
    let token = session["clientToken"].as_str().expect("a token").to_owned();
    let first = succeeds(command("backup", &dir, &data));
    assert!(first.contains("Backed up 5 objects"), "{first}");
    let second = succeeds(command("backup", &dir, &data));
    assert!(second.contains("0 copied, 0 linked, 0 with shared blocks"), "{second}");
    let keys = deployment.admin_key.clone();
    drop(deployment);

    succeeds(command("restore", &dir, &restored));
    let deployment = serve(&restored);
    assert_eq!(deployment.admin_key, keys);
    assert_eq!(root(&deployment).map(|root| root.manifest), Some(build.manifest.hash));
    assert!(media(&deployment, CLIP) == (200, content(CLIP_SEED, 0, CLIP_BYTES)));
    let history = Request::get(api::paths::HISTORY).header("x-client-token", token);
    assert_eq!(history.send(&deployment.origin).expect("a response").status, 200);
    drop(deployment);

    let again = finish(command("restore", &dir, &restored));
    let error = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(!again.status.success() && error.contains("not empty"), "{error}");
}

#[test]
fn backup_of_a_busy_server_has_every_film_of_its_catalog() {
    let folder = tempfile::tempdir().expect("a folder");
    let [data, dir, restored] = ["data", "backup", "restored"].map(|name| folder.path().join(name));
    let deployment = serve(&data);
    fixture::install(&deployment).expect("the fixture is published");
    let last = back_up_while_busy(&deployment, &data, &dir);
    drop(deployment);
    succeeds(command("restore", &dir, &restored));
    let deployment = serve(&restored);
    let newest = (1..=last).find(|number| has_title(&deployment, *number)).expect("a title");
    assert!(newest >= 4, "the last backup began when four titles were published, and has {newest}");
    let (status, film) = media(&deployment, &source(newest));
    assert_eq!(status, 200, "the catalog names a film that is not there");
    assert!(film == content(newest, 0, FILM_BYTES));
    let (status, film) = media(&deployment, &source(0));
    assert_eq!(status, 200);
    assert!((1..=last).any(|seed| film == content(seed, 0, FILM_BYTES)), "a film of two states");
}

/// Backs up four times while somebody publishes and somebody plays; returns the number of the last
/// title.
fn back_up_while_busy(deployment: &Deployment, data: &Path, dir: &Path) -> u64 {
    let (done, published) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        let publishing = scope.spawn(|| publish_until(deployment, &done, &published));
        scope.spawn(|| play_until(deployment, &done));
        let backups = (0..4).map(|round| {
            while published.load(Ordering::Relaxed) <= round && !publishing.is_finished() {
                thread::yield_now();
            }
            finish(command("backup", dir, data))
        });
        let backups: Vec<_> = backups.collect();
        done.store(true, Ordering::Relaxed);
        for Output { status, stderr, .. } in backups {
            assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
        }
    });
    published.into_inner() + 1
}

/// Stores a film, replaces another one, whose blob is deleted, and makes a catalog of the first.
fn publish_until(deployment: &Deployment, done: &AtomicBool, published: &AtomicU64) {
    for number in 1.. {
        if done.load(Ordering::Relaxed) {
            return;
        }
        put(deployment, number, number);
        put(deployment, 0, number);
        let film = IngestedFile { id: source(number), size_bytes: FILM_BYTES as u64 };
        fixture::publish_title(deployment, &format!("t{number}"), &[film])
            .expect("it is published");
        published.fetch_add(1, Ordering::Relaxed);
    }
}

fn play_until(deployment: &Deployment, done: &AtomicBool) {
    while !done.load(Ordering::Relaxed) {
        assert!(media(deployment, CLIP) == (200, content(CLIP_SEED, 0, CLIP_BYTES)));
    }
}

fn has_title(deployment: &Deployment, number: u64) -> bool {
    let request = Request::get(format!("/api/v2/catalog/t{number}"));
    request.send(&deployment.origin).expect("a response").status == 200
}

/// What a folder serves: the seed of each film, and the catalog.
type State = (BTreeMap<u64, u64>, Option<String>);

/// The state of a folder, as a server of it shows it.
fn state_of(data: &Path, newest: u64) -> State {
    let deployment = serve(data);
    let mut films = BTreeMap::new();
    for number in 0..FILMS {
        let (status, film) = media(&deployment, &source(number));
        if status == 404 {
            continue;
        }
        let seed = (0..=newest).find(|seed| film == content(*seed, 0, FILM_BYTES));
        films.insert(number, seed.expect("a film of one state"));
    }
    (films, root(&deployment).map(|root| root.manifest))
}

/// Replaces one film, and the catalog.
fn change(deployment: &Deployment, state: &mut State, seed: u64) {
    put(deployment, seed % FILMS, seed);
    state.0.insert(seed % FILMS, seed);
    let title = catalog::Title { id: format!("t{seed}"), ..catalog::Title::default() };
    let build = catalog::build(vec![title]).expect("a title that fits");
    fixture::put_packs(deployment, &build).expect("packs are stored");
    fixture::flip(deployment, &build, state.1.take()).expect("the catalog is current");
    state.1 = Some(build.manifest.hash);
}

/// A server on the folder `data` with [`FILMS`] films and a catalog, backed up to `dir`.
fn backed_up(data: &Path, dir: &Path) -> (Deployment, State) {
    let deployment = serve(data);
    let mut now = State::default();
    for seed in 0..FILMS {
        change(&deployment, &mut now, seed);
    }
    succeeds(command("backup", dir, data));
    (deployment, now)
}

/// How long a command takes that succeeds: the shortest of three, because other tests run beside it.
fn length_of(command: impl Fn(u32) -> Command) -> Duration {
    let runs = (0..3).map(|run| {
        let started = Instant::now();
        succeeds(command(run));
        started.elapsed()
    });
    runs.min().unwrap_or_default()
}

/// Restores a backup into the folder `restored`, and shows its state.
fn restored_state(dir: &Path, restored: &Path, newest: u64) -> State {
    succeeds(command("restore", dir, restored));
    let state = state_of(restored, newest);
    fs::remove_dir_all(restored).expect("the folder is removed");
    state
}

#[test]
fn killed_backup_leaves_the_backup_before_it_or_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let [data, dir, restored] = ["data", "backup", "restored"].map(|name| folder.path().join(name));
    let (deployment, mut now) = backed_up(&data, &dir);
    let length = length_of(|_| command("backup", &dir, &data));
    let (mut before, mut dice, mut new) = (now.clone(), Dice::new(13), 0);
    let mut seed = FILMS;
    for kill in 0..kills() {
        change(&deployment, &mut now, seed);
        kill_after(command("backup", &dir, &data), moment(&mut dice, length));
        let found = restored_state(&dir, &restored, seed);
        new += usize::from(found == now);
        let is_right = [&before, &now].contains(&&found);
        assert!(is_right, "kill {kill}: {found:?} is neither {before:?} nor {now:?}");
        (before, seed) = (found, seed + 1);
    }
    println!("{new} of {} killed backups had ended", kills());
    succeeds(command("backup", &dir, &data));
    assert_eq!(restored_state(&dir, &restored, seed), now);
}

#[test]
fn killed_restore_leaves_no_folder_that_a_server_opens_or_a_whole_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let [data, dir, restored] = ["data", "backup", "restored"].map(|name| folder.path().join(name));
    let (_deployment, now) = backed_up(&data, &dir);
    let length =
        length_of(|run| command("restore", &dir, &folder.path().join(format!("whole-{run}"))));
    let (mut dice, mut unfinished) = (Dice::new(14), 0);
    for kill in 0..kills() {
        kill_after(command("restore", &dir, &restored), moment(&mut dice, length));
        if restored.join("restore.unfinished").exists() {
            assert_server_refuses(&restored);
            unfinished += 1;
        }
        let is_whole =
            restored.join("objects").exists() && !restored.join("restore.unfinished").exists();
        if !is_whole {
            succeeds(command("restore", &dir, &restored));
        }
        assert_eq!(state_of(&restored, FILMS), now, "kill {kill}");
        fs::remove_dir_all(&restored).expect("the folder is removed");
    }
    println!("{unfinished} of {} killed restores had begun and not ended", kills());
}

#[track_caller]
fn assert_server_refuses(data: &Path) {
    let mut serve = firstframe_command().expect("firstframe is built");
    serve.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    let error = String::from_utf8_lossy(&finish(serve).stderr).into_owned();
    assert!(error.contains("run `firstframe restore` again"), "{error}");
}
