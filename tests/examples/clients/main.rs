//! `cargo xtask test clients`: other people's programs read one film from a plain file server, from the
//! own store and from an upstream, and use the object store over S3. Prints what each has got, and
//! writes it to `docs/clients.md`.
#![expect(clippy::print_stdout, reason = "it prints results")]

mod object_store;
mod programs;
mod servers;
mod table;

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result, bail};

use programs::{CLIENTS, Client};
use servers::{Servers, Subject};
use table::{Row, Table};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().context("the folder to work in is missing")?);
    // A part of a name, to run these clients only. Then no table is written.
    let only = arguments.next();
    let _absent = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    let folder = folder.canonicalize()?;
    servers::film(&folder)?;
    let servers = Servers::start(&folder)?;
    let is_run = |name: &str| only.as_ref().is_none_or(|only| name.contains(only.as_str()));
    let mut table = Table::default();
    for client in CLIENTS.iter().filter(|client| is_run(client.name)) {
        let cells = read_from_all(client, &servers.subjects, &folder);
        println!("{:<26} {}", client.name, cells.join(" | "));
        table.films.push(Row { client: client.name, version: client.version(), cells });
    }
    for step in object_store::STEPS.iter().filter(|step| is_run(step.client)) {
        let result = step.run(&servers.deployment, &folder);
        println!("{:<26} {}: {result}", step.client, step.what);
        table.store.push((step, result));
    }
    if only.is_none() {
        table.write(&servers.subjects)?;
    }
    match table.failures() {
        0 => Ok(()),
        count => bail!("{count} clients did not get everything"),
    }
}

/// What a client has got from each server. What it gets from a plain file is the whole.
fn read_from_all(
    client: &Client,
    subjects: &[Subject; 3],
    folder: &std::path::Path,
) -> Vec<String> {
    let [file, others @ ..] = subjects;
    let whole = client.run(file, folder);
    let mut cells = vec![match &whole {
        Ok(0) => "nothing".to_owned(),
        Ok(_) => table::WHOLE.to_owned(),
        Err(error) => format!("{error:#}"),
    }];
    for subject in others {
        cells.push(match (client.run(subject, folder), &whole) {
            (Ok(got), Ok(whole)) if got == *whole => table::WHOLE.to_owned(),
            (Ok(got), Ok(whole)) => format!("{got} of {whole}"),
            (Ok(got), Err(_)) => format!("{got} of an unknown number"),
            (Err(error), _) => format!("{error:#}"),
        });
    }
    cells
}
