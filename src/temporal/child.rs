//! `run: workflow`: a run of its own, as a child of this one.
//!
//! The definition is looked up by a local activity, so that a replay starts the same text. The child's id is the parent's with the call's behind
//! it: `order-7/do/2/ship`.

use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use indexmap::IndexMap;
use temporalio_common::search_attributes::SearchAttributes;
use temporalio_common::{RetryPolicy, UntypedActivity, UntypedWorkflow};
use temporalio_sdk::{ChildWorkflowOptions, LocalActivityOptions, ParentClosePolicy};
use temporalio_workflow::WorkflowCancellationToken;

use super::activity_error::{call_error, child_error, ended};
use super::child_pause;
use super::host::TemporalHost;
use super::workflow::ServerlessWorkflow;
use crate::activities::digest;
use crate::activities::names::RESOLVE_DEFINITION;
use crate::activities::payload::{first, raw, raw_of};
use crate::engine::fault::{Fault, Standard};
use crate::engine::host::{Call, CallError};
use crate::expr::Data;
use crate::handshake::child::EnvVar;
use crate::handshake::{ChildInput, WORKFLOW_TYPE, listens};

const LOOKUP_LIMIT: Duration = Duration::from_secs(30);
const LOOKUP_ATTEMPTS: u32 = 5;
/// Temporal takes ids of 1,000 bytes; people take fewer.
const ID_LIMIT_BYTES: usize = 600;

pub fn run(host: &TemporalHost, call: Call, token: WorkflowCancellationToken) -> LocalBoxFuture<'static, Result<Data, CallError>> {
    let (ctx, facts) = (host.ctx.clone(), host.facts.clone());
    let services = ctx.state(ServerlessWorkflow::services);
    async move {
        let refuse = |kind, title: &str, detail: String| {
            Err(CallError::Fault(Box::new(Fault::standard(kind, &facts.error_host, title, Some(detail)))))
        };
        if !facts.markers.names_in(&call.input).is_empty() {
            let detail = "name the secret in the `use.secrets` of the other workflow instead".to_owned();
            return refuse(Standard::Authorization, "A secret cannot be handed to another workflow", detail);
        }
        let name = |key: &'static str| (key, call.input.get(key).unwrap_or_default());
        let wanted = Data::object([name("namespace"), name("name"), name("version"), ("org", Data::from(facts.org_id.clone()))]);
        let found = ctx.execute_local_activity(UntypedActivity::new(RESOLVE_DEFINITION), raw(&wanted), lookup_options(&token)).await;
        let found = match found {
            Ok(found) => first(&found).or_else(|e| refuse(Standard::Runtime, "Unreadable definition", e))?,
            Err(e) => return Err(call_error(ended(&e), &facts.error_host)),
        };
        let input = ChildInput {
            workflow_yaml: found.get("yaml").and_then(|yaml| yaml.as_str().map(str::to_owned)).unwrap_or_default(),
            initial_data: call.input.get("input").unwrap_or_default().to_json(),
            env_vars: variables(&found, &facts.env_vars),
            org_id: facts.org_id.clone(),
            secrets_of: facts.secrets_of.clone(),
            ..ChildInput::default()
        };
        let listens = if services.listens_attribute {
            services.plans.get(&input.workflow_yaml, "workflow.yaml").map(|plan| plan.listens.clone()).unwrap_or_default()
        } else {
            Vec::new()
        };
        let id = child_id(ctx.workflow_id(), &facts.first_run_id, &call);
        let policy = if call.detached { ParentClosePolicy::Abandon } else { ParentClosePolicy::RequestCancel };
        let options = ChildWorkflowOptions::builder()
            .workflow_id(id.clone())
            .parent_close_policy(policy)
            .cancellation_token(if call.detached { WorkflowCancellationToken::new() } else { token })
            .static_summary(call.name.clone())
            .maybe_search_attributes(listens::attributes(&listens).map(SearchAttributes::from))
            .build();
        let started = match ctx.start_child_workflow(UntypedWorkflow::new(WORKFLOW_TYPE), raw_of(&input), options).await {
            Ok(started) => started,
            Err(temporalio_common::error::ChildWorkflowStartError::Cancelled(_)) => return Err(CallError::Cancelled),
            Err(e) => return refuse(Standard::Runtime, "The workflow could not be started", e.to_string()),
        };
        if call.detached {
            return Ok(Data::null());
        }
        match child_pause::with_it(&ctx, &id, started.result()).await {
            Ok(output) if output.payloads.is_empty() => Ok(Data::null()),
            Ok(output) => first(&output).or_else(|e| refuse(Standard::Runtime, "Unreadable output", e)),
            Err(e) => Err(child_error(&e, &facts.error_host)),
        }
    }
    .boxed_local()
}

/// What the definition brings itself, and over it what this run was given.
fn variables(found: &Data, own: &IndexMap<String, EnvVar>) -> IndexMap<String, EnvVar> {
    let text = |value: &Data| value.as_str().map(str::to_owned);
    let brought = found.get("env").map(|env| env.entries().into_iter().flatten().collect::<Vec<_>>()).unwrap_or_default();
    let brought = brought.into_iter().map(|(name, value)| (name, EnvVar { value: text(&value), is_secret: false }));
    brought.chain(own.iter().map(|(name, var)| (name.clone(), var.clone()))).collect()
}

fn lookup_options(token: &WorkflowCancellationToken) -> LocalActivityOptions {
    LocalActivityOptions::builder()
        .start_to_close_timeout(LOOKUP_LIMIT)
        .schedule_to_close_timeout(LOOKUP_LIMIT * LOOKUP_ATTEMPTS)
        .timer_backoff_threshold(Duration::from_secs(3))
        .retry_policy(RetryPolicy::builder().maximum_attempts(LOOKUP_ATTEMPTS).build())
        .cancellation_token(token.clone())
        .summary("definition".to_owned())
        .build()
}

/// A child that nobody waits for may outlive its parent, whose own id may come again: its id has the run in it.
fn child_id(parent: &str, first_run_id: &str, call: &Call) -> String {
    let run = if call.detached { format!("/{first_run_id}") } else { String::new() };
    let id = format!("{parent}{run}{}", call.id);
    if id.len() <= ID_LIMIT_BYTES {
        return id;
    }
    let hash = &digest(&[&id])[..16];
    format!("{}~{hash}", &id[..id.floor_char_boundary(ID_LIMIT_BYTES - hash.len() - 1)])
}
