//! `handshake list` and `show`.

use serde_json::{Value, json};

use crate::office::{ASK, SILENT, handshake, id, listed, tokens, waiting, without_plane};
use crate::support::caller::{Callers, Plan};
use crate::support::operator::{cancel, terminate};
use crate::support::wait::until;
use crate::support::{API_KEY, Stage, child_id, document, outer_id};

#[tokio::test(flavor = "multi_thread")]
async fn both_kinds_are_listed_with_both_of_their_sides() {
    let stage = Stage::with_agents(&[SILENT]).await;
    let worker = stage.worker(&[]).await;
    let (execution_id, agent) = waiting(&stage, &document(ASK)).await;
    let (child, outer, agent_id) = (child_id(&execution_id), outer_id(&execution_id), id(&agent));

    let all = listed(&stage, &[]).await;
    let [execute, call] = &all[..] else { panic!("{all:?}") };
    assert_eq!(
        (&execute["kind"], &execute["id"], &execute["state"]),
        (&json!("execute_workflow"), &json!(execution_id), &json!("handed over"))
    );
    assert_eq!(execute["caller"]["workflow_id"], json!(outer));
    assert_eq!(execute["child"]["workflow_id"], json!(child));
    assert_eq!((&execute["child"]["status"], &execute["child"]["watch"]), (&json!("Running"), &json!("held")));
    assert_eq!((&call["kind"], &call["id"]), (&json!("call_agent"), &json!(agent_id)));
    assert_eq!((&call["caller"]["workflow_id"], &call["caller"]["activity_id"]), (&json!(child), &json!("/do/0/ask")));
    assert_eq!((&call["agent"]["agent"], &call["agent"]["phase"]), (&json!("silent"), &json!("in_progress")));
    for entry in &all {
        assert_eq!(entry["attempt"], json!(1));
        assert_eq!(entry["stuck"], Value::Null, "{entry}");
        let time =
            |name: &str| entry[name].as_str().unwrap_or_else(|| panic!("{name}: {entry}")).parse::<jiff::Timestamp>().expect("a time");
        assert!(time("since") < time("deadline"));
    }

    let kinds = |entries: &[Value]| entries.iter().map(|e| e["kind"].as_str().expect("a kind").to_owned()).collect::<Vec<_>>();
    assert_eq!(kinds(&listed(&stage, &["--kind", "call_agent"]).await), ["call_agent"]);
    assert_eq!(kinds(&listed(&stage, &["--limit", "1"]).await), ["execute_workflow"], "the oldest first");
    assert!(listed(&stage, &["--older-than", "1h"]).await.is_empty());

    // For people: every id whole, and never a token.
    let tokens = tokens(&stage, &execution_id, &agent).await;
    let agent_workflow = format!("{child} run");
    for (arguments, parts) in [
        (vec!["list"], vec![execution_id.as_str(), &agent_id, &outer, &agent_workflow, "/do/0/ask"]),
        (
            vec!["show", &execution_id],
            vec!["json/protobuf", "attempt   1 of 1", "(sha256 ", "waits for CallAgentActivity /do/0/ask", "handshake cancel"],
        ),
        (vec!["show", &agent_id], vec!["json/plain", "tag       wr-", "/do/0/ask (CallAgentActivity)"]),
        (vec!["show", &outer], vec![&execution_id, &child]),
        (vec!["show", &child, "--activity", "/do/0/ask"], vec![&agent_id]),
        (vec!["show", &execution_id, "--format", "json"], vec!["\"preview\":", "EXECUTION_IN_PROGRESS"]),
    ] {
        let ended = handshake(&stage, &arguments).await.with_code(0);
        parts.iter().for_each(|part| assert!(ended.stdout.contains(part), "{arguments:?}: no `{part}` in\n{}", ended.stdout));
        for token in &tokens {
            assert!(!ended.stdout.contains(token) && !ended.stderr.contains(token), "{arguments:?}: {ended:?}");
        }
        assert!(!ended.stdout.contains(API_KEY), "{ended:?}");
    }

    // The child's workflow waits, and is waited for.
    let ended = handshake(&stage, &["show", &child]).await.with_code(64);
    ended.says(&["fits 2 pending handshakes", &execution_id, &agent_id]);
    handshake(&stage, &["show", "nobody"]).await.with_code(64).says(&["nothing is known of `nobody`", "handshake list"]);

    // Without a control plane the agent execution is not known, and the step has a name all the same.
    let ended = without_plane(&stage, &["handshake", "list", "--kind", "call_agent"]).end().await.with_code(0);
    assert!(ended.stdout.contains("silent (no control plane to ask)"), "{ended:?}");
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stuck_is_told_with_the_reason() {
    let stage = Stage::with_agents(&[SILENT]).await;
    let mut worker = stage.worker(&[]).await;
    let (execution_id, agent) = waiting(&stage, &document(ASK)).await;
    worker.kill();
    // With nobody there who could put it right: the child dies, and the agent's workflow too.
    let agent_workflow = format!("stigmer/agent-execution/invoke/{}", id(&agent));
    terminate(&stage.client, &agent_workflow, "a test").await;
    let stuck = |entries: Vec<Value>, kind: &str| {
        let found = entries.into_iter().find(|e| e["kind"] == kind).and_then(|e| e["stuck"]["code"].as_str().map(str::to_owned));
        found.unwrap_or_default()
    };
    until("the agent to be missed", || async { (stuck(listed(&stage, &[]).await, "call_agent") == "agent_gone").then_some(()) }).await;
    terminate(&stage.client, &child_id(&execution_id), "a test").await;
    until("the child to be missed", || async { (stuck(listed(&stage, &[]).await, "execute_workflow") == "child_closed").then_some(()) })
        .await;
    let ended = handshake(&stage, &["show", &execution_id]).await.with_code(0);
    for part in ["Terminated", "stuck", &format!("workflow-runner handshake fail {execution_id} --message")] {
        assert!(ended.stdout.contains(part), "{}", ended.stdout);
    }
    // Nobody is asked to do anything for a caller that is gone.
    terminate(&stage.client, &outer_id(&execution_id), "a test").await;
    for verb in [vec!["show", &execution_id], vec!["complete", &execution_id, "--result", "1"], vec!["cancel", &execution_id]] {
        let ended = handshake(&stage, &verb).await.with_code(0);
        assert!(ended.stdout.contains("nothing waits"), "{ended:?}");
    }
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_caller_is_listed_whatever_it_has_sent() {
    let stage = Stage::start().await;
    let callers = Callers::start(&stage.client);
    // Nobody polls this queue, and the input is no WorkflowExecution.
    callers.call("stranger", &Plan::new("ExecuteWorkflow", "nobody-polls-this", json!("what?"))).await;
    let entry = until("it to be listed", || async { listed(&stage, &[]).await.pop() }).await;
    assert_eq!((&entry["id"], &entry["state"]), (&Value::Null, &json!("waiting for a worker")));
    assert_eq!(entry["caller"]["workflow_type"], json!("TestCaller"));
    let ended = handshake(&stage, &["list"]).await.with_code(0);
    assert!(ended.stdout.contains("child     unknown: its input"), "{}", ended.stdout);
    // It has a name, and can be ended, even before any worker has seen it.
    handshake(&stage, &["complete", "stranger", "--activity", "step", "--result", r#"{"by": "hand"}"#]).await.with_code(0);
    cancel(&stage.client, "stranger").await;
    stage.stop().await;
}
