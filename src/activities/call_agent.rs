//! Activity `CallAgentActivity` (also `CallAgent`): starts an agent execution that carries this activity's token, and stays pending. Row 1.
//!
//! The attempt first looks for an execution with its tag: one that has ended is answered at once, one that runs is left alone. So however often
//! Temporal makes the attempt, there is one agent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use temporalio_common::data_converters::RawValue;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

use super::agent_executions::{AGENT_FAILED, Reading, execution_name, find};
use super::payload::data_of;
use super::secrets::SecretScope;
use super::{ExecutionActivities, failure};
use crate::effects::EffectError;
use crate::expr::Data;
use crate::expr::marker::Markers;
use crate::handshake::TaskToken;
use crate::stigmer::agx::{AgentExecution, AgentExecutionSpec, AgentExecutionStatus, ExecutionConfig};
use crate::stigmer::ar::{ApiResourceMetadata, ApiResourceOwnerScope};
use crate::stigmer::exc::ExecutionValue;
use crate::stigmer::{Stigmer, StigmerError};

/// The activity's input.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentCall {
    /// Slug of the agent.
    pub agent: String,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub scope: Value,
    pub message: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub config: Value,
    pub org_id: String,
    pub reference: String,
    pub visit: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow_execution_id: Option<String>,
    /// The execution's tag; made from workflow id, run id and activity id for callers that send none.
    pub tag: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets: Option<SecretScope>,
}

impl AgentCall {
    /// Of an agent step: `input` is `{agent, scope?, message, env?, config?}`, all of it evaluated.
    #[must_use]
    pub fn of_step(input: &Data, org_id: &str, execution_id: Option<&str>, reference: &str, visit: u32) -> Self {
        let call: Self = serde_json::from_value(input.to_json()).unwrap_or_default();
        Self {
            org_id: org_id.to_owned(),
            workflow_execution_id: execution_id.map(str::to_owned),
            reference: reference.to_owned(),
            visit,
            ..call
        }
    }

    #[must_use]
    pub fn tagged(mut self, tag: &str) -> Self {
        tag.clone_into(&mut self.tag);
        self
    }

    #[must_use]
    pub fn with_markers(mut self, input: &Data, markers: &Markers) -> Self {
        self.secrets = SecretScope::of(input, markers, self.workflow_execution_id.as_deref());
        self
    }

    /// One object of this shape, or the platform's own three arguments: the task's configuration, an input that is not used, and the
    /// environment, in which `__stigmer_org_id` stands.
    fn read(raw: &RawValue) -> Result<Self, String> {
        let first = raw.payloads.first().ok_or("there is no argument")?;
        let mut call: Self = serde_json::from_value(data_of(first)?.to_json()).map_err(|e| e.to_string())?;
        if let (true, Some(env)) = (call.org_id.is_empty(), raw.payloads.get(2)) {
            let env = data_of(env)?;
            let org = env.get("__stigmer_org_id").map(|o| o.get("value").unwrap_or(o));
            call.org_id = org.and_then(|o| o.as_str().map(str::to_owned)).unwrap_or_default();
        }
        if call.agent.is_empty() {
            return Err("`agent` is missing: the slug of the agent to call".to_owned());
        }
        if call.message.is_empty() {
            return Err("`message` is missing: what the agent is told".to_owned());
        }
        Ok(call)
    }
}

pub(super) async fn run(activities: &ExecutionActivities, ctx: &ActivityContext, raw: &RawValue) -> Result<RawValue, ActivityError> {
    let stigmer = activities.stigmer()?;
    let mut call = AgentCall::read(raw).map_err(|e| failure::bad_input(&e))?;
    let info = ctx.info();
    let (workflow_id, run_id) = (info.workflow_id.clone().unwrap_or_default(), info.workflow_run_id.clone().unwrap_or_default());
    if call.tag.is_empty() {
        call.tag = format!("wr-{}", &super::digest(&[&workflow_id, &run_id, &info.activity_id])[..40]);
    }
    let token = TaskToken::new(info.task_token.clone()).map_err(|e| failure::bad_input(&e.to_string()))?;
    let log = |text: &str, execution_id: &str| {
        tracing::info!(%workflow_id, %run_id, activity_id = %info.activity_id, attempt = info.attempt, agent = %call.agent, execution_id,
            token_preview = %token, token_digest = token.digest(), "{text}");
    };
    if let Some(existing) = find(stigmer, &call.tag).await.map_err(|e| of_rpc(&e))? {
        let id = existing.metadata.as_ref().map(|m| m.id.clone()).unwrap_or_default();
        activities.agent_seen(call.workflow_execution_id.as_deref(), &call.reference, &existing);
        return match Reading::of(&existing) {
            Reading::Unfinished => {
                log("the agent execution is running already; staying pending", &id);
                Err(ActivityError::WillCompleteAsync)
            }
            ended => answered(activities, &call, ended).await,
        };
    }
    let created = create(activities, stigmer, &call, &token).await?;
    log("agent execution created; result pending", &created);
    Err(ActivityError::WillCompleteAsync)
}

