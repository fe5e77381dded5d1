//! `publish --dry-run`: reads the folder and its films, and reports the titles that a run would publish.

use super::run::{announce, open_film};
use crate::film::picture;
use crate::library::draft_title::{DraftTitle, FileLocation};
use crate::library::folder_library::Library;
use crate::library_folder::LibraryFolder;
use crate::output::console::Console;

/// Opens the films of `library`, and reports on standard output what [`publish`](crate::publish)
/// would do with it. It needs no deployment, and writes nothing.
pub fn dry_run(library: &Library) {
    let console = Console::new();
    let folder = &library.folder;
    let mut summary = announce(&console, library);
    for draft in &library.titles {
        let films = draft.episodes.iter().filter(|episode| match &episode.file {
            FileLocation::File(file) => open_film(&console, folder, file, &mut summary).is_some(),
            FileLocation::Provider(_) => {
                console.line(format_args!("{}: would be ingested", episode.file));
                true
            }
        });
        let episodes = films.count();
        if episodes == 0 {
            continue;
        }
        let poster = poster(folder, draft);
        console.line(format_args!("  title `{}` ({}), poster: {poster}", draft.title, draft.id));
        summary.titles += 1;
        summary.episodes += episodes;
    }
    summary.print(&console);
}

/// Where the poster of a title would come from.
fn poster(folder: &LibraryFolder, draft: &DraftTitle) -> String {
    match &draft.cover {
        Some(FileLocation::File(file)) => match picture::read(folder, file) {
            Ok(_) => file.display().to_string(),
            Err(error) => format!("none: {} {error:#}", file.display()),
        },
        Some(provider @ FileLocation::Provider(_)) => provider.to_string(),
        None => "a frame of it, where ffmpeg is installed".to_owned(),
    }
}
