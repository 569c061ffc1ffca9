//! Tasks that hold others, decide, fail or listen.
#![allow(clippy::unnecessary_wraps, reason = "all kinds are written by functions of one signature")]

use serde_json::{Map, Value, json};

use super::tasks::{self, Written};
use super::{Writer, values};

pub(super) fn for_(body: &Value, writer: &mut Writer) -> Option<Written> {
    let for_ = &body["for"];
    writer.only("`for`", for_, &["each", "in", "at"], &[]);
    if body.get("while").is_some() {
        writer.refuse("a loop of the platform has no `while`: take the items that it should go through by an expression in `for.in`");
        return None;
    }
    if for_.get("at").is_some_and(|at| at != "index") {
        writer.refuse("a loop of the platform counts in `index`");
    }
    let each = for_["each"].as_str().unwrap_or("item");
    let items = match &for_["in"] {
        Value::String(text) => values::enclosed(text),
        other => values::literal(other, "`for.in`", writer).as_str().unwrap_or_default().to_owned(),
    };
    let (tasks, list) = tasks::list(&body["do"], &format!("{}/do", writer.task.0), writer);
    let config = json!({ "each": each, "in": items, "do": tasks });
    Some(Written::new("FOR", config, json!({ "for": { "each": each, "in": items }, "do": list })))
}

/// A list by itself is a `TRY` that catches nothing.
pub(super) fn do_(body: &Value, writer: &mut Writer) -> Option<Written> {
    let (tasks, list) = tasks::list(&body["do"], &format!("{}/do", writer.task.0), writer);
    Some(Written::new("TRY", json!({ "try": tasks }), json!({ "do": list })))
}

pub(super) fn try_(body: &Value, writer: &mut Writer) -> Option<Written> {
    let advice = [
        ("errors", "it catches every error: decide with a `switch` in `catch.do`"),
        ("when", "it catches every error: decide with a `switch` in `catch.do`"),
        ("exceptWhen", "it catches every error: decide with a `switch` in `catch.do`"),
        ("retry", "nothing is tried again there"),
    ];
    let catch = &body["catch"];
    writer.only("`catch`", catch, &["as", "do"], &advice);
    if catch.get("do").is_none() {
        writer.refuse("`catch` has tasks on the platform: add `catch.do`");
    }
    let error = catch["as"].as_str().unwrap_or("error");
    let reference = writer.task.0.clone();
    let (tried, try_list) = tasks::list(&body["try"], &format!("{reference}/try"), writer);
    let (caught, catch_list) = tasks::list(&catch["do"], &format!("{reference}/catch/do"), writer);
    let config = json!({ "try": tried, "catch": { "as": error, "do": caught } });
    Some(Written::new("TRY", config, json!({ "try": try_list, "catch": { "as": error, "do": catch_list } })))
}

pub(super) fn fork(body: &Value, writer: &mut Writer) -> Option<Written> {
    let fork = &body["fork"];
    writer.only("`fork`", fork, &["branches", "compete"], &[]);
    let compete = fork["compete"].as_bool().unwrap_or_default();
    let (mut branches, mut canonical) = (Vec::new(), Vec::new());
    for (index, branch) in fork["branches"].as_array().into_iter().flatten().enumerate() {
        for (name, task) in branch.as_object().into_iter().flatten() {
            let pointer = format!("{}/fork/branches/{index}/{}", writer.task.0, crate::dsl::escape(name));
            // A branch is a list there: a single task is a list of one.
            let alone = task.as_object().is_none_or(|task| task.len() != 1 || !task.contains_key("do"));
            let (tasks, list) = if alone {
                tasks::list(&json!([branch]), &pointer, writer)
            } else {
                tasks::list(&task["do"], &format!("{pointer}/do"), writer)
            };
            branches.push(json!({ "name": name, "do": tasks }));
            canonical.push(json!({ name.clone(): { "do": list } }));
        }
    }
    let mut written = json!({ "fork": { "branches": canonical } });
    let config = json!({ "branches": branches, "compete": compete });
    if compete {
        written["fork"]["compete"] = true.into();
    } else {
        let members: Vec<String> = branches.iter().enumerate().map(|(index, branch)| format!("{}: .[{index}]", branch["name"])).collect();
        let by_name = json!({ "as": format!("${{ {{{}}} }}", members.join(", ")) });
        if body.get("output") != Some(&by_name) {
            writer.refuse(format!("a fork of the platform gives an object, output by branch: write `output: {by_name}`"));
        }
        written["output"] = by_name;
    }
    Some(Written::new("FORK", config, written))
}

pub(super) fn switch(body: &Value, writer: &mut Writer) -> Option<Written> {
    let (mut cases, mut canonical) = (Vec::new(), Vec::new());
    for (name, case) in body["switch"].as_array().into_iter().flatten().filter_map(Value::as_object).flatten() {
        let then = case["then"].as_str().unwrap_or("continue");
        let mut written = Map::from_iter([("then".to_owned(), then.into())]);
        let mut config = json!({ "name": name, "then": then });
        if let Some(when) = case.get("when") {
            let when = match when {
                Value::String(text) => values::enclosed(text),
                other => values::literal(other, "`when`", writer).as_str().unwrap_or_default().to_owned(),
            };
            config["when"] = when.clone().into();
            written.insert("when".to_owned(), when.into());
        }
        cases.push(config);
        canonical.push(json!({ name.clone(): written }));
    }
    Some(Written::new("SWITCH", json!({ "cases": cases }), json!({ "switch": canonical })))
}

pub(super) fn raise(body: &Value, writer: &mut Writer) -> Option<Written> {
    let error = &body["raise"]["error"];
    if !error.is_object() {
        writer.refuse("an error of the platform is written out where it is raised");
        return None;
    }
    writer.only("an error", error, &["type", "status", "title", "detail"], &[]);
    let text = |key: &str| error[key].as_str().unwrap_or_default();
    if text("title").is_empty() || text("detail").is_empty() {
        writer.refuse("an error of the platform has a name, its title, and a message, its detail");
        return None;
    }
    Some(Written::new("RAISE", json!({ "error": text("title"), "message": text("detail") }), json!({ "raise": { "error": error } })))
}

pub(super) fn listen(body: &Value, writer: &mut Writer) -> Option<Written> {
    let to = &body["listen"]["to"];
    writer.only("`listen.to`", to, &["one", "any", "all"], &[]);
    let (mode, filters) = match (to.get("one"), to.get("any"), to.get("all")) {
        (Some(filter), ..) => ("one", vec![filter]),
        (_, Some(Value::Array(filters)), _) => ("one", filters.iter().collect()),
        (.., Some(Value::Array(filters))) => ("all", filters.iter().collect()),
        _ => ("one", Vec::new()),
    };
    let mut signals = Vec::new();
    for filter in filters {
        let type_ = filter["with"]["type"].as_str().unwrap_or_default();
        writer.only("an event", filter, &["with"], &[]);
        writer.only("an event", &filter["with"], &["type"], &[("data", "decide with a `switch` behind it")]);
        signals.push(json!({ "id": unescaped(type_), "type": "signal" }));
    }
    let config = json!({ "to": { "mode": mode, "signals": signals } });
    // Strategy, `read` and output belong together: the comparison looks at them.
    Some(Written::new("LISTEN", config, json!({ "listen": body["listen"], "output": body["output"] })))
}

/// The text that a literal pattern matches.
fn unescaped(pattern: &str) -> String {
    let mut text = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        text.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    text
}
