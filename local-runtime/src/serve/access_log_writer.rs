//! Writes lines to stdout in a thread of its own, so that no request waits for who reads them.

use std::{
    io::{Write, stdout},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

/// Lines that wait to be written. Further ones are counted and dropped.
const WAITING_MAX: usize = 8_192;
/// How long the end of the server waits for lines to be written.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// What the thread gets.
enum Message {
    Line(String),
    /// All lines before it were written when the sender is dropped.
    Flush {
        _done: SyncSender<()>,
    },
}

/// The writer. Clones share its thread.
#[derive(Clone)]
pub(super) struct AccessLogWriter {
    messages: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
}

impl AccessLogWriter {
    pub(super) fn start() -> Self {
        let (messages, waiting) = sync_channel(WAITING_MAX);
        let dropped = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&dropped);
        thread::spawn(move || write_lines(stdout(), &waiting, &counted));
        Self { messages, dropped }
    }

    pub(super) fn write(&self, line: String) {
        if self.messages.try_send(Message::Line(line)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until the lines of before are written, or for a second.
    pub(super) fn flush(&self) {
        let (done, written) = sync_channel(1);
        if self.messages.try_send(Message::Flush { _done: done }).is_ok() {
            // Either it is done, or the reader of stdout is stuck.
            let _ = written.recv_timeout(FLUSH_TIMEOUT);
        }
    }
}

fn write_lines(mut out: impl Write, waiting: &Receiver<Message>, dropped: &AtomicU64) {
    for message in waiting {
        let Message::Line(line) = message else { continue };
        if let Err(error) = out.write_all(line.as_bytes()).and_then(|()| out.flush()) {
            tracing::warn!(%error, "the access log ends: stdout cannot be written");
            return;
        }
        let dropped = dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            tracing::warn!(dropped, "stdout is read too slowly: lines of the access log are lost");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_beyond_those_that_wait_are_dropped_and_counted() {
        let (messages, waiting) = sync_channel(WAITING_MAX);
        let writer = AccessLogWriter { messages, dropped: Arc::default() };
        for n in 0..WAITING_MAX + 5 {
            writer.write(format!("{n}\n"));
        }
        let dropped = Arc::clone(&writer.dropped);
        assert_eq!(dropped.load(Ordering::Relaxed), 5);
        drop(writer);
        let mut out = Vec::new();
        write_lines(&mut out, &waiting, &dropped);
        assert_eq!(String::from_utf8(out).unwrap().lines().count(), WAITING_MAX);
        assert_eq!(dropped.load(Ordering::Relaxed), 0);
    }
}
