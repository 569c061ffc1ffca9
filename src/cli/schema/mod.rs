//! `schema`: the JSON Schema (2020-12) of definitions, for editors.
//!
//! It says what the readers of the language say, in a form that editors understand; `validate` sees more (names, jumps, expressions). A task is
//! read by the key that it has (`if`/`then`), never by trial: so a message is about the task that was meant, and no document makes it slow.

mod calls;
mod parts;
mod tasks;
#[cfg(test)]
mod tests;
mod words;

use serde_json::{Map, Value, json};

use self::words::{list, map, object, reference, text};
use super::Exit;
use super::print;

#[must_use]
pub fn run() -> Exit {
    print::data(&format!("{:#}\n", definition()), Exit::Completed)
}

/// The schema of a definition.
#[must_use]
pub fn definition() -> Value {
    let mut schema = object(
        "A workflow of the Open Workflow (Serverless Workflow) DSL 1.0",
        [
            ("document*", document()),
            ("input", reference("input")),
            ("use", components()),
            ("do*", reference("taskList")),
            ("timeout", reference("timeout")),
            ("output", reference("output")),
            ("schedule", reference("schedule")),
            ("evaluate", evaluate()),
        ],
    );
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "Workflow definition".into();
    let parts = parts::all().into_iter().chain(tasks::all()).chain(calls::all());
    schema["$defs"] = parts.map(|(name, part)| (name.to_owned(), part)).collect::<Map<_, _>>().into();
    schema
}

fn document() -> Value {
    let label = |what: &str| {
        let mut label = text(&format!("{what}: letters, digits and hyphens, at most 63"));
        label["pattern"] = "^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$".into();
        label
    };
    let version = |what: &str, pattern: &str| {
        let mut version = text(what);
        version["pattern"] = pattern.into();
        version
    };
    object(
        "What the definition is",
        [
            ("dsl*", version("Version of the DSL, in quotes: '1.0.3'", r"^1\.\d+\.\d+")),
            ("namespace*", label("Namespace")),
            ("name*", label("Name")),
            ("version*", version("Semantic version of the definition, in quotes: '1.0.0'", r"^\d+\.\d+\.\d+([-+].+)?$")),
            ("title", text("Title, for people")),
            ("summary", text("What it is for, in Markdown")),
            ("tags", map("Tags", json!({}))),
            ("metadata", map("Whatever tools or people want to keep here", json!({}))),
        ],
    )
}

fn components() -> Value {
    object(
        "Components that tasks name",
        [
            ("authentications", map("Authentication policies by name", reference("policy"))),
            ("catalogs", map("Catalogs of functions by name", object("A catalog", [("endpoint*", reference("endpoint"))]))),
            ("errors", map("Errors by name", reference("error"))),
            ("extensions", list("Tasks around other tasks", reference("namedExtension"))),
            ("functions", map("Tasks that `call` can name", reference("task"))),
            ("retries", map("Retry policies by name", reference("retry"))),
            ("secrets", list("Names of secrets, which expressions find in `$secrets`", text("The name of a secret"))),
            ("timeouts", map("Timeouts by name", reference("timeoutAfter"))),
        ],
    )
}

fn evaluate() -> Value {
    object(
        "How expressions are evaluated",
        [
            ("language", text("The language of expressions: jq")),
            (
                "mode",
                json!({"description": "strict: only text in `${ }` is an expression; loose: any text is tried", "enum": ["strict", "loose"]}),
            ),
        ],
    )
}
