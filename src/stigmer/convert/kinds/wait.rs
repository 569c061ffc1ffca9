//! `WAIT` → `wait`.

use serde_json::{Map, Value, json};

use super::{Kind, task};
use crate::stigmer::convert::context::Context;
use crate::stigmer::convert::rules::Rules;
use crate::stigmer::tasks::WaitTaskConfig;

impl Kind for WaitTaskConfig {
    fn check(&self, rules: &mut Rules<'_>) {
        rules.at_least("seconds", self.seconds, 1);
    }

    fn body(self, _: &mut Context) -> Map<String, Value> {
        task("wait", json!({ "seconds": self.seconds }))
    }
}
