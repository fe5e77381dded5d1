//! Programs that never outlive the test that started them.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

/// workerd takes seconds to start on a loaded machine of two cores.
const START_MAX: Duration = Duration::from_mins(2);

/// Runs `"$@"` until it ends or until our standard input does: a test that is killed, or whose
/// deployment is shared in a `static`, closes it without running any `drop`.
/// The first line that comes is the number of the program's process.
const GUARD: &str = r#"
exec 3<&0
sh -c 'echo $$; exec "$@"' sh "$@" 3<&- & child=$!
{ read -r _ <&3; kill -9 "$child"; } >/dev/null 2>&1 &
exec 3<&- 2>/dev/null
wait "$child""#;

/// A program that runs.
#[derive(Debug)]
pub struct Process {
    guard: Child,
    /// While it is open, the program runs.
    stdin: Option<ChildStdin>,
    /// The number of its process.
    pub pid: u32,
    /// The first line that it said.
    pub first_line: String,
}

impl Process {
    /// Starts a program that is killed when the test ends, however that is.
    pub fn start(program: &Path, arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", GUARD, "sh"]).arg(program).args(arguments);
        Self::run(command, true)
    }

    /// Starts a program that ends by itself when its standard input does.
    pub fn start_watching(program: &str, arguments: &[&str], set: &[(&str, &str)]) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(arguments).envs(set.iter().copied());
        Self::run(command, false)
    }

    fn run(mut command: Command, tells_pid: bool) -> Result<Self> {
        // What cargo or a person has set for other runs is no part of this one.
        for (name, _) in std::env::vars_os() {
            let own = command.get_envs().any(|(set, _)| set == name);
            if !own && name.to_string_lossy().starts_with("FIRSTFRAME_") {
                command.env_remove(name);
            }
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let shown = format!("{command:?}");
        let mut guard = command.spawn().with_context(|| format!("cannot start {shown}"))?;
        let stdin = guard.stdin.take();
        let stdout = guard.stdout.take().context("no standard output")?;
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || {
            let mut lines = BufReader::new(stdout).lines();
            let pid = tells_pid.then(|| lines.next()).flatten();
            let _ = send.send(lines.next().map(|line| (pid, line)));
            // Read to the end, so that the program never blocks on a full pipe.
            lines.for_each(drop);
        });
        let pid = guard.id();
        let mut process = Self { guard, stdin, pid, first_line: String::new() };
        match receive.recv_timeout(START_MAX) {
            Ok(Some((pid, line))) => {
                process.first_line = line?;
                if let Some(pid) = pid {
                    process.pid = pid?.parse()?;
                }
            }
            Ok(None) => bail!("it ended before it was ready: {shown}"),
            Err(_) => bail!("it said nothing for {START_MAX:?}: {shown}"),
        }
        Ok(process)
    }

    /// Kills it at once, as a power cut would, and waits until it is gone.
    pub fn kill(&mut self) -> Result<()> {
        self.stdin = None;
        self.wait(Duration::from_secs(10)).map(drop)
    }

    /// Waits until it ends by itself.
    pub fn wait(&mut self, most: Duration) -> Result<ExitStatus> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.guard.try_wait()? {
                return Ok(status);
            }
            if start.elapsed() > most {
                bail!("it still runs after {most:?}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A test that fails here has failed before.
        let _ = self.kill();
    }
}

/// The top of the repository.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}

/// The binary `firstframe`: `FIRSTFRAME_BIN`, or the one that cargo puts beside these tests.
pub fn firstframe() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("FIRSTFRAME_BIN") {
        let path = workspace().join(path);
        if !path.is_file() {
            bail!("FIRSTFRAME_BIN is {}, and there is no such file", path.display());
        }
        return Ok(path);
    }
    let test = std::env::current_exe()?;
    let beside = test.parent().and_then(Path::parent).map(|folder| folder.join("firstframe"));
    match beside {
        Some(path) if path.is_file() => Ok(path),
        _ => bail!(
            "there is no firstframe beside {}; `cargo xtask test` builds it, and FIRSTFRAME_BIN \
             names another",
            test.display()
        ),
    }
}
