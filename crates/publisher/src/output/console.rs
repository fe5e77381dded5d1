//! What is said while publishing: lines on standard output, a bar on a terminal.

use std::fmt::{self, Display};
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Films from this size on are worth a line each tenth where there is no bar: they take minutes.
const LINES_BYTES_MIN: u64 = 256 << 20;

/// A file that is not published, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Relative to the folder given.
    pub(super) file: String,
    pub(super) reason: String,
}

/// Where lines and the bar go.
#[derive(Debug)]
pub(super) struct Console {
    bar: ProgressBar,
}

impl Console {
    /// A bar on standard error where that is a terminal, else none.
    pub(super) fn new() -> Self {
        let bar = if io::stderr().is_terminal() {
            ProgressBar::no_length()
        } else {
            ProgressBar::hidden()
        };
        let style = "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta} {wide_msg}";
        bar.set_style(ProgressStyle::with_template(style).unwrap_or(ProgressStyle::default_bar()));
        Self { bar }
    }

    /// A line. Whoever reads them may have gone: that is no reason to stop publishing.
    pub(super) fn line(&self, text: impl Display) {
        self.bar.suspend(|| drop(writeln!(io::stdout().lock(), "{text}")));
    }

    /// A file of so many bytes begins to be sent.
    pub(super) fn begin(&self, file: &str, bytes: u64) {
        self.bar.reset();
        self.bar.set_length(bytes);
        self.bar.set_message(file.to_owned());
        self.bar.enable_steady_tick(Duration::from_millis(200));
    }

    /// So many more bytes of it are there.
    pub(super) fn sent(&self, bytes: u64) {
        let before = self.bar.position();
        self.bar.inc(bytes);
        let length = self.bar.length().unwrap_or(0);
        if !self.bar.is_hidden() || length < LINES_BYTES_MIN {
            return;
        }
        let tenth = |position: u64| u128::from(position) * 10 / u128::from(length);
        let now = tenth(before.saturating_add(bytes));
        if now > tenth(before) {
            self.line(format_args!("  {now}0 %"));
        }
    }

    /// It is there, or is given up.
    pub(super) fn end(&self) {
        self.bar.disable_steady_tick();
        self.bar.finish_and_clear();
    }
}

/// What a run did.
#[derive(Debug, Default)]
pub(super) struct Summary {
    pub(super) titles: usize,
    pub(super) episodes: usize,
    pub(super) sent_bytes: u64,
    pub(super) linked_bytes: u64,
    /// Films that the deployment had before.
    pub(super) there: usize,
    pub(super) refused: Vec<Refusal>,
    /// Titles of the catalogue that is now current; none in a rehearsal.
    pub(super) catalogue_titles: Option<usize>,
}

impl Summary {
    /// A file that is not published.
    pub(super) fn refuse(&mut self, file: &str, reason: impl Display) {
        self.refused.push(Refusal { file: file.to_owned(), reason: reason.to_string() });
    }
}

impl Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.catalogue_titles.is_some() { "Published" } else { "Would publish" };
        write!(
            f,
            "{verb} {} with {}",
            counted(self.titles, "title"),
            counted(self.episodes, "episode")
        )?;
        if let Some(titles) = self.catalogue_titles {
            let there = counted(self.there, "file");
            write!(
                f,
                ": {} sent, {} linked, {there} there before; the catalogue has {}",
                Bytes(self.sent_bytes),
                Bytes(self.linked_bytes),
                counted(titles, "title")
            )?;
        }
        write!(f, ".")?;
        if !self.refused.is_empty() {
            write!(f, "\nNot published, {}:", counted(self.refused.len(), "file"))?;
            for Refusal { file, reason } in &self.refused {
                write!(f, "\n  {file}: {reason}")?;
            }
        }
        Ok(())
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A size for people.
pub(super) struct Bytes(pub(super) u64);

impl Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        indicatif::DecimalBytes(self.0).fmt(f)
    }
}

/// `10:00`, `1:02:03`.
pub(super) struct Clock(pub(super) u64);

impl Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.saturating_add(500) / 1000;
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        if hours > 0 {
            write!(f, "{hours}:{minutes:02}:{seconds:02}")
        } else {
            write!(f, "{minutes}:{seconds:02}")
        }
    }
}
