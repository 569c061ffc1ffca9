//! Activity `ExecuteWorkflow`: starts the child with this activity's token as its callback, and stays pending. Rows 1, 2, 3 and 17.
//!
//! In order: the execution is read, the definition is fetched and converted (also for a child that runs: it may close before it is told), `IN_PROGRESS` is
//! sent, and the child is started, or told the new token. `IN_PROGRESS` is never sent when a child runs or has completed: it could undo the child's own
//! last word.
//! Every error that leaves this activity has been told to the platform as FAILED first, unless nobody waits for this attempt any more: an earlier
//! attempt's child may have told its end already.

use std::time::Duration;

use serde_json::{Map, Value, json};
use temporalio_common::data_converters::RawValue;
use temporalio_common::protos::temporal::api::enums::v1::WorkflowExecutionStatus as RunStatus;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

use super::definition::{Refusal, Resolved};
use super::environment::{self, Variables};
use super::{RunnerActivities, definition, execution_status, failure, payload};
use crate::effects::resources::Purpose;
use crate::handshake::look::describe;
use crate::handshake::{Begun, Callback, ChildInput, EnvVar, Outcome, Reply, StartError, StartRequest, child_id, start_or_attach};
use crate::plan::{self, MAX_OUTSIDES, OutsideKind, Outsides};
use crate::stigmer::payload as wire;
use crate::stigmer::wfx::{ExecutionPhase, WorkflowExecution, WorkflowExecutionSpec, WorkflowExecutionStatus};

pub(super) async fn run(activities: &RunnerActivities, ctx: &ActivityContext, raw: &RawValue) -> Result<RawValue, ActivityError> {
    let execution = read(raw).map_err(|e| failure::bad_input(&e))?;
    let metadata = execution.metadata.clone().ok_or_else(|| failure::permanent("InvalidInput", "execution metadata is required"))?;
    if metadata.id.is_empty() {
        return Err(failure::permanent("InvalidInput", "execution ID is required"));
    }
    match begin(activities, ctx, &execution, &metadata.id, &metadata.org).await {
        Ok(Begun::Pending { run_id, attached }) => {
            tracing::info!(execution_id = %metadata.id, child_run_id = %run_id, attached, attempt = ctx.info().attempt, "the child runs; result pending");
            if !activities.pending {
                hold(ctx, &child_id(&metadata.id)).await?;
            }
            Err(ActivityError::WillCompleteAsync)
        }
        Ok(Begun::Finished(outcome)) => finished(activities, &metadata.id, outcome).await,
        Err(refusal) if refusal.unheard => {
            tracing::info!(execution_id = %metadata.id, attempt = ctx.info().attempt, reason = %refusal.text, "ExecuteWorkflow came too late");
            unheard(activities, ctx, &metadata.id, &refusal.text).await;
            Err(failure::permanent("ExecuteWorkflow", refusal.text))
        }
        // Another attempt, or a run that may be under way, has the last word.
        Err(refusal) if refusal.retryable && !last_attempt(ctx) => Err(failure::retryable("Unavailable", refusal.text)),
        Err(refusal) => {
            tracing::warn!(execution_id = %metadata.id, attempt = ctx.info().attempt, error = %refusal.text, "ExecuteWorkflow failed");
            if let Err(e) = activities.publisher.publish_phase(&metadata.id, ExecutionPhase::ExecutionFailed, &refusal.text).await {
                tracing::warn!(execution_id = %metadata.id, error = %e, "cannot send FAILED");
            }
            Err(if refusal.retryable {
                failure::retryable("Unavailable", refusal.text)
            } else {
                failure::permanent("ExecuteWorkflow", refusal.text)
            })
        }
    }
}

/// Nobody waits for this attempt. A child, where there is one, has the last word; where there is none, the execution ends here.
async fn unheard(activities: &RunnerActivities, ctx: &ActivityContext, execution_id: &str, text: &str) {
    let told = match describe(&ctx.client(), &child_id(execution_id), "").await {
        Ok(Some(_)) => Ok(()),
        Ok(None) => activities.publisher.ensure_ended(execution_id, false, text).await.map_err(|e| e.to_string()),
        Err(e) => Err(e.message().to_owned()),
    };
    if let Err(error) = told {
        tracing::warn!(execution_id, %error, "cannot see to the end of an execution whose caller is gone");
    }
}