/// Row 15 for an execution that had ended before this attempt.
async fn answered(activities: &ExecutionActivities, call: &AgentCall, ended: Reading) -> Result<RawValue, ActivityError> {
    match ended {
        Reading::Answer { answer } => {
            let answer = answer.map_or_else(Data::null, Data::string);
            let answer = match &call.secrets {
                Some(scope) => activities.secrets.hide(scope, &answer).await.map_err(|e| failure::of_effect(&e))?,
                None => answer,
            };
            Ok(super::payload::raw(&answer))
        }
        Reading::Failed { message } | Reading::Cancelled { message } => Err(failure::permanent(AGENT_FAILED, message)),
        Reading::Unfinished => Err(ActivityError::WillCompleteAsync),
    }
}

async fn create(activities: &ExecutionActivities, stigmer: &Stigmer, call: &AgentCall, token: &TaskToken) -> Result<String, ActivityError> {
    let scope = owner_scope(&call.scope).map_err(|e| failure::bad_input(&e))?;
    let agent = stigmer.agent_by_reference(&call.org_id, &call.agent, scope).await.map_err(|e| {
        if e.is_not_found() {
            let title = format!("agent `{}` not found in organisation `{}`", call.agent, call.org_id);
            return failure::of_effect(&EffectError::configuration(title).with_detail("create it, or correct `with.agent`"));
        }
        of_rpc(&e)
    })?;
    let agent_id = agent.metadata.map(|m| m.id).unwrap_or_default();
    let private = Data::from(serde_json::json!({"message": call.message, "env": call.env}));
    let mut refused = None;
    let created = activities.secrets.with(call.secrets.as_ref(), &private, |open| {
        let mut request = request(call, &agent_id, &open, token);
        if activities.store_token {
            request.status = Some(AgentExecutionStatus { callback_token: token.as_bytes().to_vec(), ..Default::default() });
        }
        let refused = &mut refused;
        async move {
            match stigmer.create_agent_execution(request).await {
                Ok(created) => {
                    activities.agent_seen(call.workflow_execution_id.as_deref(), &call.reference, &created);
                    Ok(Data::string(created.metadata.map(|m| m.id).unwrap_or_default()))
                }
                Err(e) => {
                    let error = EffectError::communication(503, e.to_string());
                    *refused = Some(of_rpc(&e));
                    Err(error)
                }
            }
        }
    });
    match (created.await, refused) {
        (Ok(id), _) => Ok(id.as_str().unwrap_or_default().to_owned()),
        (Err(_), Some(refused)) => Err(refused),
        (Err(e), None) => Err(failure::of_effect(&e)),
    }
}

/// `open` holds message and environment with the values of secrets; whatever is not written out in the document itself counts as secret.
fn request(call: &AgentCall, agent_id: &str, open: &Data, token: &TaskToken) -> AgentExecution {
    let text = |data: Option<Data>| data.and_then(|d| d.as_str().map(str::to_owned)).unwrap_or_default();
    let env = open.get("env").unwrap_or_default();
    let runtime_env: BTreeMap<String, ExecutionValue> = call
        .env
        .iter()
        .map(|(name, sent)| {
            let value = text(env.get(name));
            (name.clone(), ExecutionValue { is_secret: value != *sent, value })
        })
        .collect();
    let model = call.config.get("model").and_then(Value::as_str).unwrap_or_default();
    AgentExecution {
        api_version: "agentic.stigmer.ai/v1".to_owned(),
        kind: "AgentExecution".to_owned(),
        metadata: Some(ApiResourceMetadata {
            name: execution_name(&call.agent, &call.tag),
            org: call.org_id.clone(),
            tags: vec![call.tag.clone()],
            ..Default::default()
        }),
        spec: Some(AgentExecutionSpec {
            agent_id: agent_id.to_owned(),
            message: text(open.get("message")),
            execution_config: (!call.config.is_null()).then(|| ExecutionConfig { model_name: model.to_owned() }),
            runtime_env,
            callback_token: token.as_bytes().to_vec(),
            ..Default::default()
        }),
        status: None,
    }
}

