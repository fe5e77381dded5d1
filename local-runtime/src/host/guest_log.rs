//! The guest's stdout and stderr, as lines of the server's log.

use std::{
    io, mem,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

/// Bytes of a line. A longer one becomes several.
const LINE_BYTES_MAX: usize = 8 << 10;

/// How a line about an admin call with a valid key begins. Those of refused calls begin otherwise.
const AUDIT: &str = "firstframe: admin key=\"";

/// A stream that the guest writes to.
#[derive(Clone, Copy)]
pub(super) enum GuestLog {
    Stdout,
    Stderr,
}

/// Writes each complete line to the log.
struct LineWriter {
    stream: GuestLog,
    line: Vec<u8>,
}

impl LineWriter {
    fn flush(&mut self) {
        let line = mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        match self.stream {
            GuestLog::Stdout if line.starts_with(AUDIT) => {
                tracing::info!(target: "audit", "{line}");
            }
            GuestLog::Stdout => tracing::info!(target: "guest", "{line}"),
            GuestLog::Stderr => tracing::warn!(target: "guest", "{line}"),
        }
    }
}

impl Drop for LineWriter {
    fn drop(&mut self) {
        if !self.line.is_empty() {
            self.flush();
        }
    }
}

impl IsTerminal for GuestLog {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for GuestLog {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(LineWriter { stream: *self, line: Vec::new() })
    }
}

impl AsyncWrite for LineWriter {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        for byte in bytes {
            if *byte == b'\n' || self.line.len() >= LINE_BYTES_MAX {
                self.flush();
            }
            if *byte != b'\n' {
                self.line.push(*byte);
            }
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
