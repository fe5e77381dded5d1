//! Starts programs for a test. None of them outlives the test, however the test ends.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};

/// workerd takes seconds to start on a loaded machine of two cores.
const START_TIMEOUT: Duration = Duration::from_mins(2);
/// How long a killed program may take to be gone.
const KILL_TIMEOUT: Duration = Duration::from_secs(10);

/// A shell script that runs `"$@"` until the program ends or until the script's standard input
/// closes. A test that is killed, or whose deployment is in a `static`, runs no `drop`, but the
/// kernel closes its end of the pipe. The first line of output is the id of the program's process.
const GUARD: &str = r#"
exec 3<&0
sh -c 'echo $$; exec "$@"' sh "$@" 3<&- & child=$!
{ read -r _ <&3; kill -9 "$child"; } >/dev/null 2>&1 &
exec 3<&- 2>/dev/null
wait "$child""#;

/// A running program.
#[derive(Debug)]
pub struct Process {
    guard: Child,
    /// The program runs while this pipe is open.
    stdin: Option<ChildStdin>,
    /// Id of the program's process.
    pub pid: u32,
    /// The first line that the program wrote to standard output.
    pub first_line: String,
}

impl Process {
    /// Starts a program that is killed when the test ends. Returns when its first line is there.
    pub fn start(program: &Path, arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", GUARD, "sh"]).arg(program).args(arguments);
        Self::run(command, true)
    }

    /// Starts a program that ends by itself when its standard input closes. `variables` are the
    /// only ones with the prefix `FIRSTFRAME_` in its environment.
    pub fn start_unguarded(
        program: &str,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(arguments).envs(variables.iter().copied());
        Self::run(command, false)
    }

    fn run(mut command: Command, prints_pid: bool) -> Result<Self> {
        remove_settings(&mut command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let shown = format!("{command:?}");
        let mut guard = command.spawn().with_context(|| format!("cannot start {shown}"))?;
        let stdin = guard.stdin.take();
        let stdout = guard.stdout.take().context("no standard output")?;
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || {
            let mut lines = BufReader::new(stdout).lines();
            let pid = prints_pid.then(|| lines.next()).flatten();
            let _ = send.send(lines.next().map(|line| (pid, line)));
            // Read to the end, so that the program never blocks on a full pipe.
            lines.for_each(drop);
        });
        let pid = guard.id();
        let mut process = Self { guard, stdin, pid, first_line: String::new() };
        match receive.recv_timeout(START_TIMEOUT) {
            Ok(Some((pid, line))) => {
                process.first_line = line?;
                if let Some(pid) = pid {
                    process.pid = pid?.parse()?;
                }
            }
            Ok(None) => bail!("the program ended before it wrote a line: {shown}"),
            Err(_) => bail!("the program wrote no line in {START_TIMEOUT:?}: {shown}"),
        }
        Ok(process)
    }

    /// Kills the program at once, as a power cut would, and waits until it is gone.
    pub fn kill(&mut self) -> Result<()> {
        self.stdin = None;
        self.wait(KILL_TIMEOUT).map(drop)
    }

    /// Sends a signal, such as `-TERM`, to the program.
    pub fn signal(&self, signal: &str) -> Result<()> {
        let status = Command::new("kill").args([signal, &self.pid.to_string()]).status()?;
        ensure!(status.success(), "kill {signal} {}: {status}", self.pid);
        Ok(())
    }

    /// Waits until the program ends by itself; an error when it still runs after `timeout`.
    pub fn wait(&mut self, timeout: Duration) -> Result<ExitStatus> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.guard.try_wait()? {
                return Ok(status);
            }
            if start.elapsed() > timeout {
                bail!("process {} still runs after {timeout:?}", self.pid);
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

/// Removes the settings that cargo or a person has in the environment for other runs, and keeps
/// those that `command` sets itself.
fn remove_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let is_own = command.get_envs().any(|(set, _)| set == name);
        if !is_own && name.to_string_lossy().starts_with("FIRSTFRAME_") {
            command.env_remove(name);
        }
    }
}

/// A command of the binary `firstframe` for a run that ends by itself, without settings from the
/// environment.
pub fn firstframe_command() -> Result<Command> {
    let mut command = Command::new(firstframe()?);
    remove_settings(&mut command);
    command.stdin(Stdio::null()).env_remove("RUST_BACKTRACE");
    Ok(command)
}

/// The top of the repository.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}

/// Path of the binary `firstframe`: `FIRSTFRAME_BIN`, or the one that cargo puts beside the tests.
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
