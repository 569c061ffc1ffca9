//! What headers say of credentials stands in no output and no error (`http.redact_headers`): outputs become events.
//!
//! The value is left out whole, also where a secret's marker would stand in its place.

use reqwest::header::{HeaderMap, HeaderName};

use crate::expr::Data;

const MASK: &str = "***";

/// Values shorter than this are not looked for in texts: they would be found everywhere.
const LENGTH_MIN: usize = 4;

/// Patterns of names: a name, or one with `*` at an end.
#[derive(Clone, Debug)]
pub(super) struct Redaction(Vec<String>);

impl Redaction {
    pub fn new(patterns: &[String]) -> Self {
        Self(patterns.to_vec())
    }

    /// Names in lower case, as HTTP/2 has them; the values of a name that came more than once are joined by `, `.
    pub fn headers(&self, headers: &HeaderMap) -> Data {
        Data::object(headers.keys().map(|name| {
            let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
            let text = if self.covers(name) { MASK.to_owned() } else { values.collect::<Vec<_>>().join(", ") };
            (name.as_str(), Data::string(text))
        }))
    }

    /// A text of the other side without the credentials that were sent to it.
    pub fn text(&self, text: &str, sent: &HeaderMap) -> String {
        let values = sent.iter().filter(|(name, _)| self.covers(name)).filter_map(|(_, value)| std::str::from_utf8(value.as_bytes()).ok());
        // `Bearer abc`, and `abc` alone.
        let values = values.flat_map(|value| [Some(value), value.split_once(' ').map(|(_, rest)| rest)]).flatten();
        values.filter(|value| value.len() >= LENGTH_MIN).fold(text.to_owned(), |text, value| text.replace(value, MASK))
    }

    fn covers(&self, name: &HeaderName) -> bool {
        let name = name.as_str();
        self.0.iter().any(|pattern| match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
            (Some(end), None) => name.ends_with(end),
            (None, Some(start)) => name.starts_with(start),
            (Some(rest), Some(_)) => name.contains(rest.trim_end_matches('*')),
            (None, None) => name == pattern,
        })
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;
    use serde_json::json;

    use super::*;
    use crate::config::HttpSettings;

    #[test]
    fn what_carries_credentials_by_its_name() {
        let redaction = Redaction::new(&HttpSettings::default().redact_headers);
        let hidden = [
            "authorization",
            "proxy-authorization",
            "x-amz-authorization",
            "cookie",
            "set-cookie",
            "x-api-key",
            "api-key",
            "apikey",
            "x-auth-token",
            "private-token",
            "x-hub-secret",
        ];
        for name in hidden {
            assert!(redaction.covers(&HeaderName::from_static(name)), "{name}");
        }
        for name in ["content-type", "idempotency-key", "etag", "x-ratelimit-remaining-tokens", "www-authenticate", "x-key"] {
            assert!(!redaction.covers(&HeaderName::from_static(name)), "{name}");
        }
        let own = Redaction::new(&["x-own*".to_owned(), "*mid*".to_owned(), "exact".to_owned()]);
        for (name, covered) in [("x-own-thing", true), ("a-mid-b", true), ("exact", true), ("exactly", false), ("authorization", false)] {
            assert_eq!(own.covers(&HeaderName::from_static(name)), covered, "{name}");
        }
    }

    #[test]
    fn values_are_left_out_of_outputs_and_texts() {
        let redaction = Redaction::new(&["*authorization".to_owned(), "*api-key".to_owned()]);
        let sent = HeaderMap::from_iter([
            (HeaderName::from_static("authorization"), HeaderValue::from_static("Bearer abcdef")),
            (HeaderName::from_static("x-api-key"), HeaderValue::from_static("abc")),
            (HeaderName::from_static("accept"), HeaderValue::from_static("text/plain")),
        ]);
        assert_eq!(redaction.headers(&sent).to_json(), json!({"authorization": "***", "x-api-key": "***", "accept": "text/plain"}));
        assert_eq!(redaction.text("not abcdef (Bearer abcdef, abc, text/plain)", &sent), "not *** (***, abc, text/plain)");
    }
}
