//! The pictures of one title: those that the folder gives, else a frame of its first film.

use anyhow::Result;
use catalog::Title;

use super::published_film::PublishedFilm;
use crate::deployment::admin_api::AdminApi;
use crate::deployment::object_store::ObjectStore;
use crate::film::frame;
use crate::film::picture::{self, Picture};
use crate::library::draft_title::{DraftTitle, FileLocation};
use crate::library_folder::LibraryFolder;
use crate::output::console::Console;

/// What storing pictures needs.
pub(crate) struct TitlePictures<'a> {
    pub(crate) console: &'a Console,
    /// The folder that is published.
    pub(crate) folder: &'a LibraryFolder,
    pub(crate) admin: &'a AdminApi<'a>,
    pub(crate) store: &'a ObjectStore<'a>,
    /// Whether ffmpeg can be started.
    pub(crate) has_ffmpeg: bool,
}

impl TitlePictures<'_> {
    /// The image id of a title's poster. `before` is the title as the deployment has it.
    pub(crate) fn cover(
        &self,
        draft: &DraftTitle,
        before: Option<&Title>,
        film: &PublishedFilm,
    ) -> Result<Option<String>> {
        if let Some(cover) = &draft.cover
            && let Some(id) = self.given(cover)?
        {
            return Ok(Some(id));
        }
        // The frame of the same film that an earlier run stored is used again.
        if let Some(cover) = before.and_then(|before| cover_of_same_film(before, film))
            && self.store.size(&api::paths::image_key(cover))?.is_some()
        {
            return Ok(Some(cover.to_owned()));
        }
        let PublishedFilm::Own(film) = film else { return Ok(None) };
        if !self.has_ffmpeg || film.height.is_none() {
            return Ok(None);
        }
        match frame::extract(film) {
            Ok(picture) => self.store(&picture).map(Some),
            Err(error) => {
                self.console.line(format_args!("  no poster: {error:#}"));
                Ok(None)
            }
        }
    }

    /// The image id of a picture that the folder gives; `None`, and a line on the console, where it
    /// cannot be used.
    pub(crate) fn given(&self, location: &FileLocation) -> Result<Option<String>> {
        let error = match location {
            FileLocation::File(file) => match picture::read(self.folder, file) {
                Ok(picture) => return self.store(&picture).map(Some),
                Err(error) => error,
            },
            FileLocation::Provider(file) => match self.admin.ingest_picture(file) {
                Ok(ingested) => return Ok(Some(ingested.id)),
                Err(error) => error,
            },
        };
        self.console.line(format_args!("  picture {location}: {error:#}"));
        Ok(None)
    }

    fn store(&self, picture: &Picture) -> Result<String> {
        let key = api::paths::image_key(&picture.id);
        if self.store.size(&key)? != Some(picture.bytes.len() as u64) {
            self.store.put(&key, &picture.bytes)?;
        }
        Ok(picture.id.clone())
    }
}

fn cover_of_same_film<'t>(title: &'t Title, film: &PublishedFilm) -> Option<&'t str> {
    let first = title.episodes.first()?;
    let is_same = first.sources.iter().any(|source| source.id == film.source_id());
    title.cover.as_deref().filter(|_| is_same)
}
