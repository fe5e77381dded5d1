//! `firstframe ingest`: has the edge ingest files of a provider, or lists those that were.

use anyhow::Result;
use api::ProviderFile;

use crate::deployment::admin_api::AdminApi;
use crate::deployment::target::ApiAccess;
use crate::output::console::Console;
use crate::output::format::{Bytes, Clock, count_of};

/// Ingests files of a provider, one after the other, and reports the source id of each on standard output.
/// The answer is whether all of them were ingested.
///
/// # Errors
/// The deployment does not answer. Then nothing was done.
pub fn ingest(access: &ApiAccess, provider: &str, files: &[String]) -> Result<bool> {
    let console = Console::new();
    let admin = AdminApi::new(access, &console)?;
    admin.first_root()?;
    let mut failed = 0;
    for (n, file) in (1..).zip(files) {
        let name = format!("[{n}/{}] {file}", files.len());
        let named = ProviderFile { provider: provider.to_owned(), file: file.clone() };
        match admin.ingest_film(&named) {
            Ok(ingested) => {
                let length = ingested.duration_ms.map(|ms| format!(", {}", Clock(ms)));
                let length = length.unwrap_or_default();
                let codec = ingested.codec.map(|codec| format!(", {codec}")).unwrap_or_default();
                let size = Bytes(ingested.size_bytes);
                console.line(format_args!("{name}: {}: {size}{length}{codec}", ingested.id));
            }
            Err(error) => {
                failed += 1;
                console.line(format_args!("{name}: {error:#}"));
            }
        }
    }
    let done = count_of(files.len() - failed, "film");
    console.line(format_args!("Ingested {done}; {failed} failed."));
    Ok(failed == 0)
}

/// Lists the films of a provider that were ingested.
///
/// # Errors
/// The deployment does not answer.
pub fn list_ingested(access: &ApiAccess, provider: &str) -> Result<()> {
    let console = Console::new();
    let admin = AdminApi::new(access, &console)?;
    admin.first_root()?;
    let films = admin.ingested_films(provider)?;
    for film in &films {
        let size = Bytes(film.size_bytes);
        console.line(format_args!("{}: {}: {size}", film.file, film.id));
    }
    let count = count_of(films.len(), "film");
    console.line(format_args!("{count} of the provider {provider} ingested."));
    Ok(())
}
