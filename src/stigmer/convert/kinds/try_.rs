//! `TRY` → `try`; without a catch block nothing is caught and it is a plain `do`.

use serde_json::{Map, Value, json};

use super::{Kind, task};
use crate::stigmer::convert::context::{Context, Local};
use crate::stigmer::convert::rules::Rules;
use crate::stigmer::convert::task as tasks;
use crate::stigmer::tasks::{CatchBlock, TryTaskConfig};

/// The variable that the DSL puts a caught error in, where nothing else is said.
const ERROR: &str = "error";

impl Kind for TryTaskConfig {
    fn check(&self, rules: &mut Rules<'_>) {
        rules.items("try", self.r#try.len(), 1);
        if let Some(catch) = &self.catch {
            rules.items("catch.do", catch.r#do.len(), 1);
        }
    }

    fn body(self, context: &mut Context) -> Map<String, Value> {
        let tried = tasks::list(&self.r#try, context);
        let Some(catch) = self.catch else { return task("do", tried) };
        let mut body = task("try", tried);
        body.insert("catch".to_owned(), caught(&catch, context));
        body
    }
}

fn caught(catch: &CatchBlock, context: &mut Context) -> Value {
    let error = if catch.r#as.is_empty() { ERROR } else { catch.r#as.as_str() };
    let tasks = context.inside(&[(error, Local::Error)], |context| tasks::list(&catch.r#do, context));
    json!({ "as": error, "do": tasks })
}
