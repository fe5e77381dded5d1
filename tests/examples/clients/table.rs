//! `docs/clients.md`: what each client has got.

use std::{fmt::Write as _, fs};

use anyhow::Result;
use tests::process::workspace;

use crate::{object_store::Step, servers::Subject};

/// The cell of a client that has everything.
pub(crate) const WHOLE: &str = "whole";
/// The result of a step that did what it should.
pub(crate) const DONE: &str = "done";

/// A client, and what it has got from each server.
pub(crate) struct Row {
    pub(crate) client: &'static str,
    pub(crate) version: String,
    pub(crate) cells: Vec<String>,
}

#[derive(Default)]
pub(crate) struct Table {
    pub(crate) films: Vec<Row>,
    pub(crate) store: Vec<(&'static Step, String)>,
}

impl Table {
    /// How many clients and steps have failed.
    pub(crate) fn failures(&self) -> usize {
        let is_short = |row: &&Row| row.cells.iter().any(|cell| cell != WHOLE);
        let films = self.films.iter().filter(is_short).count();
        films + self.store.iter().filter(|(_, result)| result != DONE).count()
    }

    pub(crate) fn write(&self, subjects: &[Subject]) -> Result<()> {
        let mut out = String::from(
            "# Clients\n\n`cargo xtask test clients` writes this file. Each client reads one film of \
             30 seconds and 24 MB, with `moov` at its end, from a plain file server, from the own \
             store and from an upstream. A download is whole where every byte is the film's; a \
             player has the film whole where it has got as many frames as from the plain file.\n\n",
        );
        let names: Vec<_> = subjects.iter().map(|subject| subject.name).collect();
        writeln!(out, "| client | version | {} |", names.join(" | "))?;
        writeln!(out, "|---|---|{}", "---|".repeat(names.len()))?;
        for Row { client, version, cells } in &self.films {
            writeln!(out, "| {client} | {version} | {} |", cells.join(" | "))?;
        }
        out += "\n## The object store\n\n[s3.md](s3.md) says how these clients are set up.\n\n\
                | client | what it does | result |\n|---|---|---|\n";
        for (step, result) in &self.store {
            writeln!(out, "| {} | {} | {result} |", step.client, step.what)?;
        }
        Ok(fs::write(workspace().join("docs/clients.md"), out)?)
    }
}
