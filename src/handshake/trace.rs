//! The header in which traces travel through Temporal, as its other SDKs write it: `{"traceparent": text}` under one name.

use std::collections::HashMap;
use std::hash::BuildHasher;

use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::common::v1::Payload;

use super::payload;

const HEADER: &str = "_tracer-data";

pub fn write<S: BuildHasher>(headers: &mut HashMap<String, Payload, S>, traceparent: &str) {
    headers.insert(HEADER.to_owned(), payload::json(&json!({"traceparent": traceparent})));
}

/// What stands there, if something does; whether it is a `traceparent` is for the reader to see.
#[must_use]
pub fn read<S: BuildHasher>(headers: &HashMap<String, Payload, S>) -> Option<String> {
    let value: Value = serde_json::from_slice(&headers.get(HEADER)?.data).ok()?;
    value.get("traceparent")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut headers = HashMap::new();
        assert_eq!(read(&headers), None);
        write(&mut headers, "00-a-b-01");
        assert_eq!(read(&headers).as_deref(), Some("00-a-b-01"));
        headers.insert(HEADER.to_owned(), payload::json(&"text"));
        assert_eq!(read(&headers), None);
    }
}
