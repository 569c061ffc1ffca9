//! Workflows of the platform with every kind of task: created and validated by the control plane, executed by the worker on a real server.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use temporalio_client::{UntypedSignal, UntypedWorkflow, WorkflowSignalOptions};
use workflow_runner::activities::payload::raw_of;
use workflow_runner::control_plane::Resource;
use workflow_runner::stigmer::structs;
use workflow_runner::stigmer::wfx::{ExecutionPhase, WorkflowExecution, WorkflowTask, WorkflowTaskStatus, WorkflowTaskType};

use crate::specs::{client, export, named, set, task, then, workflow};
use crate::support::wait::until;
use crate::support::web::{Reply, Web};
use crate::support::{Stage, child_id};

const AGENT: &str = "name: helper\nkind: scripted\ndelay: 2s\nreply: 'you said {message}'\n";
/// An activity that the worker itself has on another queue stands for somebody else's.
const ACTIVITIES: [(&str, &str); 2] = [
    ("WORKFLOW_RUNNER_ACTIVITIES__QUEUES", "validateWorkflow=workflow_validation_runner"),
    ("WORKFLOW_RUNNER_ACTIVITIES__ALLOW", "workflow_validation_runner/validateWorkflow"),
];

fn tasks(uri: &str) -> Vec<Value> {
    let nested = |name: &str, text: &str| set(name, json!({ "note": text }));
    let fetch = json!({"method": "POST", "endpoint": {"uri": uri}, "timeoutSeconds": 30, "body": {"id": "${ $data.id }"}});
    let cases = json!({"cases": [
        {"name": "rare", "when": "${ $context.fetch.count } > 100", "then": "end"},
        {"name": "usual", "when": "$context.fetch.kind == 'dog'", "then": "loop"},
    ]});
    let branches = json!({"branches": [
        {"name": "left", "do": [{"name": "l", "kind": "SET", "task_config": {"variables": {"side": "left"}}}]},
        {"name": "right", "do": [{"name": "r", "kind": "SET", "task_config": {"variables": {"side": "right"}}}]},
    ]});
    let careful = json!({
        "try": [task("fail", "RAISE", json!({"error": "ValidationError", "message": "no ${ $data.id }"}))],
        "catch": {"as": "problem", "do": [nested("caught", "${.problem.message}")]},
    });
    let signals = json!({"to": {"mode": "one", "signals": [{"id": "approve", "type": "signal"}, {"id": "refuse", "type": "signal"}]}});
    let spec = json!({"document": {"dsl": "1.0.0", "namespace": "n", "name": "x", "version": "1.0.0"},
        "tasks": [{"name": "a", "kind": "WORKFLOW_TASK_KIND_WAIT", "taskConfig": {"seconds": 1}}]});
    vec![
        set("start", json!({"id": "${ $input.id }", "hello": "it is ${ $input.id }"})),
        export(task("fetch", "HTTP_CALL", fetch), "${.}"),
        then(
            export(task("ask", "AGENT_CALL", json!({"agent": "helper", "message": "${ 'about ' + $context['fetch'].kind }"})), "${.}"),
            "decide",
        ),
        task("decide", "SWITCH", cases),
        nested("skipped", "never"),
        export(
            task("loop", "FOR", json!({"each": "n", "in": "${ $context.fetch.list }", "do": [nested("round", "${.n} of ${ .index }")]})),
            "${.}",
        ),
        export(task("both", "FORK", branches), "${.}"),
        export(task("careful", "TRY", careful), "${.}"),
        task("pause", "WAIT", json!({"seconds": 1})),
        task("decision", "LISTEN", signals),
        export(task("child", "RUN", json!({"workflow": "child", "input": {"from": "${ $data.id }"}})), "${.}"),
        export(task("plain", "RUN", json!({"workflow": "plain:2.0.0", "input": {"n": 20}})), "${.}"),
        export(task("check", "CALL_ACTIVITY", json!({"activity": "validateWorkflow", "input": spec})), "${ .state }"),
        set(
            "result",
            json!({
                "hello": "${ $data.hello }", "answer": "${ $context.ask }", "loop": "${ $context.loop }", "both": "${ $context.both }",
                "caught": "${ $context.careful.note }", "approved": "${ $data.decision.by }", "child": "${ $context.child }",
                "plain": "${ $context.plain }", "check": "${ $context.check }",
            }),
        ),
    ]
}

const PLAIN: &str =
    "document: {dsl: '1.0.3', namespace: test, name: plain, version: 2.0.0}\ndo:\n  - double:\n      set: {twice: '${ .n * 2 }'}\n";

