//! The task token: who holds it may complete the activity. Row 13: a token that cannot be one is refused here, before any work starts.
//!
//! | text | read as |
//! |---|---|
//! | empty or null | no token |
//! | base64, padded or not, of 1 to 4096 bytes | the token |
//! | anything else | refused; the message never quotes it |

use std::fmt;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

/// Real tokens have 100 to 200 bytes.
pub const LIMIT_BYTES: usize = 4096;
const PREVIEW_CHARS: usize = 20;

const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the task token is empty")]
    Empty,
    #[error("the task token is not base64")]
    NotBase64,
    #[error("the task token has {size_bytes} bytes or more; a real one has fewer than {LIMIT_BYTES}")]
    TooLong { size_bytes: usize },
}

/// Opaque bytes, 1 to [`LIMIT_BYTES`] of them. Printing shows a preview; the whole leaves only through [`TaskToken::reveal`] and to the
/// server.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TaskToken(Box<[u8]>);

impl TaskToken {
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Result<Self, TokenError> {
        let bytes = bytes.into();
        match bytes.len() {
            0 => Err(TokenError::Empty),
            size_bytes if size_bytes > LIMIT_BYTES => Err(TokenError::TooLong { size_bytes }),
            _ => Ok(Self(bytes)),
        }
    }

    /// From base64, as it travels.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        // Checked before decoding: what is refused is not worth the memory.
        let at_least_bytes = text.len() / 4 * 3;
        if at_least_bytes > LIMIT_BYTES + 3 {
            return Err(TokenError::TooLong { size_bytes: at_least_bytes });
        }
        Self::new(BASE64.decode(text).map_err(|_| TokenError::NotBase64)?)
    }

    /// The whole token, for the three places in history where one may stand and for rpcs of the platform that carry one.
    #[must_use]
    pub fn reveal(&self) -> WireToken {
        WireToken(BASE64.encode(&self.0))
    }

    /// The beginning of the base64: at most 20 characters, and never more than a third of it.
    #[must_use]
    pub fn preview(&self) -> String {
        preview(&BASE64.encode(&self.0))
    }

    /// Tells tokens apart that begin alike, as all of a namespace do: the first 8 hex digits of the SHA-256 of its bytes. Nobody can go back from it.
    #[must_use]
    pub fn digest(&self) -> String {
        let [a, b, c, d, ..]: [u8; 32] = Sha256::digest(&self.0).into();
        format!("{a:02x}{b:02x}{c:02x}{d:02x}")
    }

    /// As the server wants it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for TaskToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskToken({})", self.preview())
    }
}

impl fmt::Display for TaskToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.preview())
    }
}

/// A token on its way: base64, or empty for none. Only this form is serialised, and it is made only by [`TaskToken::reveal`] and by reading.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct WireToken(String);

impl WireToken {
    /// The token, or none where the text is empty.
    pub fn read(&self) -> Result<Option<TaskToken>, TokenError> {
        if self.0.is_empty() { Ok(None) } else { TaskToken::parse(&self.0).map(Some) }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The base64 itself, for a field of a protobuf message.
    #[must_use]
    pub fn into_base64(self) -> String {
        self.0
    }
}

impl<'de> Deserialize<'de> for WireToken {
    /// Takes a string or null.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<String>::deserialize(deserializer).map(|text| Self(text.unwrap_or_default()))
    }
}

impl fmt::Debug for WireToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WireToken({})", preview(&self.0))
    }
}

fn preview(base64: &str) -> String {
    let shown = PREVIEW_CHARS.min(base64.chars().count() / 3);
    base64.chars().take(shown).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<TaskToken>, TokenError> {
        serde_json::from_value::<WireToken>(text.into()).unwrap().read()
    }

    #[test]
    fn reads_what_it_writes_and_refuses_what_cannot_be_a_token() {
        let token = TaskToken::new(vec![0xfb; 137]).unwrap();
        let text = serde_json::to_value(token.reveal()).unwrap();
        assert_eq!(read(text.as_str().unwrap()), Ok(Some(token.clone())));
        assert_eq!(read(text.as_str().unwrap().trim_end_matches('=')), Ok(Some(token)));
        for (text, want) in [
            (String::new(), Ok(None)),
            ("not base64!".to_owned(), Err(TokenError::NotBase64)),
            ("Zm9v Zm9v".to_owned(), Err(TokenError::NotBase64)),
            ("====".to_owned(), Err(TokenError::NotBase64)),
            ("A".repeat(20_000), Err(TokenError::TooLong { size_bytes: 15_000 })),
            (BASE64.encode(vec![1; LIMIT_BYTES + 1]), Err(TokenError::TooLong { size_bytes: LIMIT_BYTES + 1 })),
        ] {
            assert_eq!(read(&text), want, "{text:.20}");
        }
        assert!(read(&BASE64.encode(vec![1; LIMIT_BYTES])).unwrap().is_some());
        assert_eq!(TaskToken::new(vec![]), Err(TokenError::Empty));
        assert!(serde_json::from_str::<WireToken>("null").unwrap().is_empty());
    }

    #[test]
    fn printing_never_shows_the_whole() {
        for size in [1, 2, 3, 9, 15, 16, 137, LIMIT_BYTES] {
            let token = TaskToken::new((0..size).map(|i| u8::try_from(i % 251).unwrap()).collect::<Vec<_>>()).unwrap();
            let whole = token.reveal().into_base64();
            for shown in [format!("{token}"), format!("{token:?}"), format!("{token:#?}"), format!("{:?}", token.reveal()), token.preview()]
            {
                assert!(!shown.contains(whole.trim_end_matches('=')), "{size}: {shown}");
                assert!(shown.contains('…') && shown.chars().count() <= "TaskToken()".len() + PREVIEW_CHARS + 1);
            }
        }
        let token = TaskToken::new(vec![7; 100]).unwrap();
        assert_eq!(token.preview(), "BwcHBwcHBwcHBwcHBwcH…");
        // As `base64 -d | sha256sum | cut -c1-8` gives it.
        assert_eq!(token.digest(), "d876885b");
    }
}