/// Whether the caller's retry policy ends here.
fn last_attempt(ctx: &ActivityContext) -> bool {
    let info = ctx.info();
    info.retry_policy.as_ref().is_some_and(|policy| policy.maximum_attempts() > 0 && info.attempt >= policy.maximum_attempts())
}

/// The one argument, a `WorkflowExecution` in any of its payload forms.
fn read(raw: &RawValue) -> Result<WorkflowExecution, String> {
    let payload = raw.payloads.first().ok_or("there is no argument: a WorkflowExecution is expected")?;
    let message_type = payload.metadata.get("messageType").map(|m| String::from_utf8_lossy(m).into_owned());
    wire::decode::<WorkflowExecution>(payload::encoding(payload), message_type.as_deref(), &payload.data).map_err(|e| e.to_string())
}

async fn begin(
    activities: &RunnerActivities,
    ctx: &ActivityContext,
    execution: &WorkflowExecution,
    execution_id: &str,
    org: &str,
) -> Result<Begun, Refusal> {
    let (info, client) = (ctx.info(), ctx.client());
    let callback = Callback::of(info, Reply::WorkflowExecutionStatus).map_err(|e| Refusal::new(e.to_string()))?;
    tracing::info!(workflow_id = info.workflow_id, run_id = info.workflow_run_id, activity_id = %info.activity_id, attempt = info.attempt,
        execution_id, token_preview = %callback.token, "ExecuteWorkflow");
    let spec = execution.spec.as_ref().ok_or_else(|| Refusal::new("execution spec is required"))?;
    let there = describe(&client, &child_id(execution_id), "").await;
    let there = there
        .map_err(|e| Refusal::passing(format!("cannot look for the child: {}", e.message())))?
        .is_some_and(|child| child.is_open() || child.status == RunStatus::Completed);
    let Resolved { workflow, instance } = definition::resolve(&activities.stigmer, spec).await?;
    let definition = definition::yaml(&workflow, &activities.queues)?;
    let variables = environment::of(&activities.stigmer, &workflow, &instance, spec, org).await?;
    let listens = if activities.listens_attribute { listens(activities, &definition).await } else { vec![] };
    let request = StartRequest {
        task_queue: activities.workflow_queue.clone(),
        input: child_input(activities, execution_id, org, spec, &variables, definition),
        attempt_deadline: info.deadline,
        search_attribute: activities.search_attribute,
        listens,
        summary: execution.metadata.as_ref().map(|m| m.name.clone()).filter(|name| !name.is_empty()),
    };
    if !there {
        let callback_token = if activities.store_token { callback.token.as_bytes().to_vec() } else { Vec::new() };
        let status = WorkflowExecutionStatus { phase: ExecutionPhase::ExecutionInProgress.into(), callback_token, ..Default::default() };
        if let Err(e) = activities.stigmer.update_status(execution_id, status).await {
            tracing::warn!(execution_id, error = %e, "cannot send IN_PROGRESS; going on");
        }
    }
    let begun = start_or_attach(&client, &request, &callback).await;
    if matches!(begun, Ok(Begun::Pending { .. })) {
        activities.wheel.keep_alive(&callback, info.heartbeat_timeout);
    }
    begun.map_err(|e| {
        let text = format!("failed to start ExecuteServerlessWorkflow: {e}");
        Refusal { text, retryable: e.is_retryable(), unheard: e == StartError::CallerGone }
    })
}

/// The types of events that a definition listens to, with the functions that stand elsewhere. One that cannot be planned fails by itself when it
/// runs.
async fn listens(activities: &RunnerActivities, definition: &str) -> Vec<String> {
    const FILE: &str = "workflow.yaml";
    let purpose = |kind| if kind == OutsideKind::Function { Purpose::Run } else { Purpose::Read };
    let missing =
        |known: &Outsides| plan::missing(definition, FILE, known).into_iter().map(|o| (o.uri.to_string(), purpose(o.kind))).collect();
    let outsides = activities.outside.gather(MAX_OUTSIDES, missing, |_, _| ()).await;
    if !definition.contains("listen") && !outsides.values().any(|text| text.contains("listen")) {
        return vec![]; // most do not, and planning takes a while
    }
    plan::build_with(definition, FILE, &outsides).map(|plan| plan.listens).unwrap_or_default()
}

