//! What expressions may do to a text whose secret parts are not known yet.

use std::borrow::Cow;
use std::fmt::Write;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::text::{self, DEPTH_MAX, Kind, Piece};

/// Done to the value, when it is put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `@base64`, with padding.
    Base64,
    /// `@uri`: everything but letters, digits and `-_.~`.
    Uri,
    /// `@html`.
    Html,
    /// `@sh`, without the quotes around it.
    Shell,
    /// `@json` of a text, without the quotes around it.
    Json,
}

/// Operations on secrets nest deeper than anyone needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("operations on a secret nest too deep")]
pub struct TooDeep;

impl Operation {
    const ALL: [Self; 5] = [Self::Base64, Self::Uri, Self::Html, Self::Shell, Self::Json];

    pub fn name(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Uri => "uri",
            Self::Html => "html",
            Self::Shell => "sh",
            Self::Json => "json",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.name() == name)
    }

    /// Does it, as jq does.
    pub fn apply(self, text: &str) -> String {
        match self {
            Self::Base64 => BASE64_STANDARD.encode(text),
            Self::Uri => text::encoded(text).into_owned(),
            Self::Html => replaced(text, |c| match c {
                '<' => Some("&lt;".into()),
                '>' => Some("&gt;".into()),
                '&' => Some("&amp;".into()),
                '\'' => Some("&apos;".into()),
                '"' => Some("&quot;".into()),
                _ => None,
            }),
            Self::Shell => text.replace('\'', r"'\''"),
            Self::Json => replaced(text, json_escape),
        }
    }

    /// Does it to what is known of a text, and leaves a marker where it must wait. Base64 depends on what stands before, so it waits as a whole.
    pub fn defer(self, text: &str) -> Result<String, TooDeep> {
        if !text::holds(text) {
            return Ok(self.apply(text));
        }
        if text::depth(text) >= DEPTH_MAX {
            return Err(TooDeep);
        }
        if self == Self::Base64 {
            return Ok(text::deferred(self, text));
        }
        let done = |piece: &Piece<'_>| match piece {
            Piece::Text(text) => self.apply(text),
            Piece::Marker(marker) if self.changes(marker.kind) => text::deferred(self, marker.whole),
            Piece::Marker(marker) => marker.whole.to_owned(),
        };
        Ok(text::pieces(text).iter().map(done).collect())
    }

    /// What base64 or percent-encoding gives has no characters that need quoting.
    fn changes(self, of: Kind) -> bool {
        let quotes = matches!(self, Self::Html | Self::Shell | Self::Json);
        !(quotes && matches!(of, Kind::Operation(Self::Base64 | Self::Uri)))
    }

    /// Undoes it in a text whose every marker waits for it; none where one does not. What is plain in the text has been undone already.
    pub fn undefer(self, text: &str) -> Option<String> {
        let mut out = String::with_capacity(text.len());
        for piece in text::pieces(text) {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Marker(marker) if marker.kind == Kind::Operation(self) => out.push_str(&plain(marker.body)),
                Piece::Marker(marker) if self.changes(marker.kind) => return None,
                Piece::Marker(marker) => out.push_str(marker.whole),
            }
        }
        Some(out)
    }
}

/// An inner text as it was before it was put into a marker.
pub fn plain(body: &str) -> String {
    let decoded = |piece: Piece<'_>| match piece {
        Piece::Text(text) => text::decoded(text),
        Piece::Marker(marker) => marker.whole.to_owned(),
    };
    text::pieces(body).into_iter().map(decoded).collect()
}

fn replaced(text: &str, with: impl Fn(char) -> Option<Cow<'static, str>>) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match with(c) {
            Some(other) => out.push_str(&other),
            None => out.push(c),
        }
    }
    out
}

fn json_escape(c: char) -> Option<Cow<'static, str>> {
    let short = match c {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\u{8}' => "\\b",
        '\u{c}' => "\\f",
        '\0'..='\u{1f}' | '\u{7f}' => {
            let mut code = String::new();
            // Writing to a string cannot fail.
            let _ = write!(code, "\\u{:04x}", u32::from(c));
            return Some(code.into());
        }
        _ => return None,
    };
    Some(short.into())
}
