//! `SWITCH` → `switch`, a list of named cases.

use serde_json::{Map, Value, json};

use super::{Kind, task};
use crate::stigmer::convert::context::Context;
use crate::stigmer::convert::expression;
use crate::stigmer::convert::rules::Rules;
use crate::stigmer::tasks::{SwitchCase, SwitchTaskConfig};

impl Kind for SwitchTaskConfig {
    fn check(&self, rules: &mut Rules<'_>) {
        rules.items("cases", self.cases.len(), 1);
        for (index, case) in self.cases.iter().enumerate() {
            rules.text(format!("cases[{index}].name"), &case.name);
            rules.text(format!("cases[{index}].then"), &case.then);
        }
    }

    fn body(self, context: &mut Context) -> Map<String, Value> {
        task("switch", self.cases.into_iter().map(|case| item(case, context)).collect())
    }
}

fn item(case: SwitchCase, context: &mut Context) -> Value {
    let mut body = Map::new();
    if !case.when.trim().is_empty() {
        body.insert("when".to_owned(), expression::condition(&case.when, context).into());
    }
    body.insert("then".to_owned(), case.then.into());
    json!({ case.name: body })
}
