//! `call` and `run`.

use serde_json::{Map, Value, json};

use super::tasks::Written;
use super::{Writer, values};

/// The longest time that an `HTTP_CALL` can have, and the one of a call without its own.
const HTTP_LIMIT_SECONDS: u64 = 300;
/// As a conversion writes it for a `RUN` without input.
const OWN_INPUT: &str = "${ $workflow.input }";

pub(super) fn call(body: &Value, writer: &mut Writer) -> Option<Written> {
    match body["call"].as_str().unwrap_or_default() {
        "http" => http(body, writer),
        "agent" => agent(body, writer),
        "activity" => activity(&body["with"], writer),
        other => {
            writer.refuse(format!("the platform has no `call: {other}`; use `call: http`, `call: agent` or `call: activity`"));
            None
        }
    }
}

fn http(body: &Value, writer: &mut Writer) -> Option<Written> {
    let with = &body["with"];
    let advice =
        [("query", "write it into the URI"), ("output", "it gives the content"), ("redirect", "redirections are not followed there")];
    writer.only("`call: http`", with, &["method", "endpoint", "headers", "body"], &advice);
    let uri = match &with["endpoint"] {
        Value::Object(_) => {
            writer.only("an endpoint", &with["endpoint"], &["uri"], &[("authentication", "write it as a header")]);
            with["endpoint"]["uri"].clone()
        }
        endpoint => endpoint.clone(),
    };
    let mut config = json!({ "method": with["method"].as_str().unwrap_or_default().to_ascii_uppercase(), "endpoint": { "uri": uri } });
    if let Some(headers) = with.get("headers") {
        let Value::Object(headers) = headers else {
            writer.refuse("`headers` is a mapping on the platform");
            return None;
        };
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        config["headers"] = headers.iter().map(|(name, value)| (name.clone(), Value::String(text(value)))).collect::<Map<_, _>>().into();
    }
    if let Some(content) = with.get("body") {
        if !content.is_object() {
            writer.refuse("a body is an object on the platform");
            return None;
        }
        config["body"] = content.clone();
    }
    let seconds = match body.get("timeout") {
        Some(timeout) => values::seconds(&timeout["after"], "`timeout.after`", writer)?,
        None => {
            writer.note(&format!("the platform wants a time limit: {HTTP_LIMIT_SECONDS} seconds"));
            HTTP_LIMIT_SECONDS
        }
    };
    let canonical = json!({ "call": "http", "with": config.clone(), "timeout": { "after": values::duration(seconds) } });
    config["timeoutSeconds"] = seconds.into();
    Some(Written::new("HTTP_CALL", config, canonical))
}

fn agent(body: &Value, writer: &mut Writer) -> Option<Written> {
    let mut with = body["with"].clone();
    writer.only("`call: agent`", &with, &["agent", "message", "scope", "env", "config"], &[]);
    let own = body.get("timeout").map(|timeout| values::seconds(&timeout["after"], "`timeout.after`", writer));
    let seconds = match own {
        Some(None) => return None,
        Some(Some(seconds)) => Some(seconds),
        None => with["config"]["timeout"].as_u64(),
    };
    let mut canonical = json!({ "call": "agent" });
    if let Some(seconds) = seconds {
        // The limit stands in both places.
        if with["config"].as_object().is_none_or(|config| config.get("timeout").is_none_or(|named| named.as_u64() == Some(seconds))) {
            if with.get("config").is_none_or(Value::is_null) {
                with["config"] = json!({});
            }
            with["config"]["timeout"] = seconds.into();
        } else {
            writer.refuse("`config.timeout` and `timeout` are one and the same on the platform");
        }
        canonical["timeout"] = json!({ "after": values::duration(seconds) });
    }
    // Looking at a member that is not there leaves a null behind.
    if let Value::Object(members) = &mut with {
        members.retain(|_, value| !value.is_null());
    }
    canonical["with"] = with.clone();
    Some(Written::new("AGENT_CALL", with, canonical))
}

fn activity(with: &Value, writer: &mut Writer) -> Option<Written> {
    writer.only("`call: activity`", with, &["activity", "queue", "arguments"], &[]);
    let mut config = json!({ "activity": with["activity"] });
    let mut canonical = with.clone();
    match with.get("arguments") {
        None => {}
        Some(Value::Array(arguments)) if arguments.is_empty() => drop(canonical.as_object_mut().and_then(|with| with.remove("arguments"))),
        Some(Value::Array(arguments)) if arguments.len() == 1 && arguments[0].is_object() => config["input"] = arguments[0].clone(),
        Some(_) => {
            writer.refuse("an activity has one argument on the platform, and that is an object");
            return None;
        }
    }
    if with.get("queue").is_none() {
        writer.refuse("an activity of the platform has the queue that `activities.queues` gives it: name that");
        return None;
    }
    Some(Written::new("CALL_ACTIVITY", config, json!({ "call": "activity", "with": canonical })))
}

pub(super) fn run(body: &Value, writer: &mut Writer) -> Option<Written> {
    let run = &body["run"];
    let Some(workflow) = run.get("workflow") else {
        writer.refuse("the platform runs workflows only: call what the script or command does as an activity");
        return None;
    };
    writer.only("`run`", run, &["workflow", "await"], &[]);
    if run.get("await").is_some_and(|awaited| awaited != &Value::Bool(true)) {
        writer.refuse("the platform waits for the workflow that it runs");
    }
    let text = |key: &str| workflow[key].as_str().unwrap_or_default();
    let (namespace, name) = (text("namespace"), text("name"));
    let version = workflow.get("version").map(|version| format!(":{}", version.as_str().unwrap_or_default())).unwrap_or_default();
    let target = if namespace == writer.namespace { format!("{name}{version}") } else { format!("{namespace}/{name}{version}") };
    let mut config = json!({ "workflow": target });
    match workflow.get("input") {
        Some(input) if input.is_object() => config["input"] = input.clone(),
        Some(input) if input.as_str() == Some(OWN_INPUT) => {}
        _ => {
            writer.refuse(format!("the input of a workflow is a mapping on the platform, or `{OWN_INPUT}`"));
            return None;
        }
    }
    Some(Written::new("RUN", config, json!({ "run": { "workflow": workflow } })))
}
