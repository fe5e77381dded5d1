//! What a film lacks without a track, and which browsers' own players have it.

use super::codec_name::{JPEG, PNG};
use crate::error::Unplayable;

/// A browser engine, by what it is built from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Chromium, Edge, Opera, …
    Chromium,
    /// Firefox.
    Firefox,
    /// Safari, and every browser on iOS.
    WebKit,
}

/// Codecs that Media Source Extensions do not have and browsers' own players may: names, and engines
/// (tried in Chromium 156 and Firefox 153; of WebKit by its documentation).
#[rustfmt::skip]
static OWN_PLAYERS: &[(&[&str], &[Engine])] = &[
    (&["PCM audio", "G.711 A-law", "G.711 mu-law"], &[Engine::Chromium, Engine::WebKit]),
    (&["AAC Main", "AAC LTP"], &[Engine::Chromium, Engine::Firefox]),
    (&["Vorbis"], &[Engine::Chromium]),
    (&["ALAC", "ProRes"], &[Engine::WebKit]),
];

impl Unplayable {
    /// What a film lacks without the track, for viewers.
    pub fn lack(&self) -> &'static str {
        match self {
            Self::Codec { name, .. } => name,
            Self::Kind(_) | Self::NoDescription | Self::NoMedia => "its format is unknown",
            Self::Encrypted(_) => "it is encrypted",
            Self::NoSamples => "it is empty",
            Self::Edits(_) => "its edit list is not played",
            Self::Broken(_) => "it is damaged",
        }
    }

    /// The engines whose own players play the track, although Media Source Extensions do not.
    pub fn own_players(&self) -> &'static [Engine] {
        let Self::Codec { name, .. } = self else { return &[] };
        let row = OWN_PLAYERS.iter().find(|(names, _)| names.contains(name));
        row.map_or(&[], |(_, engines)| engines)
    }

    /// Whether the codec is one of still pictures.
    pub(crate) fn is_still(&self) -> bool {
        matches!(self, Self::Codec { name, .. } if [JPEG, PNG].contains(name))
    }
}
