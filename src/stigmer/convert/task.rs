//! What all kinds of task share: name, configuration, export and flow.

use serde_json::{Map, Value, json};

use super::context::Context;
use super::kinds::{self, Kind};
use super::rules::Rules;
use super::{Problem, expression};
use crate::stigmer::ar::WorkflowTaskKind as TaskKind;
use crate::stigmer::{json, structs, tasks, wf};

const KIND_PREFIX: &str = "WORKFLOW_TASK_KIND_";

/// A `do` list.
pub(super) fn list(tasks: &[wf::WorkflowTask], context: &mut Context) -> Value {
    tasks.iter().filter_map(|task| item(task, context)).collect()
}

/// One item of a `do` list; `None` after a problem.
fn item(task: &wf::WorkflowTask, context: &mut Context) -> Option<Value> {
    if task.name.is_empty() {
        context.problem(problem(task, None, "task name is required".to_owned()));
        return None;
    }
    let mut body = body(task, context)?;
    if let Some(export) = task.export.as_ref().filter(|export| !export.r#as.is_empty()) {
        body.insert("export".to_owned(), json!({ "as": expression::export(&task.name, &export.r#as, context) }));
    }
    if let Some(flow) = task.flow.as_ref().filter(|flow| !flow.then.is_empty()) {
        body.insert("then".to_owned(), flow.then.clone().into());
    }
    Some(json!({ task.name.clone(): body }))
}

fn body(task: &wf::WorkflowTask, context: &mut Context) -> Option<Map<String, Value>> {
    let refused = match task.kind() {
        TaskKind::Set => return typed::<tasks::SetTaskConfig>(task, context),
        TaskKind::HttpCall => return typed::<tasks::HttpCallTaskConfig>(task, context),
        TaskKind::AgentCall => return typed::<tasks::AgentCallTaskConfig>(task, context),
        TaskKind::Switch => return typed::<tasks::SwitchTaskConfig>(task, context),
        TaskKind::For => return typed::<tasks::ForTaskConfig>(task, context),
        TaskKind::Fork => return typed::<tasks::ForkTaskConfig>(task, context),
        TaskKind::Try => return typed::<tasks::TryTaskConfig>(task, context),
        TaskKind::Wait => return typed::<tasks::WaitTaskConfig>(task, context),
        TaskKind::Raise => return typed::<tasks::RaiseTaskConfig>(task, context),
        TaskKind::CallActivity => return typed::<tasks::CallActivityTaskConfig>(task, context),
        TaskKind::Listen => return typed::<tasks::ListenTaskConfig>(task, context),
        TaskKind::Run => return typed::<tasks::RunTaskConfig>(task, context),
        TaskKind::GrpcCall => kinds::GRPC_CALL,
        TaskKind::Unspecified => "unsupported task kind",
    };
    context.problem(problem(task, None, refused.to_owned()));
    None
}

/// Decodes the configuration strictly (a misspelt field is an error), checks its rules and converts it.
fn typed<K: Kind>(task: &wf::WorkflowTask, context: &mut Context) -> Option<Map<String, Value>> {
    let Some(config) = &task.task_config else {
        context.problem(problem(task, None, "failed to unmarshal task_config: task_config cannot be nil".to_owned()));
        return None;
    };
    let mut config = structs::value(config);
    long_kinds(&mut config);
    let config: K = match json::from_json_strict(&config) {
        Ok(config) => config,
        Err(error) => {
            context.problem(problem(task, None, format!("failed to unmarshal task_config: {}", error.message)));
            return None;
        }
    };
    let mut rules = Rules::new(context.queues());
    config.check(&mut rules);
    if rules.violations.is_empty() {
        return Some(config.body(context));
    }
    for (field, message) in rules.violations {
        context.problem(problem(task, Some(field), message));
    }
    None
}

/// Nested tasks may name their kind in short: `SET`.
fn long_kinds(config: &mut Value) {
    for key in ["do", "try", "catch", "branches"] {
        match config.get_mut(key) {
            Some(Value::Array(items)) => {
                for item in items {
                    if let Some(Value::String(kind)) = item.get_mut("kind")
                        && !kind.starts_with(KIND_PREFIX)
                    {
                        *kind = format!("{KIND_PREFIX}{}", kind.to_ascii_uppercase());
                    }
                    long_kinds(item);
                }
            }
            Some(inner) => long_kinds(inner),
            None => {}
        }
    }
}

fn problem(task: &wf::WorkflowTask, field: Option<String>, message: String) -> Problem {
    let kind = TaskKind::try_from(task.kind).map_or_else(|_| task.kind.to_string(), |kind| kind.as_str_name().to_owned());
    Problem::Task { name: task.name.clone(), kind, field, message }
}
