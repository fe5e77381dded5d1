//! A film that a run has stored, or that stays with its provider, as an episode of the catalog.

use api::IngestedFilm;
use catalog::{Episode, Source};

use crate::film::probe::ProbedFilm;
use crate::library::draft_title::DraftEpisode;

/// A film by where its bytes are.
pub(crate) enum PublishedFilm {
    /// In the object store; its file is on this disk.
    Own(ProbedFilm),
    /// At a provider.
    Upstream(IngestedFilm),
}

impl PublishedFilm {
    pub(crate) fn source_id(&self) -> &str {
        match self {
            Self::Own(film) => &film.source_id,
            Self::Upstream(film) => &film.id,
        }
    }

    /// The episode that plays this film.
    pub(crate) fn episode(&self, draft: &DraftEpisode) -> Episode {
        let source = self.source();
        Episode {
            number: draft.number,
            key: None,
            name: Some(draft.name.clone()),
            former_ids: Vec::new(),
            title: draft.title.clone(),
            label: source.height.map(|height| format!("{height}p")),
            released_at: draft.released_at.clone(),
            duration_ms: source.duration_ms,
            sources: vec![source],
        }
    }

    fn missing(&self) -> Vec<api::MissingKind> {
        match self {
            Self::Own(film) => film.missing.clone(),
            Self::Upstream(_) => Vec::new(),
        }
    }

    fn container(&self) -> &'static str {
        match self {
            Self::Own(film) => film.container.name(),
            Self::Upstream(_) => "mp4",
        }
    }

    fn source(&self) -> Source {
        let (size_bytes, height, codec, duration_ms) = match self {
            Self::Own(film) => {
                let codec = Some(film.codec.clone());
                (film.stamp.size_bytes, film.height, codec, Some(film.duration_ms))
            }
            Self::Upstream(film) => {
                (film.size_bytes, film.height, film.codec.clone(), film.duration_ms)
            }
        };
        Source {
            id: self.source_id().to_owned(),
            size_bytes,
            container: self.container().to_owned(),
            height,
            codec,
            missing: self.missing(),
            playable: true,
            reason: None,
            duration_ms,
        }
    }
}