/// By enum name or number, as the document's `scope` has it.
fn owner_scope(scope: &Value) -> Result<ApiResourceOwnerScope, String> {
    let known = match scope {
        Value::Null => Some(ApiResourceOwnerScope::Unspecified),
        Value::String(name) if name.is_empty() => Some(ApiResourceOwnerScope::Unspecified),
        Value::String(name) => ApiResourceOwnerScope::from_str_name(name),
        other => other.as_i64().and_then(|n| ApiResourceOwnerScope::try_from(i32::try_from(n).ok()?).ok()),
    };
    known.ok_or_else(|| format!("`scope` is {scope}; use `platform`, `organization` or `identity_account`"))
}

/// An rpc that may work later is tried again by Temporal; one that never will ends the step.
pub(super) fn of_rpc(e: &StigmerError) -> ActivityError {
    if e.is_retryable() { failure::retryable("Unavailable", e.to_string()) } else { failure::permanent("ControlPlane", e.to_string()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::activities::payload::json_of;

    fn read(arguments: &[Value]) -> Result<AgentCall, String> {
        AgentCall::read(&RawValue::new(arguments.iter().map(json_of).collect()))
    }

    #[test]
    fn reads_one_object_or_three_arguments() {
        let one = read(&[json!({"agent": "a", "message": "m", "org_id": "o", "reference": "/do/0/x", "visit": 2})]).unwrap();
        assert_eq!((one.org_id.as_str(), one.visit), ("o", 2));
        let three =
            read(&[json!({"agent": "a", "message": "m", "scope": "organization"}), json!(null), json!({"__stigmer_org_id": "o"})]).unwrap();
        assert_eq!(three.org_id, "o");
        let value = read(&[json!({"agent": "a", "message": "m"}), json!(null), json!({"__stigmer_org_id": {"value": "o"}})]).unwrap();
        assert_eq!(value.org_id, "o");
    }

    #[test]
    fn says_what_is_missing() {
        assert!(read(&[]).unwrap_err().contains("no argument"));
        assert!(read(&[json!({"message": "m"})]).unwrap_err().contains("`agent`"));
        assert!(read(&[json!({"agent": "a"})]).unwrap_err().contains("`message`"));
    }

    #[test]
    fn scope_by_name_or_number() {
        assert_eq!(owner_scope(&json!("organization")), Ok(ApiResourceOwnerScope::Organization));
        assert_eq!(owner_scope(&json!(1)), Ok(ApiResourceOwnerScope::Platform));
        assert_eq!(owner_scope(&Value::Null), Ok(ApiResourceOwnerScope::Unspecified));
        assert!(owner_scope(&json!("team")).unwrap_err().contains("team"));
    }

    #[test]
    fn values_that_came_from_a_secret_are_marked_so() {
        let call = AgentCall {
            agent: "a".into(),
            env: BTreeMap::from([("PLAIN".into(), "x".into()), ("KEY".into(), "marker".into())]),
            tag: "wr-1".into(),
            ..Default::default()
        };
        let open = Data::from(json!({"message": "m", "env": {"PLAIN": "x", "KEY": "value"}}));
        let token = TaskToken::new(b"some-token".to_vec()).unwrap();
        let spec = request(&call, "agt-1", &open, &token).spec.unwrap();
        assert!(!spec.runtime_env["PLAIN"].is_secret);
        assert_eq!((spec.runtime_env["KEY"].is_secret, spec.runtime_env["KEY"].value.as_str()), (true, "value"));
        assert_eq!(spec.callback_token, b"some-token");
    }
}