/// The row of a task, once the condition holds for it.
async fn row(stage: &Stage, execution_id: &str, name: &str, fits: impl Fn(&WorkflowTask) -> bool) -> WorkflowTask {
    until(&format!("the row of {name}"), || async {
        let execution: WorkflowExecution = stage.plane.store().workflow_executions.get(execution_id).expect("the execution");
        execution.status?.tasks.into_iter().find(|task| task.task_name == name && fits(task))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_with_every_kind_is_created_validated_and_executed() {
    let web = Web::start(|_, _| Reply::json(&json!({"kind": "dog", "count": 3, "list": ["a", "b"]}))).await;
    let stage = Stage::with_agents(&[AGENT]).await;
    let worker = stage.worker(&ACTIVITIES).await;
    let platform = client(&stage);
    let mut child = named("child", vec![set("greet", json!({"text": "${ $input.from } in ${.env_vars.PLACE}"}))]);
    let place = workflow_runner::stigmer::environment::EnvironmentValue { value: "Rome".to_owned(), ..Default::default() };
    child.env_spec.get_or_insert_default().data.insert("PLACE".to_owned(), place);
    platform.apply_workflow(workflow("child", child)).await.expect("the child is valid");
    stage.plane.apply_definition(PLAIN).expect("the plain one is taken");
    let made = platform.apply_workflow(workflow("every kind", named("every-kind", tasks(&web.url("/fetch"))))).await.expect("it is valid");
    let validation = made.status.clone().and_then(|status| status.serverless_workflow_validation).expect("a validation");
    assert!(
        validation.validated_at.is_some() && validation.validation_workflow_id.starts_with("stigmer/workflow-validation/"),
        "{validation:?}"
    );

    let id = stage.plane.execute(made.id(), r#"{"id": "o-17"}"#, BTreeMap::new(), BTreeMap::new()).await.expect("executed");
    // While the agent runs, the platform sees which execution the step waits for.
    let waiting = |task: &WorkflowTask| task.status() == WorkflowTaskStatus::WorkflowTaskInProgress && task.metadata.is_some();
    let ask = row(&stage, &id, "ask", waiting).await;
    let metadata = structs::value(ask.metadata.as_ref().expect("metadata"));
    let agent = stage.plane.store().agent_executions.find(|_| true).expect("an agent execution");
    assert_eq!(ask.task_type(), WorkflowTaskType::WorkflowTaskAgentInvocation);
    assert_eq!((&metadata["agent_execution_id"], &metadata["agent_phase"]), (&json!(agent.id()), &json!("EXECUTION_PENDING")));
    assert!(metadata["agent_execution_name"].as_str().is_some_and(|name| name.starts_with("helper-execution-")), "{metadata}");

    row(&stage, &id, "decision", |task| task.status() == WorkflowTaskStatus::WorkflowTaskInProgress).await;
    let handle = stage.client.get_workflow_handle::<UntypedWorkflow>(child_id(&id));
    let signal = handle.signal(UntypedSignal::new("approve"), raw_of(&json!({"by": "eve"})), WorkflowSignalOptions::default());
    signal.await.expect("the signal is taken");

    let execution = stage.ended(&id).await;
    let status = execution.status.expect("a status");
    assert_eq!(status.phase(), ExecutionPhase::ExecutionCompleted, "{}\n{}", status.error, worker.log());
    assert_eq!(
        structs::value(status.output.as_ref().expect("an output")),
        json!({
            "hello": "it is o-17", "answer": "you said about dog", "loop": {"note": "b of 1"},
            "both": {"left": {"side": "left"}, "right": {"side": "right"}}, "caught": "no o-17", "approved": "eve",
            "child": {"text": "o-17 in Rome"}, "plain": {"twice": 40}, "check": "VALID",
        })
    );
    assert_eq!(web.seen()[0].body, r#"{"id":"o-17"}"#);
    assert_eq!(status.temporal_workflow_id, child_id(&id));
    assert!(status.started_at < status.completed_at && status.error.is_empty(), "{status:?}");
    let ask = status.tasks.iter().find(|task| task.task_name == "ask").expect("the agent's row");
    assert_eq!(structs::value(ask.metadata.as_ref().expect("metadata"))["agent_phase"], json!("EXECUTION_COMPLETED"));
    assert!(!status.tasks.iter().any(|task| task.task_name == "skipped"), "the switch jumps over it");
    drop(worker);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_worker_cannot_run_is_refused_when_it_is_created() {
    let stage = Stage::start().await;
    let worker = stage.worker(&[]).await;
    let platform = client(&stage);
    for (name, bad, reason) in [
        ("grpc", task("call", "GRPC_CALL", json!({"service": "s", "method": "m"})), "no gRPC call yet"),
        ("activity", task("call", "CALL_ACTIVITY", json!({"activity": "Greet"})), "activities.queues"),
        ("query", task("wait", "LISTEN", json!({"to": {"mode": "one", "signals": [{"id": "q", "type": "query"}]}})), "cannot listen to"),
        ("jump", then(set("a", json!({"x": "y"})), "nowhere"), "nowhere"),
    ] {
        let error = platform.apply_workflow(workflow(name, named(name, vec![bad]))).await.expect_err(name);
        assert!(error.to_string().contains(reason), "{name}: {error}");
    }
    let missing = named("caller", vec![task("child", "RUN", json!({"workflow": "nobody"}))]);
    let made = platform.apply_workflow(workflow("caller", missing)).await.expect("who is called is looked up when it runs");
    let id = stage.plane.execute(made.id(), "{}", BTreeMap::new(), BTreeMap::new()).await.expect("executed");
    let status = stage.ended(&id).await.status.expect("a status");
    assert!(
        status.error.contains("test/nobody") && status.error.contains("no workflow `nobody` in organisation `local`"),
        "{}",
        status.error
    );
    assert_eq!((status.phase(), status.completed_at.is_empty()), (ExecutionPhase::ExecutionFailed, false));
    drop(worker);
    stage.stop().await;
}
