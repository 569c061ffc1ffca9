//! `CallAgentActivity` on the wire, as a caller of one's own sees it: row 8.14.3.

use serde_json::{Value, json};
use temporalio_client::{ActivityIdentifier, RpcOptions};
use temporalio_common::data_converters::RawValue;
use temporalio_common::error::ApplicationFailure;
use temporalio_common::protos::TaskToken;
use workflow_runner::stigmer::agx::AgentExecution;

use crate::platform::Platform;
use crate::support::by_hand::{self, SILENT};
use crate::support::caller::{Plan, result};
use crate::support::history::{activity_failure, activity_started, events};
use crate::support::operator::CHILD_QUEUE;

fn ask(call: Value) -> Plan {
    Plan::new("CallAgentActivity", CHILD_QUEUE, call)
}

fn token(agent: &AgentExecution) -> ActivityIdentifier {
    ActivityIdentifier::from_task_token(TaskToken::from(agent.spec.as_ref().expect("a spec").callback_token.clone()))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_request_and_what_completes_it() {
    let on = Platform::start(&[SILENT], &[]).await;
    let config = json!({"model": "m", "timeout": 60});
    let call = json!({"agent": "helper", "message": "how are you", "org_id": "local", "scope": "organization", "env": {"MODE": "fast"},
        "config": config});
    let caller = on.callers.call("object", &ask(call.clone())).await;
    let agent = by_hand::the_one(&on.stage).await;
    let (metadata, spec) = (agent.metadata.clone().expect("metadata"), agent.spec.clone().expect("a spec"));
    assert_eq!((agent.api_version.as_str(), agent.kind.as_str()), ("agentic.stigmer.ai/v1", "AgentExecution"), "8.14.3");
    // The original's name ended in the second of its making, and two of one second were one: here it is the call's own.
    assert!(metadata.name.starts_with("helper-execution-") && metadata.org == "local", "8.14.3: {metadata:?}");
    assert_eq!(
        (spec.message.as_str(), spec.execution_config.map(|config| config.model_name)),
        ("how are you", Some("m".to_owned())),
        "8.14.3"
    );
    assert_eq!((spec.runtime_env["MODE"].value.as_str(), spec.runtime_env["MODE"].is_secret), ("fast", false), "8.14.3");

    // Pending until the token that was handed over completes it: with an object …
    activity_started(&on.stage.client, "object", "step").await;
    by_hand::call_back(&on.stage.client, &agent, &json!({"score": 7})).await.expect("8.14.3: the token is the activity's");
    assert_eq!(result(&caller).await, Ok(json!({"score": 7})), "8.14.3: an object");

    // … with null …
    let caller = on.callers.call("null", &Plan::new("CallAgent", CHILD_QUEUE, call.clone())).await;
    let agent = by_hand::asked(&on.stage, 2).await.remove(1);
    by_hand::call_back(&on.stage.client, &agent, &Value::Null).await.expect("8.14.3: it waits");
    assert_eq!(result(&caller).await, Ok(Value::Null), "8.14.3: null, by the alias");

    // … without any payload …
    let caller = on.callers.call("nothing", &ask(call.clone())).await;
    let agent = by_hand::asked(&on.stage, 3).await.remove(2);
    let handle = on.stage.client.get_async_activity_handle(token(&agent));
    handle.complete(None::<RawValue>, RpcOptions::default()).await.expect("8.14.3: it waits");
    assert_eq!(result(&caller).await, Ok(Value::Null), "8.14.3: nothing");

    // … with a failure.
    let caller = on.callers.call("failure", &ask(call)).await;
    let agent = by_hand::asked(&on.stage, 4).await.remove(3);
    let failure =
        ApplicationFailure::builder(anyhow::anyhow!("no capacity")).type_name("AgentFailed".to_owned()).non_retryable(true).build();
    let handle = on.stage.client.get_async_activity_handle(token(&agent));
    handle.fail(failure, None::<()>, RpcOptions::default()).await.expect("8.14.3: it waits");
    result(&caller).await.expect_err("8.14.3: a failure");
    let (type_, message, _) = activity_failure(&events(&on.stage.client, "failure", "").await);
    assert_eq!((type_.as_str(), message.as_str()), ("AgentFailed", "no capacity"), "8.14.3: a failure");
    on.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_told() {
    let on = Platform::start(&[SILENT], &[]).await;
    for (id, call, want) in [
        ("no-agent", json!({"message": "m", "org_id": "local"}), "`agent` is missing"),
        ("no-message", json!({"agent": "helper", "org_id": "local"}), "`message` is missing"),
        (
            "no-such-agent",
            json!({"agent": "nobody", "message": "m", "org_id": "local"}),
            "agent `nobody` not found in organisation `local`",
        ),
        ("no-such-scope", json!({"agent": "helper", "message": "m", "org_id": "local", "scope": "team"}), "`scope` is \"team\""),
    ] {
        result(&on.callers.call(id, &ask(call)).await).await.expect_err(id);
        let (_, message, retryable) = activity_failure(&events(&on.stage.client, id, "").await);
        assert!(message.contains(want) && !retryable, "8.14.3 {id}: {message}");
    }
    assert!(by_hand::all(&on.stage).is_empty(), "8.14.3: nothing was created");
    // The original refused every call without an organisation, and so all of them in local mode: whether one is needed is for the control plane
    // to say.
    let caller = on.callers.call("no-org", &ask(json!({"agent": "helper", "message": "m"}))).await;
    let agent = by_hand::the_one(&on.stage).await;
    by_hand::call_back(&on.stage.client, &agent, &json!("fine")).await.expect("it waits");
    assert_eq!(result(&caller).await, Ok(json!("fine")), "8.14.3: no organisation");
    on.stop().await;
}
