//! `FOR` → `for`.

use serde_json::{Map, Value, json};

use super::{Kind, task};
use crate::stigmer::convert::context::{Context, Local};
use crate::stigmer::convert::rules::Rules;
use crate::stigmer::convert::{expression, task as tasks};
use crate::stigmer::tasks::ForTaskConfig;

/// The variable that the DSL counts with, where nothing else is said.
const INDEX: &str = "index";

impl Kind for ForTaskConfig {
    fn check(&self, rules: &mut Rules<'_>) {
        rules.text("each", &self.each);
        rules.text("in", &self.r#in);
        rules.items("do", self.r#do.len(), 1);
    }

    fn body(self, context: &mut Context) -> Map<String, Value> {
        let items = expression::condition(&self.r#in, context);
        let mut body = task("for", json!({ "each": self.each, "in": items }));
        let locals = [(self.each.as_str(), Local::Item), (INDEX, Local::Item)];
        body.insert("do".to_owned(), context.inside(&locals, |context| tasks::list(&self.r#do, context)));
        body
    }
}
