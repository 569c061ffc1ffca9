//! `SET` → `set`.

use serde_json::{Map, Value};

use super::{Kind, task};
use crate::stigmer::convert::context::Context;
use crate::stigmer::convert::expression;
use crate::stigmer::convert::rules::Rules;
use crate::stigmer::tasks::SetTaskConfig;

impl Kind for SetTaskConfig {
    fn check(&self, rules: &mut Rules<'_>) {
        rules.present("variables", !self.variables.is_empty());
    }

    fn body(self, context: &mut Context) -> Map<String, Value> {
        let variables = self.variables.into_iter().map(|(name, text)| (name, Value::String(expression::text(&text, context))));
        task("set", Value::Object(variables.collect()))
    }
}
