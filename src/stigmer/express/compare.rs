//! What was written and what comes back: they must say the same.

use serde_json::{Map, Value};

use super::{NoForm, Writer};
use crate::dsl::escape;
use crate::stigmer::convert::{ConvertError, Problem};

/// Both documents in the form that a conversion writes.
pub(super) fn documents(given: &Value, again: &Value, writer: &mut Writer) {
    for key in ["namespace", "name", "version", "summary"] {
        if given["document"].get(key) != again["document"].get(key) {
            writer.refuse(format!("`document.{key}` would become {}", again["document"][key]));
        }
    }
    let names = |document: &Value| document["use"]["secrets"].as_array().cloned().unwrap_or_default();
    let kept = names(again);
    for name in names(given).iter().filter(|name| !kept.contains(name)) {
        writer.note(&format!("the secret {name} is not kept: no task names it"));
    }
    lists(&given["do"], &again["do"], "/do", writer);
}

/// One of the tasks that have a form, the `at`th of them; `again` has that one only.
pub(super) fn task(given: &Value, at: usize, again: &Value, writer: &mut Writer) {
    let items = given["do"].as_array().into_iter().flatten().enumerate();
    let formed = |(_, item): &(usize, &Value)| item.as_object().is_some_and(|task| task.values().all(|body| !body.is_null()));
    if let Some((index, item)) = items.filter(formed).nth(at) {
        item_at(index, item, &mut again["do"].as_array().into_iter().flatten().cloned(), "/do", writer);
    }
}

/// `again` has those tasks only that have a form.
fn lists(given: &Value, again: &Value, pointer: &str, writer: &mut Writer) {
    let items = |list: &Value| list.as_array().cloned().unwrap_or_default();
    let (given, mut again) = (items(given), items(again).into_iter());
    for (index, item) in given.iter().enumerate() {
        item_at(index, item, &mut again, pointer, writer);
    }
}

fn item_at(index: usize, item: &Value, again: &mut impl Iterator<Item = Value>, pointer: &str, writer: &mut Writer) {
    for (name, body) in item.as_object().into_iter().flatten().filter(|(_, body)| !body.is_null()) {
        let reference = format!("{pointer}/{index}/{}", escape(name));
        let again = again.next().and_then(|item| item.get(name).cloned()).unwrap_or_default();
        writer.at(reference.clone(), name, |writer| bodies(body, &again, &reference, writer));
    }
}

/// The lists inside are looked at task by task; the rest as a whole.
fn bodies(given: &Value, again: &Value, reference: &str, writer: &mut Writer) {
    for path in ["/do", "/try", "/catch/do"] {
        if let (Some(given), Some(again)) = (given.pointer(path), again.pointer(path)) {
            lists(given, again, &format!("{reference}{path}"), writer);
        }
    }
    if let (Some(given), Some(again)) = (given.pointer("/fork/branches"), again.pointer("/fork/branches")) {
        lists(given, again, &format!("{reference}/fork/branches"), writer);
    }
    if let Some(path) = difference(&without_lists(given), &without_lists(again), "") {
        let path = path.trim_start_matches('/').replace('/', ".");
        let (before, after) = (at(given, &path), at(again, &path));
        writer.refuse(format!("`{path}` would come back as {after}, not as {before}: the platform has no form for it"));
    }
}

fn at(value: &Value, path: &str) -> String {
    let found = path.split('.').try_fold(value, |value, part| match value {
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        other => other.get(part),
    });
    found.map_or_else(|| "nothing".to_owned(), |value| value.to_string().chars().take(120).collect())
}

fn without_lists(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(members) = body.as_object_mut() {
        members.retain(|key, value| !(value.is_array() && (key == "do" || key == "try")));
        for (outer, inner) in [("catch", "do"), ("fork", "branches")] {
            if let Some(Value::Object(holder)) = members.get_mut(outer) {
                holder.remove(inner);
            }
        }
    }
    body
}

/// Path of the first member that differs.
fn difference(given: &Value, again: &Value, path: &str) -> Option<String> {
    match (given, again) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            let of = |members: &Map<String, Value>, key: &str| members.get(key).cloned().unwrap_or_default();
            keys.clone().find_map(|key| difference(&of(a, key), &of(b, key), &format!("{path}/{key}")))
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            (0..a.len()).find_map(|index| difference(&a[index], &b[index], &format!("{path}/{index}")))
        }
        (a, b) => (a != b).then(|| path.to_owned()),
    }
}

/// The rules of the platform's fields that the document breaks, with the task in which they stand. A task that has been refused already has no
/// configuration that could keep them.
pub(super) fn rules(error: &ConvertError, document: &Value, writer: &mut Writer) {
    let refused = |problem: &Problem| match problem {
        Problem::Workflow(reason) => NoForm { reference: String::new(), name: String::new(), reason: reason.clone() },
        Problem::Task { name, field, message, .. } => {
            let field = field.as_ref().map(|field| format!("`{field}` ")).unwrap_or_default();
            let reference = found(&document["do"], name, "/do").unwrap_or_default();
            NoForm { reference, name: name.clone(), reason: format!("{field}{message}") }
        }
    };
    let known: Vec<String> = writer.refused.iter().map(|reason| reason.reference.clone()).collect();
    let broken = error.problems.iter().map(refused);
    writer.refused.extend(broken.filter(|reason| known.is_empty() || (!reason.reference.is_empty() && !known.contains(&reason.reference))));
}

/// Where the first task of this name stands.
fn found(list: &Value, name: &str, pointer: &str) -> Option<String> {
    list.as_array()?.iter().enumerate().find_map(|(index, item)| {
        let (found_name, body) = item.as_object()?.iter().next()?;
        let reference = format!("{pointer}/{index}/{}", escape(found_name));
        if found_name == name {
            return Some(reference);
        }
        ["/do", "/try", "/catch/do", "/fork/branches"]
            .iter()
            .find_map(|path| found(body.pointer(path)?, name, &format!("{reference}{path}")))
    })
}
