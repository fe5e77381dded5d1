//! What a run of `publish` did, as its last lines say it.

use std::fmt::{self, Display};

use crate::library::draft_title::SkippedFile;
use crate::output::console::Console;
use crate::output::format::{Bytes, count_of};

/// What a run did.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(crate) titles: usize,
    pub(crate) episodes: usize,
    pub(crate) sent_bytes: u64,
    pub(crate) linked_bytes: u64,
    /// Films that the deployment had already.
    pub(crate) present: usize,
    pub(crate) skipped: Vec<SkippedFile>,
    /// Titles of the catalog that is now current; `None` in a dry run.
    pub(crate) catalog_titles: Option<usize>,
}

impl Summary {
    /// A file that is not published.
    pub(crate) fn skip(&mut self, file: &str, reason: impl Display) {
        self.skipped.push(SkippedFile { file: file.to_owned(), reason: reason.to_string() });
    }

    /// Prints it, with a line for each file that is not published.
    pub(crate) fn print(&self, console: &Console) {
        console.line(self);
        if !self.skipped.is_empty() {
            let files = count_of(self.skipped.len(), "file");
            console.line(format_args!("Not published, {files}:"));
        }
        for SkippedFile { file, reason } in &self.skipped {
            console.line(format_args!("  {file}: {reason}"));
        }
    }
}

impl Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.catalog_titles.is_some() { "Published" } else { "Would publish" };
        write!(
            f,
            "{verb} {} with {}",
            count_of(self.titles, "title"),
            count_of(self.episodes, "episode")
        )?;
        if let Some(titles) = self.catalog_titles {
            let present = count_of(self.present, "file");
            write!(
                f,
                ": {} sent, {} linked, {present} there before; the catalog has {}",
                Bytes(self.sent_bytes),
                Bytes(self.linked_bytes),
                count_of(titles, "title")
            )?;
        }
        write!(f, ".")
    }
}
