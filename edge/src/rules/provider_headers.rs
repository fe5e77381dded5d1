//! Request header fields that a provider wants, and the secrets in them.
//!
//! A record names a secret, `Bearer {secret:archive}`; its text comes from the setting
//! `provider_secrets`, a JSON object of texts by name, and is in no record and no log.

use std::{
    collections::BTreeMap,
    fmt::{self, Debug, Formatter},
};

/// Fields of one provider, and bytes of a name or a value.
const FIELD_COUNT_MAX: usize = 16;
const FIELD_BYTES_MAX: usize = 4096;
/// Fields of a connection or of a range, which the edge or its platform writes itself.
const OWN_FIELDS: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// Fields that are credentials whatever is in them.
const CREDENTIALS: [&str; 2] = ["authorization", "cookie"];

/// Secrets by name, as the setting has them.
pub type Secrets = BTreeMap<String, String>;

/// Parses the setting `provider_secrets`. The error tells nothing of its values.
pub fn parse_secrets(setting: &str) -> Result<Secrets, String> {
    serde_json::from_str(setting)
        .map_err(|_| "the setting provider_secrets is not a JSON object of texts".to_owned())
}

/// A text that no log shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl Debug for Secret {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// A request header field, complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestField {
    /// In lower case.
    pub name: String,
    /// Its value, secrets included.
    pub value: Secret,
    /// Whether only the provider's own URLs get it, and not those of redirects and resolvers.
    pub is_credential: bool,
}

/// Checks the fields of a record.
pub fn check(fields: &BTreeMap<String, String>) -> Result<(), &'static str> {
    if fields.len() > FIELD_COUNT_MAX {
        return Err("`headers` has at most 16 fields");
    }
    for (name, value) in fields {
        let is_token = |byte: u8| {
            matches!(byte, b'a'..=b'z' | b'0'..=b'9') || b"!#$%&'*+-.^_`|~".contains(&byte)
        };
        let is_own = OWN_FIELDS.contains(&name.as_str())
            || ["if-", "proxy-", "sec-", "firstframe-"].iter().any(|own| name.starts_with(own));
        if name.is_empty() || name.len() > FIELD_BYTES_MAX || !name.bytes().all(is_token) || is_own
        {
            return Err("`headers` has a name that is no header field in lower case, or one that \
                        is written here");
        }
        if !is_value(value) {
            return Err("`headers` has a value that is not visible ASCII of at most 4096 bytes");
        }
    }
    Ok(())
}

fn is_value(value: &str) -> bool {
    value.len() <= FIELD_BYTES_MAX && value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// The fields with their secrets.
pub fn complete(
    fields: &BTreeMap<String, String>,
    secrets: &Secrets,
) -> Result<Vec<RequestField>, String> {
    let field = |(name, template): (&String, &String)| {
        let value = fill(template, secrets)?;
        if !is_value(&value) {
            return Err(format!("a secret in the header {name} is not visible ASCII"));
        }
        let is_credential = CREDENTIALS.contains(&name.as_str()) || value != *template;
        Ok(RequestField { name: name.clone(), value: Secret(value), is_credential })
    };
    fields.iter().map(field).collect()
}

/// Puts secrets in the place of `{secret:name}`.
pub fn fill(template: &str, secrets: &Secrets) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{secret:") {
        let (name, after) =
            after.split_once('}').ok_or_else(|| "a {secret: has no end".to_owned())?;
        let secret = secrets.get(name);
        let missing = || format!("the setting provider_secrets has no `{name}`");
        filled.push_str(before);
        filled.push_str(secret.ok_or_else(missing)?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(name: &str, value: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn secrets_are_filled_in_and_shown_nowhere() {
        let secrets = parse_secrets(r#"{"a": "one", "b": "two"}"#).unwrap_or_default();
        let filled = complete(&fields("x-key", "{secret:a}-{secret:b}!"), &secrets);
        let filled = filled.unwrap_or_default();
        assert_eq!(filled.first().map(|field| field.value.0.as_str()), Some("one-two!"));
        assert!(filled.iter().all(|field| field.is_credential));
        assert!(!format!("{filled:?}").contains("one"));
        let plain = complete(&fields("referer", "https://a.example/"), &secrets);
        assert!(plain.is_ok_and(|fields| fields.iter().all(|field| !field.is_credential)));
        assert!(
            complete(&fields("x", "{secret:c}"), &secrets).is_err_and(|why| why.contains("`c`"))
        );
        assert!(complete(&fields("x", "{secret:a"), &secrets).is_err());
        let broken = parse_secrets(r#"{"a": "one\r\nx: y"}"#).unwrap_or_default();
        assert!(
            complete(&fields("x", "{secret:a}"), &broken).is_err_and(|why| !why.contains("one"))
        );
        assert!(parse_secrets(r#"{"a": 7}"#).is_err_and(|why| !why.contains('7')));
    }

    #[test]
    fn fields_of_a_connection_are_refused() {
        for (name, value, good) in [
            ("referer", "https://a.example/", true),
            ("user-agent", "x", true),
            ("Referer", "x", false),
            ("range", "bytes=0-1", false),
            ("host", "a.example", false),
            ("if-range", "x", false),
            ("transfer-encoding", "chunked", false),
            ("a b", "x", false),
            ("", "x", false),
            ("a", "b\r\nc: d", false),
        ] {
            assert_eq!(check(&fields(name, value)).is_ok(), good, "{name}: {value}");
        }
        let many = (0..17).map(|n| (format!("x-{n}"), String::new())).collect();
        assert!(check(&many).is_err());
    }
}
