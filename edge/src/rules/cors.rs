//! Which pages of other origins may read responses and send writes: the setting `cors_origins`.

use super::origins::Origins;
use crate::http::Headers;

impl Origins {
    /// The value of `Access-Control-Allow-Origin` for a request that names this origin. One origin is
    /// said to all, so that the response is the same for all.
    pub fn allow_origin(&self, origin: Option<&str>) -> Option<&str> {
        match self {
            Self::Any => Some("*"),
            Self::Listed(listed) => match listed.as_slice() {
                [only] => Some(only),
                several => several.iter().find(|known| Some(known.as_str()) == origin),
            }
            .map(String::as_str),
        }
    }

    /// Whether responses differ by the origin of their requests.
    pub fn varies(&self) -> bool {
        matches!(self, Self::Listed(listed) if listed.len() > 1)
    }

    /// Whether a page of a foreign origin sends this request. Browsers that send `Sec-Fetch-Site` are
    /// believed: no page can set it. Others, and all of them on plain HTTP, name the page's origin in
    /// writes, which is compared with the host that they ask for.
    pub fn is_foreign(&self, headers: &Headers, authority: &str) -> bool {
        let origin = headers.get("origin");
        if origin.is_some_and(|origin| self.allows(origin)) || *self == Self::Any {
            return false;
        }
        match headers.get("sec-fetch-site") {
            // `same-site` is another port of this machine, or another name of this domain.
            Some(site) => !matches!(site, "same-origin" | "none"),
            None => origin.is_some_and(|origin| {
                let host = origin.split_once("://").map(|(_, host)| host);
                host.is_none_or(|host| !host.eq_ignore_ascii_case(authority))
            }),
        }
    }
}
