//! Cuts what may be secret out of texts for the operator.

use url::Url;

/// The text with each URL cut to its origin: paths and queries of upstreams are keys.
pub fn without_urls(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let Some(at) = word.find("://") else { return word.to_owned() };
        let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        let scheme = word.get(..at).unwrap_or_default();
        let before = scheme.trim_end_matches(is_scheme);
        let url = Url::parse(word.get(before.len()..).unwrap_or_default());
        let origin = url.map(|url| url.origin().ascii_serialization());
        format!("{before}{}", origin.unwrap_or_else(|_| "(a URL)".to_owned()))
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_cut_to_its_origin() {
        for (text, cut) in [
            ("no URL here", "no URL here"),
            ("GET https://a.example/f?key=1 failed", "GET https://a.example failed"),
            ("(https://u:p@a.example:8443/f#x)", "(https://a.example:8443"),
            ("http://[secret", "(a URL)"),
        ] {
            assert_eq!(without_urls(text), cut);
        }
    }
}
