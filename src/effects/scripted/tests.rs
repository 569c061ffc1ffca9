use std::path::Path;

use serde_json::{Value, json};

use super::super::agents::{Agent as Any, Agents};
use super::*;

fn agents(text: &str) -> Agents {
    Agents::parse(text, Path::new("agents.yaml")).unwrap()
}

/// The scripted agent of this name.
fn named<'a>(agents: &'a Agents, name: &str) -> &'a Agent {
    match agents.get(name) {
        Some(Any::Scripted(agent)) => agent,
        other => panic!("{other:?}"),
    }
}

async fn ask(text: &str, input: Value) -> Result<Value, EffectError> {
    agents(text).call(&input.into()).await.map(|reply| reply.to_json())
}

#[tokio::test]
async fn text_is_filled_in_once() {
    let text = "name: echo\nkind: scripted\nreply: '{agent} heard {message}; {other} { {'";
    let reply = ask(text, json!({"agent": "echo", "message": "{agent} {message}"})).await;
    assert_eq!(reply, Ok(json!("echo heard {agent} {message}; {other} { {")));
}

#[tokio::test]
async fn a_reply_may_be_an_expression_or_a_structure() {
    let text = "
name: adder
kind: scripted
reply:
  sum: '${ .message | fromjson | add }'
  place: '${ .env.REGION + \"/\" + .agent }'
  fixed: [1, true, null, 'for {message}']";
    let reply = ask(text, json!({"agent": "adder", "message": "[1,2]", "env": {"REGION": "eu"}})).await;
    assert_eq!(reply, Ok(json!({"sum": 3, "place": "eu/adder", "fixed": [1, true, null, "for [1,2]"]})));
    let error = ask(text, json!({"agent": "adder", "message": "no json"})).await.unwrap_err();
    assert_eq!((error.kind, error.status), ("expression", 400));
    assert!(error.title.contains("`adder`"), "{error}");
}

#[tokio::test]
async fn delay_failure_and_silence_do_as_written() {
    let text = "{name: slow, kind: scripted, reply: done, delay: 1ms}\n---\n{name: sad, kind: scripted, failure: no capacity}\n---\n{name: mute, kind: scripted, silence: true}";
    let agents = agents(text);
    let error = agents.call(&json!({"agent": "sad"}).into()).await.unwrap_err();
    assert_eq!((error.kind, error.detail.as_deref()), ("runtime", Some("no capacity")));
    // The silent one is asked first and polled first, and still the other one answers first.
    let (mute, slow) = (json!({"agent": "mute"}).into(), json!({"agent": "slow"}).into());
    tokio::select! {
        biased;
        _ = agents.call(&mute) => panic!("a silent agent never answers"),
        reply = agents.call(&slow) => assert_eq!(reply, Ok(Data::from("done"))),
    }
    assert_eq!(named(&agents, "slow").delay, Duration::from_millis(1));
}

#[test]
fn what_tests_of_a_control_plane_need_is_kept() {
    let agents = agents("{name: a, kind: scripted, repeat: 3, stale: true}");
    let agent = named(&agents, "a");
    assert_eq!((agent.repeat, agent.stale, agent.silence, agent.delay), (3, true, false, Duration::ZERO));
}
