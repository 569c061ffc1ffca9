//! The `document` block. The platform is laxer than the DSL about names and versions; what can be put right is, with a note.

use serde_json::{Map, Value};

use super::Problem;
use super::context::Context;
use crate::stigmer::wf;

/// Version of the DSL when the specification names none, and the version of a workflow that has no usable one.
const FIRST: &str = "1.0.0";

/// A DNS label has at most this many characters.
const LABEL_LIMIT: usize = 63;

pub(super) fn block(spec: &wf::WorkflowSpec, context: &mut Context) -> Value {
    let Some(document) = &spec.document else {
        context.problem(Problem::Workflow("workflow document cannot be nil".to_owned()));
        return Value::Null;
    };
    let mut block = Map::new();
    let dsl =
        if document.dsl.trim().is_empty() { FIRST.to_owned() } else { completed(&document.dsl).unwrap_or_else(|| document.dsl.clone()) };
    block.insert("dsl".to_owned(), dsl.into());
    let namespace = label("namespace", &document.namespace, context);
    context.set_namespace(&namespace);
    block.insert("namespace".to_owned(), namespace.into());
    block.insert("name".to_owned(), label("name", &document.name, context).into());
    block.insert("version".to_owned(), version(&document.version, context).into());
    let summary = [&spec.description, &document.description].into_iter().find(|text| !text.trim().is_empty());
    if let Some(summary) = summary {
        block.insert("summary".to_owned(), summary.clone().into());
    }
    Value::Object(block)
}

fn label(field: &str, text: &str, context: &mut Context) -> String {
    let label = dns_label(text);
    if label.is_empty() {
        context.problem(Problem::Workflow(format!("document.{field} is required")));
    } else if label != text {
        context.note(format!("document.{field} '{text}' is no DNS label; it is written as '{label}'"));
    }
    label
}

/// The text as a DNS label; empty when nothing of it can stand in one.
pub(super) fn dns_label(text: &str) -> String {
    let mut label = String::new();
    for c in text.trim().chars() {
        if c.is_ascii_alphanumeric() {
            label.push(c);
        } else if !label.ends_with('-') {
            label.push('-');
        }
    }
    let label: String = label.trim_matches('-').chars().take(LABEL_LIMIT).collect();
    label.trim_end_matches('-').to_owned()
}

fn version(text: &str, context: &mut Context) -> String {
    let version = completed(text).unwrap_or_else(|| FIRST.to_owned());
    if version != text {
        context.note(format!("document.version '{text}' is no semantic version; it is written as '{version}'"));
    }
    version
}

/// The text as a semantic version: as it is, or with the parts that are missing from `1`, `1.2` or `v1.2`.
pub(super) fn completed(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix('v').unwrap_or(text);
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let suffix = &text[core.len()..];
    let parts: Vec<&str> = core.split('.').collect();
    let numeric = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()) && (*part == "0" || !part.starts_with('0'));
    let identifiers = |c: char| c.is_ascii_alphanumeric() || "-+.".contains(c);
    if parts.len() > 3 || !parts.iter().all(numeric) || !suffix.chars().all(identifiers) || suffix.ends_with(['-', '+', '.']) {
        return None;
    }
    let missing = ".0".repeat(3 - parts.len());
    Some(format!("{core}{missing}{suffix}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_completed_or_given_up() {
        for (text, expected) in [
            ("1.2.3", Some("1.2.3")),
            ("1.2.3-rc.1+build.5", Some("1.2.3-rc.1+build.5")),
            ("1.0", Some("1.0.0")),
            ("v2", Some("2.0.0")),
            ("1.2.3.4", None),
            ("01.2.3", None),
            ("latest", None),
            ("1.2.3-", None),
            ("", None),
        ] {
            assert_eq!(completed(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn labels_keep_what_they_can() {
        let (none, queues) = (std::collections::BTreeMap::new(), crate::stigmer::convert::Queues::new());
        for (text, expected) in
            [("simple-workflow", "simple-workflow"), ("My Flow!", "My-Flow"), ("--a__b--", "a-b"), (&"x".repeat(80), &"x".repeat(63)[..])]
        {
            let mut context = Context::new(&none, &queues);
            assert_eq!(label("name", text, &mut context), expected);
            assert_eq!(context.finish().unwrap().len(), usize::from(text != expected), "{text}");
        }
        let mut context = Context::new(&none, &queues);
        label("name", " … ", &mut context);
        assert_eq!(context.finish().unwrap_err().to_string(), "document.name is required");
    }
}
