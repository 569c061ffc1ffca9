//! Tasks: one part per type, and the part that chooses among them by the key that a task has.

use serde_json::{Value, json};

use super::words::{boolean, list, mapping_or, object, reference, text, text_or};

/// Key, what it does, and the task's own members.
type Type = (&'static str, &'static str, Vec<(&'static str, Value)>);

pub fn all() -> Vec<(&'static str, Value)> {
    let types = types();
    let mut parts = vec![("task", task(&types)), ("taskList", list("Tasks, one after the other", named("task", "A task and its name")))];
    parts.extend(types.into_iter().map(|(key, what, own)| {
        let mut task = object(what, own.into_iter().chain(common()));
        if key == "call" {
            task["allOf"] = super::calls::chosen().into();
        }
        (part(key), task)
    }));
    parts
}

fn task(types: &[Type]) -> Value {
    let chosen = types.iter().map(|(key, ..)| {
        let mut has = json!({"required": [key]});
        // A `for` has a `do` as well.
        if *key == "do" {
            has["not"] = json!({"required": ["for"]});
        }
        json!({"if": has, "then": reference(part(key))})
    });
    let any: Vec<Value> = types.iter().map(|(key, ..)| json!({"required": [key]})).collect();
    json!({"type": "object", "anyOf": any, "allOf": chosen.collect::<Vec<_>>()})
}

/// The name of the part that describes tasks with this key.
fn part(key: &'static str) -> &'static str {
    match key {
        "for" => "forTask",
        "try" => "tryTask",
        "call" => "callTask",
        "do" => "doTask",
        "fork" => "forkTask",
        "raise" => "raiseTask",
        "set" => "setTask",
        "switch" => "switchTask",
        "wait" => "waitTask",
        "emit" => "emitTask",
        "listen" => "listenTask",
        _ => "runTask",
    }
}

/// `- name: …`.
fn named(part: &str, what: &str) -> Value {
    let names = json!({"not": {"enum": ["continue", "exit", "end"]}});
    json!({"description": what, "type": "object", "minProperties": 1, "maxProperties": 1, "propertyNames": names, "additionalProperties": reference(part)})
}

fn common() -> [(&'static str, Value); 7] {
    let local = json!({"local": boolean("Run the call as a local activity")});
    [
        ("if", reference("condition")),
        ("input", reference("input")),
        ("output", reference("output")),
        ("export", reference("export")),
        ("timeout", reference("timeout")),
        ("then", reference("then")),
        ("metadata", json!({"description": "Whatever tools or people want to keep here", "type": "object", "properties": local})),
    ]
}

fn types() -> Vec<Type> {
    let collection = json!({"description": "An expression, or a list", "type": ["string", "array"]});
    let each = object(
        "Over what",
        [
            ("each", text("Name of the variable that holds the item: `item` without one")),
            ("in*", collection),
            ("at", text("Name of the variable that holds the position: `index` without one")),
        ],
    );
    let case = object("A case; without `when` it is the default", [("when", reference("condition")), ("then*", reference("then"))]);
    let cases = json!({
        "description": "The first case that holds decides",
        "type": "array",
        "minItems": 1,
        "items": {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": case},
    });
    let mut branches = list("One task each", named("task", "A branch and its name"));
    branches["minItems"] = 1.into();
    let fork = object("Branches at the same time", [("branches*", branches), ("compete", boolean("The first to end wins"))]);
    let error = text_or(text("The name of an error in `use.errors`"), reference("error"));
    let set = mapping_or(json!({"description": "Members of the output", "type": "object", "minProperties": 1}), reference("expression"));
    let event = object("An event", [("with*", reference("event"))]);
    let call = choice_of_calls();
    vec![
        ("for", "Tasks once per item", vec![("for*", each), ("while", reference("condition")), ("do*", reference("taskList"))]),
        ("try", "Tasks whose errors are caught", vec![("try*", reference("taskList")), ("catch*", catch())]),
        ("call", "A call", vec![("call*", call), ("with", json!({}))]),
        ("do", "Tasks in a list of their own", vec![("do*", reference("taskList"))]),
        ("fork", "Branches at the same time", vec![("fork*", fork)]),
        ("raise", "An error", vec![("raise*", object("The error", [("error*", error)]))]),
        ("set", "Data", vec![("set*", set)]),
        ("switch", "Where to go on", vec![("switch*", cases)]),
        ("wait", "A pause", vec![("wait*", reference("duration"))]),
        ("emit", "An event to send", vec![("emit*", object("What to send", [("event*", event)]))]),
        ("listen", "Events to wait for", vec![("listen*", reference("listen")), ("foreach", reference("foreach"))]),
        ("run", "A program or another workflow", vec![("run*", reference("run"))]),
    ]
}

fn choice_of_calls() -> Value {
    let known = super::calls::NAMES.map(|(name, _)| name);
    json!({"description": "A function of the language, of this runtime or of `use.functions`", "type": "string", "minLength": 1, "examples": known})
}

fn catch() -> Value {
    let retry = text_or(text("The name of a policy in `use.retries`"), reference("retry"));
    object(
        "What is done about an error",
        [
            ("errors", object("Which errors", [("with", reference("errorFilter"))])),
            ("as", text("Name of the variable that holds the error: `error` without one")),
            ("when", reference("condition")),
            ("exceptWhen", reference("condition")),
            ("retry", retry),
            ("do", reference("taskList")),
            ("then", reference("then")),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_a_part_of_its_own() {
        let names: std::collections::BTreeSet<_> = types().iter().map(|(key, ..)| part(key)).collect();
        assert_eq!(names.len(), types().len());
    }
}