/// `trigger_message` that is a JSON object is the input; any other is `{"message": …, "metadata": …}`.
fn initial_data(spec: &WorkflowExecutionSpec) -> Value {
    if let Ok(Value::Object(object)) = serde_json::from_str::<Value>(&spec.trigger_message) {
        return Value::Object(object);
    }
    let metadata: Map<String, Value> = spec.trigger_metadata.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
    json!({"message": spec.trigger_message, "metadata": metadata})
}

fn child_input(
    activities: &RunnerActivities,
    execution_id: &str,
    org: &str,
    spec: &WorkflowExecutionSpec,
    variables: &Variables,
    yaml: String,
) -> ChildInput {
    // A secret's value stays with the control plane; its name is all that the child needs.
    let env_vars =
        variables.iter().map(|(name, v)| (name.clone(), EnvVar { value: (!v.is_secret).then(|| v.value.clone()), is_secret: v.is_secret }));
    ChildInput {
        workflow_execution_id: execution_id.to_owned(),
        workflow_yaml: yaml,
        initial_data: initial_data(spec),
        env_vars: env_vars.collect(),
        org_id: org.to_owned(),
        watch_caller: Some(activities.watch),
        on_caller_gone: Some(activities.on_caller_gone),
        ..Default::default()
    }
}

/// An outcome that was there already: row 3. The platform has to know of it too: it learns the phase from nobody else. A completed child's own
/// result takes the form in which the platform wants it.
async fn finished(activities: &RunnerActivities, execution_id: &str, outcome: Outcome) -> Result<RawValue, ActivityError> {
    let output = match outcome {
        Outcome::Completed(output) => output,
        Outcome::Failed { ref message, .. } => {
            if let Err(e) = activities.publisher.ensure_ended(execution_id, false, message).await {
                tracing::warn!(execution_id, error = %e, "cannot send FAILED");
            }
            return outcome.into_activity_result();
        }
        cancelled @ Outcome::Cancelled { .. } => return cancelled.into_activity_result(),
    };
    let stored = activities.stigmer.get_execution(execution_id).await.ok().and_then(|e| e.status);
    let status = match stored.filter(|s| s.phase() == ExecutionPhase::ExecutionCompleted) {
        Some(status) => status,
        // The child had no chance to publish: what it returned is all there is.
        None => {
            let status = execution_status::completed(&payload::data_of(&output).unwrap_or_default());
            if let Err(e) = activities.stigmer.update_status(execution_id, status.clone()).await {
                tracing::warn!(execution_id, error = %e, "cannot send COMPLETED");
            }
            status
        }
    };
    Ok(RawValue::new(vec![execution_status::payload_of(status)]))
}

/// `handshake.async: false`: the activity keeps its slot until its child has closed, heartbeating. The child delivers all the same.
async fn hold(ctx: &ActivityContext, child_id: &str) -> Result<(), ActivityError> {
    const LOOK_EVERY: Duration = Duration::from_secs(1);
    let client = ctx.client();
    let closed = async {
        while describe(&client, child_id, "").await.is_ok_and(|child| child.is_none_or(|c| c.is_open())) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    super::Beat(ctx).until(closed).await
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_trigger_becomes_the_input() {
        let spec = |message: &str| WorkflowExecutionSpec {
            trigger_message: message.to_owned(),
            trigger_metadata: BTreeMap::from([("b".to_owned(), "2".to_owned()), ("a".to_owned(), "1".to_owned())]),
            ..Default::default()
        };
        assert_eq!(initial_data(&spec(r#"{"petId": 7}"#)), json!({"petId": 7}));
        assert_eq!(initial_data(&spec("execute")), json!({"message": "execute", "metadata": {"a": "1", "b": "2"}}));
        assert_eq!(initial_data(&spec("[1]"))["message"], json!("[1]"));
    }
}
