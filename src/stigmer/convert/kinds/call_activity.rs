//! `CALL_ACTIVITY` → `call: activity`. It names an activity only; the queue comes from the worker's settings.

use serde_json::{Map, Value, json};

use super::{Kind, call};
use crate::stigmer::convert::context::Context;
use crate::stigmer::convert::expression;
use crate::stigmer::convert::rules::Rules;
use crate::stigmer::structs;
use crate::stigmer::tasks::CallActivityTaskConfig;

impl Kind for CallActivityTaskConfig {
    fn check(&self, rules: &mut Rules<'_>) {
        rules.text("activity", &self.activity);
        if !self.activity.is_empty() {
            rules.activity("activity", &self.activity);
        }
    }

    /// The input is the activity's one argument; without it there is none.
    fn body(self, context: &mut Context) -> Map<String, Value> {
        let queue = context.queues().get(&self.activity).and_then(|queue| queue.clone().ok()).unwrap_or_default();
        let mut with = Map::new();
        with.insert("activity".to_owned(), self.activity.into());
        with.insert("queue".to_owned(), queue.into());
        if let Some(input) = &self.input {
            with.insert("arguments".to_owned(), json!([expression::value(&structs::value(input), context)]));
        }
        call("activity", with, 0)
    }
}
