//! What every film and picture has in common: where its id says that its bytes are, and the forms
//! in which they are answered.

mod response;

pub(crate) use response::{FilmHead, FilmResponse, MediaBody, MediaPart, is_not_modified};

use crate::rules::identity;

/// A film, or a picture, by where its bytes are. Its constructor alone reads that from an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Film<'a> {
    /// In the object store of this deployment, under this id.
    Own(&'a str),
    /// At a provider; the id is made of what the provider says of its bytes.
    Upstream(&'a str),
}

impl<'a> Film<'a> {
    /// The film that this id names. It need not exist.
    pub(crate) fn of(id: &'a str) -> Self {
        if identity::is_upstream(id) { Self::Upstream(id) } else { Self::Own(id) }
    }

    /// Its source id or image id.
    pub(crate) const fn id(self) -> &'a str {
        match self {
            Self::Own(id) | Self::Upstream(id) => id,
        }
    }
}
