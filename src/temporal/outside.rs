//! Documents elsewhere that a definition is made of: read by local activities before the plan is built, so that they stand in the history.

use std::sync::Arc;
use std::time::Duration;

use temporalio_common::{RetryPolicy, UntypedActivity};
use temporalio_sdk::LocalActivityOptions;
use temporalio_workflow::WorkflowContext;

use super::activity_error::{call_error, ended};
use super::run::WorkflowServices;
use super::workflow::ServerlessWorkflow;
use crate::activities::names::FETCH_RESOURCE;
use crate::activities::payload::{first, raw};
use crate::engine::fault::{Fault, Standard};
use crate::engine::host::CallError;
use crate::expr::Data;
use crate::plan::{MAX_OUTSIDES, OutsideKind, Outsides, Plan};

const LIMIT: Duration = Duration::from_mins(1);
const ATTEMPTS: u32 = 3;

/// What keeps a run from having a plan.
pub enum NoPlan {
    Fault(Fault),
    Cancelled,
}

/// The plan of a definition; `outsides` is given what it is made of.
///
/// # Errors
/// The definition is not valid, or a document cannot be read.
pub async fn plan(
    ctx: &WorkflowContext<ServerlessWorkflow>,
    services: &WorkflowServices,
    yaml: &str,
    outsides: &mut Outsides,
) -> Result<Arc<Plan>, NoPlan> {
    while outsides.len() < MAX_OUTSIDES {
        let missing = services.plans.missing(yaml, FILE, outsides);
        if missing.is_empty() {
            break;
        }
        for outside in missing.iter().take(MAX_OUTSIDES - outsides.len()) {
            let text = fetch(ctx, services, &outside.uri, outside.kind).await?;
            outsides.insert(outside.uri.to_string(), text);
        }
    }
    let invalid = |detail: String| {
        let detail = super::run::cut(&detail);
        NoPlan::Fault(Fault::standard(Standard::Configuration, &services.engine.error_host, "Invalid definition", Some(detail)))
    };
    services.plans.get_with(yaml, FILE, outsides).map_err(|error| invalid(error.to_string()))
}

/// The name that diagnostics give the definition.
const FILE: &str = "workflow.yaml";

async fn fetch(
    ctx: &WorkflowContext<ServerlessWorkflow>,
    services: &WorkflowServices,
    uri: &str,
    kind: OutsideKind,
) -> Result<String, NoPlan> {
    let input = Data::object([("uri", Data::string(uri)), ("run", Data::from(kind == OutsideKind::Function))]);
    let options = LocalActivityOptions::builder()
        .start_to_close_timeout(LIMIT)
        .schedule_to_close_timeout(LIMIT * ATTEMPTS)
        .timer_backoff_threshold(Duration::from_secs(3))
        .retry_policy(RetryPolicy::builder().maximum_attempts(ATTEMPTS).build())
        .summary(format!("read {uri}"))
        .build();
    let host = &services.engine.error_host;
    match ctx.execute_local_activity(UntypedActivity::new(FETCH_RESOURCE), raw(&input), options).await {
        Ok(answer) => Ok(first(&answer).ok().and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default()),
        Err(error) => match call_error(ended(&error), host) {
            CallError::Fault(fault) => Err(NoPlan::Fault(*fault)),
            CallError::Cancelled => Err(NoPlan::Cancelled),
        },
    }
}
