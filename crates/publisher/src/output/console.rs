//! Lines on standard output, and a progress bar on standard error where that is a terminal.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::printable::printable;

/// Size from which a file gets a line for each tenth where there is no bar: it takes minutes.
const LINES_BYTES_MIN: u64 = 256 << 20;

/// The terminal, or the pipe in its place.
#[derive(Debug)]
pub(crate) struct Console {
    bar: ProgressBar,
    is_silent: bool,
}

impl Console {
    /// A bar on standard error where that is a terminal, else none.
    pub(crate) fn new() -> Self {
        let bar = if io::stderr().is_terminal() {
            ProgressBar::no_length()
        } else {
            ProgressBar::hidden()
        };
        let style = "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta} {wide_msg}";
        bar.set_style(ProgressStyle::with_template(style).unwrap_or(ProgressStyle::default_bar()));
        Self { bar, is_silent: false }
    }

    /// Prints nothing: a server's standard output is its access log.
    pub(crate) fn silent() -> Self {
        Self { bar: ProgressBar::hidden(), is_silent: true }
    }

    /// Prints one line, whatever is in the text. A closed pipe is ignored: it is no reason to stop publishing.
    pub(crate) fn line(&self, text: impl Display) {
        if self.is_silent {
            return;
        }
        let text = text.to_string();
        let text = printable(&text);
        self.bar.suspend(|| drop(writeln!(io::stdout().lock(), "{text}")));
    }

    /// Shows the bar for a file of so many bytes.
    pub(crate) fn begin(&self, file: &str, bytes: u64) {
        self.bar.reset();
        self.bar.set_length(bytes);
        self.bar.set_message(printable(file).into_owned());
        self.bar.enable_steady_tick(Duration::from_millis(200));
    }

    /// Moves the bar on by so many bytes.
    pub(crate) fn sent(&self, bytes: u64) {
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

    /// The file is sent, or its sending failed.
    pub(crate) fn end(&self) {
        self.bar.disable_steady_tick();
        self.bar.finish_and_clear();
    }
}
