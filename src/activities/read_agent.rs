//! Local activity of an agent step: reads the answer of an execution whose initial object was delivered. Row 15.
//!
//! The stored status may lag behind the callback by moments, so it is read again for a while before giving up.

use std::time::{Duration, Instant};

use serde_json::json;
use temporalio_sdk::activities::ActivityError;

use super::agent_executions::{AgentRef, Reading, find};
use super::call_agent::of_rpc;
use super::reconcile_agent::hidden;
use super::{ExecutionActivities, failure};
use crate::expr::Data;

/// How long a status may lag behind its callback.
const LAG: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(100);

pub(super) async fn run(activities: &ExecutionActivities, agent: &AgentRef) -> Result<Data, ActivityError> {
    let (begun, mut pause) = (Instant::now(), FIRST_PAUSE);
    loop {
        let execution = find(activities.stigmer()?, &agent.tag).await.map_err(|e| of_rpc(&e))?;
        execution.iter().for_each(|execution| activities.agent_seen(agent.execution_id.as_deref(), &agent.activity_id, execution));
        let reading = execution.as_ref().map_or(Reading::Unfinished, Reading::of);
        let late = begun.elapsed() + pause > LAG;
        match reading {
            Reading::Unfinished if !late => {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            Reading::Answer { answer: Some(text) } => {
                let text = hidden(activities, agent, Some(text)).await?;
                return Ok(Data::from(json!({"state": "answer", "answer": text.to_json()})));
            }
            other => return serde_json::to_value(other).map(Data::from).map_err(|e| failure::bad_input(&e.to_string())),
        }
    }
}
