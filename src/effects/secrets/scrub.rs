//! Taking values of secrets out of what comes back.
//!
//! A server may echo what it was sent in more forms than one, so a value is looked for as it is, percent-encoded, form-encoded, in base64 and
//! escaped for JSON; a whole text that was filled in (`Basic dXNlcjpwYXNz`) is looked for too, and what an operation on a secret gave, and text
//! that decodes from base64 is looked into. Values under four characters are not looked for: they would be found everywhere.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};

use super::super::EffectError;
use crate::expr::Data;
use crate::expr::marker::{Markers, Operation, SCANNED_MIN_CHARS};

/// What to look for and what to put there, longest first: a value may hold another one.
pub(super) struct Scrub(Vec<(String, String)>);

impl Scrub {
    /// `input` holds the markers, `filled` is the same with values in their places.
    pub fn new(markers: &Markers, input: &Data, filled: &Data, values: &BTreeMap<String, SecretString>) -> Self {
        let mut pairs = Vec::new();
        filled_texts(input, filled, &mut pairs);
        let value = |name: &str| values.get(name).map(|value| value.expose_secret().to_owned());
        input.each_string(&mut |text| {
            for marker in markers.deferred_in(text) {
                // Each has its value, or nothing would have been filled in.
                pairs.extend(markers.swap_in_text(marker, &value).map(|made| (made, marker.to_owned())));
            }
        });
        // What is made of short values only is as short as they are, whatever it is wrapped in.
        pairs.retain(|(_, marker)| markers.names_in_text(marker).iter().any(|name| value(name).is_some_and(|value| is_long(&value))));
        for (name, value) in values {
            pairs.push((value.expose_secret().to_owned(), markers.mark(name)));
            pairs.extend(credentials_in(value.expose_secret()).into_iter().map(|part| (part, markers.mark(name))));
        }
        pairs.retain(|(value, _)| is_long(value));
        let forms = pairs.iter().flat_map(|(value, marker)| encodings(value).map(|form| (form, marker.clone())));
        let mut all: Vec<_> = pairs.iter().cloned().chain(forms).collect();
        all.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        all.dedup_by(|(a, _), (b, _)| a == b);
        Self(all)
    }

    pub fn data(&self, data: &Data) -> Data {
        match data.entries() {
            // A value may come back as a key.
            Some(entries) => Data::object(entries.map(|(key, value)| (self.replaced(&key).unwrap_or(key), self.data(&value)))),
            None => match data.items() {
                Some(items) => Data::array(items.map(|item| self.data(&item))),
                None => data.as_str().and_then(|text| self.replaced(text)).map_or_else(|| data.clone(), Data::string),
            },
        }
    }

    pub fn error(&self, mut error: EffectError) -> EffectError {
        error.title = self.replaced(&error.title).unwrap_or(error.title);
        error.detail = error.detail.map(|detail| self.replaced(&detail).unwrap_or(detail));
        error
    }

    fn replaced(&self, text: &str) -> Option<String> {
        let plain = self.replaced_plainly(text);
        let inside = self.replaced_in_base64(plain.as_deref().unwrap_or(text));
        inside.or(plain)
    }

    fn replaced_plainly(&self, text: &str) -> Option<String> {
        let mut result = None;
        for (value, marker) in &self.0 {
            let current: &str = result.as_deref().unwrap_or(text);
            if current.contains(value.as_str()) {
                result = Some(current.replace(value.as_str(), marker));
            }
        }
        result
    }

    /// Looks into each run of base64 in `text` (credentials in a header, the body of `output: raw`).
    fn replaced_in_base64(&self, text: &str) -> Option<String> {
        let mut result = String::new();
        let mut copied = 0;
        for (start, end) in base64_runs(text) {
            let Some(decoded) = decoded(&text[start..end]) else { continue };
            if let Some(clean) = self.replaced_plainly(&decoded) {
                result.push_str(&text[copied..start]);
                result.push_str(&Operation::Base64.defer(&clean).unwrap_or(clean));
                copied = end;
            }
        }
        (copied > 0).then(|| result + &text[copied..])
    }
}

/// Members of a JSON object that are credentials: `authentication` takes a secret apart, and sends the parts.
const CREDENTIALS: [&str; 4] = ["password", "token", "secret", "assertion"];

/// Their values in a secret that is such an object.
fn credentials_in(secret: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Vec<_> = Data::parse(secret.as_bytes()).into_iter().filter(Data::is_object).collect();
    while let Some(object) = open.pop() {
        for (name, value) in object.entries().into_iter().flatten() {
            match value.kind() {
                "object" => open.push(value),
                "string" | "number" if CREDENTIALS.contains(&name.as_str()) => {
                    found.push(value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                }
                _ => {}
            }
        }
    }
    found
}

fn is_long(value: &str) -> bool {
    value.chars().count() >= SCANNED_MIN_CHARS
}

/// Each text of `input` that became another one in `filled`, with what it was: the two have the same shape.
fn filled_texts(input: &Data, filled: &Data, pairs: &mut Vec<(String, String)>) {
    if let (Some(before), Some(after)) = (input.as_str(), filled.as_str()) {
        if before != after {
            pairs.push((after.to_owned(), before.to_owned()));
        }
    } else if let (Some(before), Some(after)) = (input.items(), filled.items()) {
        before.zip(after).for_each(|(before, after)| filled_texts(&before, &after, pairs));
    } else if let (Some(before), Some(after)) = (input.entries(), filled.entries()) {
        for ((key, before), (filled_key, after)) in before.zip(after) {
            if key != filled_key {
                pairs.push((filled_key, key));
            }
            filled_texts(&before, &after, pairs);
        }
    }
}

/// The forms in which a text often comes back; only those that differ from it.
fn encodings(text: &str) -> impl Iterator<Item = String> + use<> {
    let form: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    let percent = form.replace('+', "%20");
    let json = serde_json::Value::from(text).to_string();
    let json = json[1..json.len() - 1].to_owned();
    let base64 = BASE64_STANDARD.encode(text);
    let base64_url = BASE64_URL_SAFE_NO_PAD.encode(text);
    let text = text.to_owned();
    [form, percent, json, base64, base64_url].into_iter().filter(move |encoded| *encoded != text)
}

/// Where `text` has at least eight characters of base64 in a row, both alphabets, with the padding.
fn base64_runs(text: &str) -> Vec<(usize, usize)> {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=');
    let bytes = text.as_bytes();
    let mut runs = Vec::new();
    let mut start = 0;
    while start < bytes.len() {
        let length = bytes[start..].iter().take_while(|byte| is_base64(**byte)).count();
        if length >= 8 {
            runs.push((start, start + length));
        }
        start += length + 1;
    }
    runs
}

/// What is no text around a value is lost: the value must go.
fn decoded(base64: &str) -> Option<String> {
    let base64 = base64.trim_end_matches('=');
    let bytes = BASE64_STANDARD_NO_PAD.decode(base64).or_else(|_| BASE64_URL_SAFE_NO_PAD.decode(base64)).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
