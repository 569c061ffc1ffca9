//! `HTTP_CALL` → `call: http`.

use serde_json::{Map, Value, json};

use super::{Kind, call};
use crate::stigmer::convert::context::Context;
use crate::stigmer::convert::expression;
use crate::stigmer::convert::rules::Rules;
use crate::stigmer::structs;
use crate::stigmer::tasks::HttpCallTaskConfig;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "DELETE", "PATCH"];

impl Kind for HttpCallTaskConfig {
    fn check(&self, rules: &mut Rules<'_>) {
        rules.one_of("method", &self.method, &METHODS);
        match &self.endpoint {
            Some(endpoint) => rules.text("endpoint.uri", &endpoint.uri),
            None => rules.present("endpoint", false),
        }
        rules.range("timeout_seconds", self.timeout_seconds, &(1..=300));
    }

    fn body(self, context: &mut Context) -> Map<String, Value> {
        let uri = self.endpoint.unwrap_or_default().uri;
        let mut with = Map::new();
        with.insert("method".to_owned(), self.method.into());
        with.insert("endpoint".to_owned(), json!({ "uri": expression::text(&uri, context) }));
        if !self.headers.is_empty() {
            let headers = self.headers.into_iter().map(|(name, text)| (name, Value::String(expression::text(&text, context))));
            with.insert("headers".to_owned(), Value::Object(headers.collect()));
        }
        if let Some(body) = &self.body {
            with.insert("body".to_owned(), expression::value(&structs::value(body), context));
        }
        call("http", with, self.timeout_seconds)
    }
}
