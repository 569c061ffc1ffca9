//! `FORK` → `fork`. Each branch is a `do`, so that its tasks keep their names.

use serde_json::{Map, Value, json};

use super::{Kind, task};
use crate::stigmer::convert::context::Context;
use crate::stigmer::convert::rules::Rules;
use crate::stigmer::convert::{expression, task as tasks};
use crate::stigmer::tasks::{ForkBranch, ForkTaskConfig};

impl Kind for ForkTaskConfig {
    fn check(&self, rules: &mut Rules<'_>) {
        rules.items("branches", self.branches.len(), 2);
        for (index, branch) in self.branches.iter().enumerate() {
            rules.text(format!("branches[{index}].name"), &branch.name);
            rules.items(format!("branches[{index}].do"), branch.r#do.len(), 1);
        }
    }

    fn body(self, context: &mut Context) -> Map<String, Value> {
        let branches: Vec<Value> =
            self.branches.iter().map(|branch| json!({ branch.name.clone(): { "do": tasks::list(&branch.r#do, context) } })).collect();
        let mut fork = Map::from_iter([("branches".to_owned(), Value::Array(branches))]);
        if self.compete {
            fork.insert("compete".to_owned(), true.into());
        }
        let mut body = task("fork", Value::Object(fork));
        if !self.compete {
            body.insert("output".to_owned(), json!({ "as": by_name(&self.branches) }));
        }
        body
    }
}

/// The platform's output of a fork is an object by branch, the DSL's an array in order.
fn by_name(branches: &[ForkBranch]) -> String {
    let members: Vec<String> =
        branches.iter().enumerate().map(|(index, branch)| format!("{}: .[{index}]", expression::quoted(&branch.name))).collect();
    expression::enclosed(&format!("{{{}}}", members.join(", ")))
}
