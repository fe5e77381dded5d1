//! Lists of other sites in settings: `cors_origins` and `embed_origins`.

use url::Url;

/// Origins in a setting: more are a mistake, and each request compares them.
pub const ORIGIN_COUNT_MAX: usize = 32;

/// The origins of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// Every origin.
    Any,
    /// These, as browsers write them; none is the default.
    Listed(Vec<String>),
}

impl Default for Origins {
    fn default() -> Self {
        Self::Listed(Vec::new())
    }
}

impl Origins {
    /// Reads the setting: origins separated by commas, or `*`. What is no origin admits nobody.
    pub fn parse(setting: &str) -> Self {
        let parts = setting.split(',').map(str::trim).filter(|part| !part.is_empty());
        let mut listed = Vec::new();
        for part in parts.take(ORIGIN_COUNT_MAX) {
            if part == "*" {
                return Self::Any;
            }
            // Written as browsers do: in lower case, and without the scheme's own port.
            listed.extend(Url::parse(part).ok().map(|url| url.origin().ascii_serialization()));
        }
        listed.retain(|origin| origin != "null");
        Self::Listed(listed)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Listed(listed) if listed.is_empty())
    }

    /// Whether this origin is one of them.
    pub fn allows(&self, origin: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(listed) => listed.iter().any(|known| known == origin),
        }
    }
}
