//! Agents that a model plays, behind a server on loopback.

use serde_json::json;
use workflow_runner::control_plane::{CallbackPolicy, Execution as _, Page};
use workflow_runner::effects::agents::Agents;
use workflow_runner::stigmer::agx::{AgentExecution, ExecutionPhase, MessageType};

use crate::dev::dev;
use crate::program::{Program, document};
use crate::support::model::{Model, Say};
use crate::support::wait::until;
use crate::support::{Stage, StageOptions};

const ASK: &str = "do: [{ask: {call: agent, with: {agent: helper, message: '${ .question }', env: {TOKEN: private}}}}]";
const INPUT: &str = r#"{"question": "is the printer on fire"}"#;
const KEY: &str = "sk-of-the-test-0123";

fn keyed(model: &Model) -> String {
    model.agent("helper") + "instructions: be brief\ntemperature: 0.5\nmax_tokens: 50\napi_key: { env: MODEL_KEY }\n"
}

fn answers(question: &str, _: usize) -> Say {
    Say::Answer(format!("you asked: {question}"))
}

#[tokio::test]
async fn a_model_answers_and_what_it_cost_is_told() {
    let model = Model::start(answers).await;
    let program = dev(&["--exit", "a.yaml", "--input", INPUT, "--log-level", "info"]).env("MODEL_KEY", KEY);
    let ended = program.file("a.yaml", &document(ASK)).file("agents/helper.yaml", &keyed(&model)).end().await.with_code(0);
    assert_eq!(ended.json(), json!({"value": "you asked: is the printer on fire"}));
    ended.says(&["agents         helper (agents)", ") completed: small-1, 7 tokens in, 3 out\n", "✓ ask"]);
    let asked = model.asked();
    assert_eq!((asked.len(), asked[0].authorization.as_str()), (1, format!("Bearer {KEY}").as_str()));
    let messages = json!([{"role": "system", "content": "be brief"}, {"role": "user", "content": "is the printer on fire"}]);
    let sent = json!({"model": "small", "messages": messages, "stream": true, "stream_options": {"include_usage": true}, "temperature": 0.5, "max_tokens": 50});
    assert_eq!(asked[0].body, sent);
    for private in [KEY, "on fire", "private"] {
        assert!(!ended.stderr.contains(private), "`{private}` stands in:\n{}", ended.stderr);
    }
}

#[tokio::test]
async fn a_key_that_is_refused_fails_the_step_with_what_to_do() {
    let model = Model::start(|_, _| Say::Refuse(401, Vec::new(), format!("wrong key: {KEY}"))).await;
    let program = dev(&["--exit", "a.yaml", "--input", INPUT]).env("MODEL_KEY", KEY);
    let ended = program.file("a.yaml", &document(ASK)).file("agents/helper.yaml", &keyed(&model)).end().await.with_code(1);
    ended.says(&["refused the key (401): set the environment variable MODEL_KEY", "wrong key: …", "--> a.yaml:2:7 (task `ask`)"]);
    assert!(ended.stdout.is_empty() && !ended.stderr.contains(KEY), "{ended:?}");
    assert_eq!(model.asked().len(), 1);
}

#[tokio::test]
async fn an_interrupt_closes_the_question() {
    let model = Model::start(|_, _| Say::Hold("well, ".to_owned())).await;
    let program = dev(&["--exit", "a.yaml", "--input", INPUT]).env("MODEL_KEY", KEY);
    let running = program.file("a.yaml", &document(ASK)).file("agents/helper.yaml", &keyed(&model)).start();
    until("the question", || async { (!model.asked().is_empty()).then_some(()) }).await;
    assert_eq!(model.left(), 0);
    running.signal("INT");
    running.end().await.with_code(130).says(&["cancelling wex-", " cancelled\n"]);
    until("the question to be closed", || async { (model.left() == 1).then_some(()) }).await;
}

#[tokio::test]
async fn without_temporal_they_answer_too() {
    let model = Model::start(|question, count| match count {
        1 => Say::Refuse(429, vec![("retry-after", "0".to_owned())], "slow down".to_owned()),
        _ => answers(question, count),
    })
    .await;
    let run = |key: &str| {
        let program = Program::new(&["run", "a.yaml", "--format", "json", "--agents", "agents", "--input", INPUT]).env("MODEL_KEY", key);
        program.file("a.yaml", &document(ASK)).file("agents/helper.yaml", &keyed(&model))
    };
    let ended = run(KEY).end().await.with_code(0);
    assert_eq!(ended.json()["output"], json!("you asked: is the printer on fire"));
    assert_eq!((model.asked().len(), ended.stderr.as_str()), (2, ""));
    for verb in ["run", "dev"] {
        let unset = if verb == "run" {
            run("")
        } else {
            dev(&["--exit", "a.yaml"]).file("a.yaml", &document(ASK)).file("agents/helper.yaml", &keyed(&model))
        };
        unset.end().await.with_code(64).says(&["error: agents/helper.yaml:8: api_key: the environment variable MODEL_KEY is not set"]);
    }
}

/// The one agent execution, when it is as wanted.
async fn execution(stage: &Stage, what: &str, wanted: impl Fn(&AgentExecution) -> bool) -> AgentExecution {
    let store = stage.plane.store();
    let page = || Page::of(10, "").expect("a page");
    until(what, || async { store.agent_executions.list(page(), |row| wanted(row)).entries.into_iter().next() }).await
}

fn said(row: &AgentExecution) -> Option<String> {
    let messages = &row.status.as_ref()?.messages;
    messages.iter().find(|message| message.r#type() == MessageType::MessageAi).map(|message| message.content.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_platform_sees_the_answer_grow_and_a_cancel_closes_the_question() {
    let model = Model::start(|_, _| Say::Hold("well, let me see ".to_owned())).await;
    let agents = Agents::parse(&model.agent("helper"), "agents.yaml".as_ref()).expect("an agent");
    let plane = move |options: &mut workflow_runner::control_plane::Options| {
        options.agents = std::sync::Arc::new(agents);
        options.callbacks = CallbackPolicy { failures: true, ..CallbackPolicy::default() };
    };
    let stage = Stage::with(StageOptions { plane: Some(Box::new(plane)), ..Default::default() }).await;
    let worker = stage.worker(&[]).await;
    let id = stage.execute(&document(ASK), &json!({"question": "why"})).await;
    let row = execution(&stage, "the first words", |row| said(row).is_some_and(|text| text.starts_with("well, "))).await;
    assert!(!row.is_terminal(), "{:?}", row.status);
    stage.plane.cancel(&id).await.expect("cancelled");
    until("the question to be closed", || async { (model.left() == 1).then_some(()) }).await;
    let row = execution(&stage, "its end", |row| row.is_terminal()).await;
    assert_eq!(row.status.expect("a status").phase(), ExecutionPhase::ExecutionCancelled);
    drop(worker);
    stage.stop().await;
}

#[tokio::test]
async fn the_example_says_which_key_it_needs() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let ended = dev(&["--exit", "--agents", &format!("{root}/openai"), &format!("{root}/support-ticket.yaml")]).end().await.with_code(64);
    ended.says(&["openai/triage.yaml:9: api_key: the environment variable OPENAI_API_KEY is not set"]);
}
