//! `LISTEN` → `listen`. A signal's id is the type of the event that it becomes.
//!
//! | mode | waits for | output |
//! |---|---|---|
//! | `one` | the first of the signals that comes | its payload |
//! | `all` | each of them | an object, payload by id |
//!
//! Queries and updates are refused: the names that a workflow answers to are fixed before it runs.

use serde_json::{Map, Value, json};

use super::{Kind, task};
use crate::stigmer::convert::context::Context;
use crate::stigmer::convert::rules::Rules;
use crate::stigmer::tasks::{ListenTaskConfig, ListenTo, SignalSpec};

/// Signs that make a pattern of an event's type.
const PATTERN: [char; 14] = ['\\', '^', '$', '*', '+', '?', '(', ')', '[', ']', '{', '}', '|', '.'];

const FIRST: &str = "${ .[0] }";
const BY_ID: &str = "${ map({(.type): .data}) | add }";

impl Kind for ListenTaskConfig {
    fn check(&self, rules: &mut Rules<'_>) {
        let Some(to) = &self.to else { return rules.present("to", false) };
        rules.one_of("to.mode", &to.mode, &["one", "all"]);
        rules.items("to.signals", to.signals.len(), 1);
        for (index, signal) in to.signals.iter().enumerate() {
            rules.text(format!("to.signals[{index}].id"), &signal.id);
            let field = format!("to.signals[{index}].type");
            match signal.r#type.as_str() {
                "query" | "update" => {
                    let message = format!("is '{}', which this runner cannot listen to; use 'signal'", signal.r#type);
                    rules.refuse(field, message);
                }
                other => rules.one_of(field, other, &["signal", "query", "update"]),
            }
        }
    }

    fn body(self, _: &mut Context) -> Map<String, Value> {
        let ListenTo { mode, signals } = self.to.unwrap_or_default();
        let all = mode == "all";
        let mut filters: Vec<Value> = signals.iter().map(filter).collect();
        let to = match (all, filters.len()) {
            (true, _) => json!({ "all": filters }),
            (false, 1) => json!({ "one": filters.remove(0) }),
            (false, _) => json!({ "any": filters }),
        };
        let listen = if all { json!({ "to": to, "read": "envelope" }) } else { json!({ "to": to }) };
        let mut body = task("listen", listen);
        body.insert("output".to_owned(), json!({ "as": if all { BY_ID } else { FIRST } }));
        body
    }
}

fn filter(signal: &SignalSpec) -> Value {
    json!({ "with": { "type": event_type(&signal.id) } })
}

/// The id as a literal that only the id meets. One whose only signs are dots is met by nothing else either.
fn event_type(id: &str) -> String {
    if !id.contains(|c| c != '.' && PATTERN.contains(&c)) {
        return id.to_owned();
    }
    id.chars().flat_map(|c| PATTERN.contains(&c).then_some('\\').into_iter().chain([c])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_never_a_pattern() {
        for (id, expected) in
            [("approve", "approve"), ("order.paid", "order.paid"), ("a(b)", r"a\(b\)"), ("v1.*", r"v1\.\*"), ("${ .x }", r"\$\{ \.x \}")]
        {
            assert_eq!(event_type(id), expected);
        }
    }
}
