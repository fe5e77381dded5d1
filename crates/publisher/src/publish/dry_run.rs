//! `publish --dry-run`: reads the folder and its films, and reports the titles that a run would publish.

use std::path::Path;

use super::run::{announce, open_film};
use crate::film::picture;
use crate::library::draft_title::{DraftTitle, PictureLocation};
use crate::library::folder_library::Library;
use crate::output::console::Console;

/// Opens the films of `library`, and reports on standard output what [`publish`](crate::publish)
/// would do with it. It needs no deployment, and writes nothing.
pub fn dry_run(library: &Library) {
    let console = Console::new();
    let root = &library.root;
    let mut summary = announce(&console, library);
    for draft in &library.titles {
        let films =
            draft.episodes.iter().filter_map(|e| open_film(&console, root, e, &mut summary));
        let episodes = films.count();
        if episodes == 0 {
            continue;
        }
        let poster = poster(root, draft);
        console.line(format_args!("  title `{}` ({}), poster: {poster}", draft.title, draft.id));
        summary.titles += 1;
        summary.episodes += episodes;
    }
    console.line(&summary);
}

/// Where the poster of a title would come from.
fn poster(root: &Path, draft: &DraftTitle) -> String {
    match &draft.cover {
        Some(PictureLocation::File(file)) => match picture::read(root, file) {
            Ok(_) => file.display().to_string(),
            Err(error) => format!("none: {} {error:#}", file.display()),
        },
        Some(provider @ PictureLocation::Provider(_)) => provider.to_string(),
        None => "a frame of it, where ffmpeg is installed".to_owned(),
    }
}
