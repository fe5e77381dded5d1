//! The lines of the log, of which only so many are written a second: the others are counted, and a
//! line says how many there were.

use std::{
    collections::HashMap,
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

/// Lines that are written in one second.
const LINES_MAX: usize = 6;
/// Of those, lines that differ in their numbers only.
const REPEATS_MAX: u64 = 2;
/// Kinds of lines that are counted one by one, and named in a line each at the end of the second.
const KINDS_MAX: usize = 3;
/// Characters of a line by which its kind is known, and that are written again.
const KIND_CHARS_MAX: usize = 200;

/// A log in front of `out`. A new second begins with each call of [`FoldedLog::end_second`].
struct FoldedLog<W> {
    out: W,
    written: usize,
    kinds: HashMap<String, Kind>,
    /// Lines left out besides those of `kinds`.
    others: u64,
}

/// Lines of one second that differ in their numbers only.
#[derive(Default)]
struct Kind {
    count: u64,
    left_out: u64,
    last: String,
}

impl<W: Write> FoldedLog<W> {
    fn new(out: W) -> Self {
        Self { out, written: 0, kinds: HashMap::new(), others: 0 }
    }

    /// Writes a line, or counts it.
    fn line(&mut self, line: &str) -> io::Result<()> {
        let text = message(line);
        let name: String = text.split(|c: char| c.is_ascii_digit()).collect();
        let is_full = self.kinds.len() >= LINES_MAX + KINDS_MAX && !self.kinds.contains_key(&name);
        if is_full {
            self.others += 1;
            return Ok(());
        }
        let kind = self.kinds.entry(name).or_default();
        kind.count += 1;
        if kind.count <= REPEATS_MAX && self.written < LINES_MAX {
            self.written += 1;
            return self.out.write_all(line.as_bytes());
        }
        kind.left_out += 1;
        kind.last = text;
        Ok(())
    }

    /// Says which lines were left out, and begins to count anew.
    fn end_second(&mut self) -> io::Result<()> {
        let mut kinds: Vec<Kind> = std::mem::take(&mut self.kinds).into_values().collect();
        kinds.retain(|kind| kind.left_out > 0);
        kinds.sort_by_key(|kind| std::cmp::Reverse(kind.left_out));
        let mut others = std::mem::take(&mut self.others);
        for (at, Kind { left_out, last, .. }) in kinds.into_iter().enumerate() {
            if at < KINDS_MAX {
                writeln!(self.out, "{left_out} more lines in a second like: {last}")?;
            } else {
                others += left_out;
            }
        }
        if others > 0 {
            writeln!(self.out, "{others} other lines in a second were left out")?;
        }
        self.written = 0;
        self.out.flush()
    }
}

/// A line without the time at its beginning, cut to the length that counts.
fn message(line: &str) -> String {
    let rest = line.trim_end().split_once(' ').map_or(line, |(_, rest)| rest);
    rest.trim_start().chars().take(KIND_CHARS_MAX).collect()
}

/// A writer of whole lines, each with one call, as the layer that formats events writes them.
pub(super) struct LogWriter(Arc<Mutex<FoldedLog<io::Stderr>>>);

impl Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.line(&String::from_utf8_lossy(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Makes writers to standard error, of whose lines only so many are written a second.
pub(super) fn writers() -> io::Result<impl Fn() -> LogWriter> {
    let log = Arc::new(Mutex::new(FoldedLog::new(io::stderr())));
    let ticked = Arc::clone(&log);
    thread::Builder::new().name("log".to_owned()).spawn(move || {
        loop {
            thread::sleep(Duration::from_secs(1));
            // An error that cannot be written cannot be reported either.
            let _unreported = ticked.lock().unwrap_or_else(PoisonError::into_inner).end_second();
        }
    })?;
    Ok(move || LogWriter(Arc::clone(&log)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(log: &mut FoldedLog<Vec<u8>>) -> Vec<String> {
        let text = String::from_utf8(std::mem::take(&mut log.out)).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_second_has_at_most_ten_lines_and_says_how_many_it_left_out() {
        let mut log = FoldedLog::new(Vec::new());
        for n in 0..1_000 {
            log.line(&format!("2026-12-01T00:00:0{n} WARN a store failed after {n} ms\n")).unwrap();
            let name: String = (0..n % 40).map(|_| 'x').collect();
            log.line(&format!("2026-12-01T00:00:0{n} WARN no film {name}\n")).unwrap();
        }
        log.end_second().unwrap();
        let written = lines(&mut log);
        assert!(written.len() <= 10, "{written:#?}");
        let left_out: u64 =
            written.iter().filter_map(|line| line.split(' ').next()?.parse::<u64>().ok()).sum();
        let whole = written.iter().filter(|line| line.starts_with("2026")).count() as u64;
        assert_eq!(left_out + whole, 2_000, "{written:#?}");
        assert!(
            written.iter().any(
                |line| line.starts_with("998 more lines in a second like: WARN a store failed")
            )
        );
    }

    #[test]
    fn few_lines_are_written_as_they_are() {
        let mut log = FoldedLog::new(Vec::new());
        for second in 0..3 {
            log.line(&format!("{second} INFO one\n")).unwrap();
            log.line(&format!("{second} INFO two\n")).unwrap();
            log.end_second().unwrap();
        }
        assert_eq!(
            lines(&mut log),
            ["0 INFO one", "0 INFO two", "1 INFO one", "1 INFO two", "2 INFO one", "2 INFO two"]
        );
    }
}
