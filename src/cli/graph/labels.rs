//! What the boxes say: the task's type and the one setting that tells most about it.

use serde_json::Value;

use crate::engine::progress::kind_name;
use crate::plan::{Kind, Retry, Task};

/// Characters of a line at most: a picture is to be looked at.
const LONGEST: usize = 44;

/// Name, type with its most telling setting, condition.
pub fn of(task: &Task) -> Vec<String> {
    let definition = task.definition.to_json();
    let mut lines = vec![clip(&task.name), clip(format!("{} {}", word(&task.kind), setting(&task.kind, &definition)).trim())];
    lines.extend(text(&definition, "/if").map(|condition| clip(&format!("if {condition}"))));
    lines.extend(text(&definition, "/while").map(|condition| clip(&format!("while {condition}"))));
    lines
}

/// One line of at most [`LONGEST`] characters.
pub fn clip(text: &str) -> String {
    // No more is looked at than can be needed: a text may have a megabyte.
    let mut line = text.split_whitespace().take(LONGEST).collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(LONGEST) {
        line.truncate(end);
        line.push('…');
    }
    line
}

/// As the document has it: `call http`, `run shell`.
fn word(kind: &Kind) -> String {
    let word = kind_name(kind);
    match kind {
        Kind::Http(_) | Kind::Agent(_) | Kind::OpenApi(_) | Kind::Activity(_) => format!("call {word}"),
        Kind::Function(_) => "call".to_owned(),
        Kind::Shell(_) | Kind::Script(_) | Kind::Workflow(_) => format!("run {word}"),
        _ => word.to_owned(),
    }
}

fn setting(kind: &Kind, definition: &Value) -> String {
    let text = |pointer| text(definition, pointer).unwrap_or_default();
    match kind {
        Kind::Set(_) => members(definition, "/set"),
        Kind::Do(_) | Kind::Switch(_) | Kind::Try(_) => String::new(),
        Kind::For(_) => {
            let each = definition.pointer("/for/each").and_then(Value::as_str).unwrap_or("item");
            format!("${each} in {}", text("/for/in"))
        }
        Kind::Fork(fork) => if fork.compete { "the first wins" } else { "" }.to_owned(),
        Kind::Raise(_) => error(definition),
        Kind::Wait(_) => text("/wait"),
        Kind::Http(_) => {
            let uri = definition.pointer("/with/endpoint/uri").map_or_else(|| text("/with/endpoint"), shown);
            format!("{} {uri}", text("/with/method").to_ascii_uppercase())
        }
        Kind::Agent(_) => text("/with/agent"),
        Kind::OpenApi(_) => text("/with/operationId"),
        Kind::Activity(_) => text("/with/name"),
        Kind::Function(_) => text("/call"),
        Kind::Shell(_) => text("/run/shell/command"),
        Kind::Script(_) => text("/run/script/language"),
        Kind::Workflow(_) => format!("{}/{}", text("/run/workflow/namespace"), text("/run/workflow/name")),
        Kind::Emit(_) => text("/emit/event/with/type"),
        Kind::Listen(_) => events(definition),
    }
}

fn text(definition: &Value, pointer: &str) -> Option<String> {
    definition.pointer(pointer).map(shown)
}

/// Text as it is, an expression without its `${ }`, anything else as JSON on one line.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => {
            let expression = text.trim().strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
            expression.map_or_else(|| text.clone(), |inside| inside.trim().to_owned())
        }
        Value::Object(members) if members.len() == 1 => {
            members.iter().map(|(key, value)| format!("{key}: {value}")).collect::<Vec<_>>().concat()
        }
        other => other.to_string(),
    }
}

fn members(definition: &Value, pointer: &str) -> String {
    match definition.pointer(pointer) {
        Some(Value::Object(members)) => members.keys().take(LONGEST).cloned().collect::<Vec<_>>().join(", "),
        Some(other) => shown(other),
        None => String::new(),
    }
}

fn error(definition: &Value) -> String {
    let Some(error) = definition.pointer("/raise/error") else { return String::new() };
    let slug = error.get("type").and_then(Value::as_str).map(|uri| uri.rsplit('/').next().unwrap_or(uri));
    match (slug, error.get("status")) {
        (Some(slug), Some(status)) => format!("{status} {slug}"),
        _ => shown(error),
    }
}

/// `one a.type`, `any a.type, b.type`.
fn events(definition: &Value) -> String {
    let Some((strategy, filters)) = definition.pointer("/listen/to").and_then(Value::as_object).and_then(|to| to.iter().next()) else {
        return String::new();
    };
    let filters = filters.as_array().map_or_else(|| std::slice::from_ref(filters), Vec::as_slice);
    let types: Vec<&str> = filters.iter().filter_map(|filter| filter.pointer("/with/type")?.as_str()).take(LONGEST).collect();
    format!("{strategy} {}", types.join(", "))
}

/// The members that an error must have: `status 404`.
pub fn caught(task: &Task) -> String {
    let definition = task.definition.to_json();
    let filter = definition.pointer("/catch/errors/with").and_then(Value::as_object);
    let members = filter.into_iter().flatten().map(|(key, value)| {
        let text = shown(value);
        let short = if key == "type" { text.rsplit('/').next().unwrap_or(&text) } else { &text };
        format!("{key} {short}")
    });
    let when = text(&definition, "/catch/when").map(|condition| format!("when {condition}"));
    let parts: Vec<String> = members.chain(when).collect();
    clip(&if parts.is_empty() { "any error".to_owned() } else { parts.join(", ") })
}

pub fn retry(retry: &Retry) -> String {
    let kind = format!("{:?}", retry.backoff).to_lowercase();
    match retry.attempts {
        Some(attempts) => format!("{kind}, {attempts} attempts"),
        None => kind,
    }
}
