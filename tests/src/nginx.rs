//! nginx as a process of a test or a bench.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};

/// How long it may take until it listens.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// A running nginx. Dropping it ends it and its workers.
#[derive(Debug)]
pub struct Nginx {
    process: Child,
}

impl Nginx {
    /// Starts an nginx with this configuration, which keeps it in the foreground, in the folder
    /// `home`. Returns when it listens on `port`.
    pub fn start(home: &Path, configuration: &str, port: u16) -> Result<Self> {
        let file = home.join("nginx.conf");
        fs::write(&file, configuration)?;
        let mut command = Command::new("nginx");
        command.arg("-p").arg(home).arg("-c").arg(file);
        // Debian installs it into a folder that is not on every PATH.
        command.env("PATH", format!("{}:/usr/sbin", std::env::var("PATH")?));
        let process = command.stdout(Stdio::null()).spawn().context("cannot start nginx")?;
        let nginx = Self { process };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            ensure!(start.elapsed() < START_TIMEOUT, "nginx does not start");
            thread::sleep(Duration::from_millis(20));
        }
        Ok(nginx)
    }

    /// Ids of its master and its workers.
    pub fn pids(&self) -> Result<Vec<u32>> {
        let master = self.process.id();
        let children = fs::read_to_string(format!("/proc/{master}/task/{master}/children"))?;
        let workers = children.split_whitespace().map(str::parse).collect::<Result<Vec<_>, _>>()?;
        Ok([vec![master], workers].concat())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // SIGTERM ends the workers, too; SIGKILL would end the master alone.
        let id = self.process.id().to_string();
        let _ended = Command::new("kill").args(["-TERM", &id]).status();
        let _waited = self.process.wait();
    }
}

/// A port of the loopback interface that nobody listens on now.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
