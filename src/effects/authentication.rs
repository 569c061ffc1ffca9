//! How a call proves who it is: `{"scheme": "basic" | "digest", "username", "password"}`, `{"scheme": "bearer", "token"}`, or
//! `{"scheme", "secret"}`, where the secret's value is a JSON object with the other members.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::EffectError;
use crate::expr::Data;

/// Values of secrets stand in it: neither `Debug` nor `Clone`.
pub(super) enum Credentials {
    Basic { username: String, password: String },
    Bearer { token: String },
    Digest(Login),
}

pub(super) struct Login {
    pub username: String,
    pub password: String,
}

impl Credentials {
    /// From the member `authentication` of an effect's input; none where it is missing or null.
    ///
    /// Errors: `configuration` for a scheme that is not known, `authorization` 403 for a secret that has not what the scheme needs, `validation`
    /// for a value that the scheme cannot carry. No error holds a value.
    pub fn of(input: &Data) -> Result<Option<Self>, EffectError> {
        let Some(given) = input.get("authentication").filter(|given| !given.is_null()) else { return Ok(None) };
        let scheme = given.get("scheme").and_then(|scheme| scheme.as_str().map(str::to_owned)).unwrap_or_default();
        let from = match given.get("secret") {
            Some(secret) => Members { data: opened(&secret)?, of_secret: true, scheme: &scheme },
            None => Members { data: given, of_secret: false, scheme: &scheme },
        };
        match scheme.as_str() {
            "basic" => {
                let username = from.text("username")?;
                if username.contains(':') {
                    // RFC 7617: the first colon ends the name.
                    return Err(EffectError::validation("basic authentication: a username cannot hold a colon"));
                }
                Ok(Some(Self::Basic { username, password: from.text("password")? }))
            }
            "bearer" => Ok(Some(Self::Bearer { token: from.text("token")? })),
            "digest" => Ok(Some(Self::Digest(Login { username: from.text("username")?, password: from.text("password")? }))),
            other => Err(EffectError::configuration(format!("authentication by `{other}` is not supported: basic, bearer or digest"))),
        }
    }

    /// The `Authorization` header that can be sent at once; a digest is the answer to a challenge.
    pub fn header(&self) -> Option<String> {
        match self {
            Self::Basic { username, password } => Some(format!("Basic {}", BASE64_STANDARD.encode(format!("{username}:{password}")))),
            Self::Bearer { token } => Some(format!("Bearer {token}")),
            Self::Digest(_) => None,
        }
    }
}

/// A secret's value as an object: the object itself, or its JSON text.
fn opened(secret: &Data) -> Result<Data, EffectError> {
    let value = secret.as_str().map_or_else(|| Some(secret.clone()), |text| Data::parse(text.as_bytes()).ok());
    value.filter(Data::is_object).ok_or_else(|| {
        EffectError::authorization("the secret of `authentication` is no JSON object with the scheme's properties")
            .with_detail("a secret that is a plain text is named by an expression: `token: ${ $secrets.NAME }`")
    })
}

struct Members<'a> {
    data: Data,
    of_secret: bool,
    scheme: &'a str,
}

impl Members<'_> {
    fn text(&self, name: &str) -> Result<String, EffectError> {
        let value = self.data.get(name).unwrap_or_default();
        let text = match value.kind() {
            "string" => value.as_str().map(str::to_owned),
            // A password of digits, written without quotes.
            "number" => Some(value.to_string()),
            _ => None,
        };
        text.ok_or_else(|| {
            if self.of_secret {
                EffectError::authorization(format!("{} authentication: its secret has no text `{name}`", self.scheme))
            } else {
                EffectError::validation(format!("{} authentication: `{name}` must be a text", self.scheme))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn header(authentication: &Value) -> Result<Option<String>, EffectError> {
        Credentials::of(&json!({ "authentication": authentication }).into()).map(|found| found.and_then(|found| found.header()))
    }

    #[test]
    fn members_or_a_secret_with_them() {
        let basic = Ok(Some("Basic dXNlcjpww6Rzczox".to_owned()));
        assert_eq!(header(&json!({"scheme": "basic", "username": "user", "password": "päss:1"})), basic);
        assert_eq!(header(&json!({"scheme": "basic", "secret": r#"{"username": "user", "password": "päss:1", "more": 1}"#})), basic);
        assert_eq!(header(&json!({"scheme": "bearer", "token": "abc"})), Ok(Some("Bearer abc".to_owned())));
        assert_eq!(header(&json!({"scheme": "bearer", "secret": {"token": 12}})), Ok(Some("Bearer 12".to_owned())));
        assert_eq!(header(&json!({"scheme": "digest", "username": "a", "password": "b"})), Ok(None));
        assert_eq!(header(&Value::Null), Ok(None));
    }

    #[test]
    fn what_is_missing_is_told_without_a_value() {
        for (authentication, kind, word) in [
            (json!({"scheme": "bearer", "secret": "hidden"}), "authorization", "no JSON object"),
            (json!({"scheme": "bearer", "secret": "[\"hidden\"]"}), "authorization", "no JSON object"),
            (json!({"scheme": "digest", "secret": {"username": "hidden"}}), "authorization", "no text `password`"),
            (json!({"scheme": "basic", "username": "hidden"}), "validation", "`password`"),
            (json!({"scheme": "basic", "username": "hidden:x", "password": "hidden"}), "validation", "colon"),
            (json!({"scheme": "oauth2", "secret": {"token": "hidden"}}), "configuration", "`oauth2`"),
            (json!("hidden"), "configuration", "not supported"),
        ] {
            let error = header(&authentication).unwrap_err();
            assert!(error.kind == kind && error.title.contains(word) && !error.to_string().contains("hidden"), "{authentication}: {error}");
        }
    }
}
