//! A list of tasks, and what all of them share.

use serde_json::{Map, Value, json};

use super::{Writer, calls, control, values};
use crate::dsl::escape;

/// A task of one kind.
pub(super) struct Written {
    /// Without `WORKFLOW_TASK_KIND_`.
    pub kind: &'static str,
    pub config: Value,
    /// The task as its conversion writes it, without what all tasks share.
    pub canonical: Map<String, Value>,
}

impl Written {
    pub(super) fn new(kind: &'static str, config: Value, canonical: Value) -> Self {
        let canonical = if let Value::Object(canonical) = canonical { canonical } else { Map::new() };
        Self { kind, config, canonical }
    }
}

/// What no kind has: with what to do instead.
const ADVICE: [(&str, &str); 5] = [
    ("if", "decide with a `switch` before it"),
    ("input", "say in the task's own fields what it takes"),
    ("output", "say where it is read what is taken of it"),
    ("timeout", "only `call: http` and `call: agent` have a time limit there"),
    ("metadata", "the platform has none for a task"),
];

/// The tasks in JSON, and the list as its conversion writes it.
pub(super) fn list(items: &Value, pointer: &str, writer: &mut Writer) -> (Value, Value) {
    let (mut tasks, mut canonical) = (Vec::new(), Vec::new());
    for (index, item) in items.as_array().into_iter().flatten().enumerate() {
        for (name, body) in item.as_object().into_iter().flatten() {
            let reference = format!("{pointer}/{index}/{}", escape(name));
            let written = writer.at(reference, name, |writer| self::task(name, body, writer));
            let (task, body) = written.map_or((None, Value::Null), |(task, body)| (Some(task), body));
            tasks.extend(task);
            // A task without a form keeps its place: those behind it are called by theirs.
            canonical.push(json!({ name.clone(): body }));
        }
    }
    (Value::Array(tasks), Value::Array(canonical))
}

fn task(name: &str, body: &Value, writer: &mut Writer) -> Option<(Value, Value)> {
    let Written { kind, config, mut canonical } = written(body, writer)?;
    let own: Vec<&str> = canonical.keys().map(String::as_str).chain(["export", "then"]).collect();
    writer.only("this task", body, &own, &ADVICE);
    let mut task = json!({ "name": name, "kind": format!("WORKFLOW_TASK_KIND_{kind}"), "taskConfig": config });
    if let Some(value) = body.get("export") {
        writer.only("`export`", value, &["as"], &[]);
        match value["as"].as_str().and_then(|text| exported(name, text)) {
            Some(inner) => {
                task["export"] = json!({ "as": format!("${{ {inner} }}") });
                canonical.insert("export".to_owned(), json!({ "as": adding(name, inner) }));
            }
            None => writer.refuse(format!(
                "an export of the platform adds to the context under the task's name: write `{}`, or leave it out",
                adding(name, ".")
            )),
        }
    }
    if let Some(then) = body.get("then") {
        task["flow"] = json!({ "then": then });
        canonical.insert("then".to_owned(), then.clone());
    }
    Some((task, Value::Object(canonical)))
}

fn written(body: &Value, writer: &mut Writer) -> Option<Written> {
    let has = |key: &str| body.get(key).is_some();
    let write: fn(&Value, &mut Writer) -> Option<Written> = match () {
        () if has("for") => control::for_,
        () if has("try") => control::try_,
        () if has("call") => calls::call,
        () if has("do") => control::do_,
        () if has("fork") => control::fork,
        () if has("raise") => control::raise,
        () if has("set") => set,
        () if has("switch") => control::switch,
        () if has("wait") => wait,
        () if has("listen") => control::listen,
        () if has("run") => calls::run,
        () => {
            let type_ = if has("emit") { "emit" } else { "task of this type" };
            writer.refuse(format!("the platform has no `{type_}`"));
            return None;
        }
    };
    write(body, writer)
}

fn set(body: &Value, writer: &mut Writer) -> Option<Written> {
    let Value::Object(members) = &body["set"] else {
        writer.refuse("`set` is a mapping on the platform");
        return None;
    };
    let variables: Map<String, Value> =
        members.iter().map(|(name, value)| (name.clone(), values::literal(value, &format!("`set.{name}`"), writer))).collect();
    Some(Written::new("SET", json!({ "variables": variables }), json!({ "set": variables })))
}

fn wait(body: &Value, writer: &mut Writer) -> Option<Written> {
    let seconds = values::seconds(&body["wait"], "`wait`", writer)?;
    Some(Written::new("WAIT", json!({ "seconds": seconds }), json!({ "wait": values::duration(seconds) })))
}

/// What an export adds to the context.
fn exported<'t>(name: &str, text: &'t str) -> Option<&'t str> {
    let prefix = format!("(($context // {{}}) + {{{}: (", Value::from(name));
    text.trim().strip_prefix("${")?.strip_suffix('}')?.trim().strip_prefix(prefix.as_str())?.strip_suffix(")})")
}

fn adding(name: &str, value: &str) -> String {
    format!("${{ (($context // {{}}) + {{{}: ({value})}}) }}", Value::from(name))
}
