//! The document around the tasks.

use serde_json::{Map, Value, json};

use super::{Writer, tasks};

/// The only version of the DSL that the platform takes. What a document of a later one may say that matters has no form anyway.
const DSL: &str = "1.0.0";

/// The specification in JSON, and the document as its conversion would write it.
pub(super) fn root(document: &Value, writer: &mut Writer) -> (Value, Value) {
    let advice = [
        ("input", "check the input in the first task"),
        ("output", "make the output in the last task"),
        ("timeout", "an execution of the platform has its own"),
        ("evaluate", "the platform knows jq in `${ }` only"),
    ];
    writer.only("a workflow", document, &["document", "use", "do"], &advice);
    writer.only("`use`", &document["use"], &["secrets"], &[]);
    let head = &document["document"];
    for key in ["title", "tags", "metadata"].into_iter().filter(|key| head.get(key).is_some()) {
        writer.note(&format!("`document.{key}` is not kept"));
    }
    let text = |key: &str| head[key].as_str().unwrap_or_default().to_owned();
    writer.namespace = text("namespace");
    let (tasks, list) = tasks::list(&document["do"], "/do", writer);

    let mut names = json!({ "dsl": DSL, "namespace": text("namespace"), "name": text("name"), "version": text("version") });
    let mut canonical = Map::from_iter([("document".to_owned(), names.clone())]);
    if !text("summary").trim().is_empty() {
        names["description"] = text("summary").into();
        canonical["document"]["summary"] = text("summary").into();
    }
    canonical.insert("use".to_owned(), document["use"].clone());
    canonical.insert("do".to_owned(), list);
    (json!({ "document": names, "tasks": tasks }), Value::Object(canonical))
}
