use std::path::Path;

use serde_json::{Value, json};

use super::*;

fn agents(text: &str) -> Agents {
    Agents::parse(text, Path::new("agents.yaml")).unwrap()
}

fn mistake(text: &str) -> String {
    Agents::parse(text, Path::new("agents.yaml")).unwrap_err().to_string()
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
    assert_eq!(agents.get("slow").map(|agent| agent.delay), Some(Duration::from_millis(1)));
}

#[tokio::test]
async fn an_unknown_agent_is_told_with_those_that_are_there() {
    let error = ask("{name: a, kind: scripted}\n---\n{name: b, kind: scripted}", json!({"agent": "c"})).await.unwrap_err();
    assert_eq!(
        (error.kind, error.title.as_str(), error.detail.as_deref()),
        ("configuration", "there is no agent `c`", Some("scripted: a, b"))
    );
}

#[test]
fn what_tests_of_a_control_plane_need_is_kept() {
    let agents = agents("{name: a, kind: scripted, repeat: 3, stale: true}");
    let agent = agents.get("a").unwrap();
    assert_eq!((agent.repeat, agent.stale, agent.silence, agent.delay), (3, true, false, Duration::ZERO));
}

#[test]
fn a_mistake_names_file_and_key() {
    let cases = [
        ("{kind: scripted}", "agents.yaml: name: missing"),
        ("{name: a}", "agents.yaml: kind: missing; `scripted` is needed"),
        ("{name: a, kind: llm}", "agents.yaml: kind: `scripted` is needed, not `llm`"),
        ("{name: a, kind: scripted, answer: x}", "agents.yaml: answer: unknown; known are name, kind"),
        ("{name: a, kind: scripted, delay: soon}", "agents.yaml: delay: a duration such as"),
        ("{name: a, kind: scripted, repeat: 0}", "agents.yaml: repeat: a number from 1"),
        ("{name: a, kind: scripted, silence: yes please}", "agents.yaml: silence: true or false is needed, not `yes please`"),
        ("{name: a, kind: scripted, failure: [1]}", "agents.yaml: failure: a text is needed"),
        ("{name: a, kind: scripted, reply: '${ .a | }'}", "agents.yaml: reply: `.a |`: "),
        ("[1]", "agents.yaml: agent: an object is needed"),
        ("{name: a, kind: scripted", "agents.yaml: "),
    ];
    for (text, expected) in cases {
        let mistake = mistake(text);
        assert!(mistake.starts_with(expected), "{text}: {mistake}");
    }
}

#[test]
fn a_directory_is_read_in_order_of_names() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write("b.yaml", "{name: two, kind: scripted}");
    write("a.yml", "# only a comment\n---\n{name: one, kind: scripted}");
    write("notes.txt", "not an agent");
    let agents = Agents::load(directory.path()).unwrap();
    assert_eq!(agents.names().collect::<Vec<_>>(), ["one", "two"]);
    write("c.yaml", "{name: two, kind: scripted}");
    let mistake = Agents::load(directory.path()).unwrap_err().to_string();
    assert!(mistake.ends_with("c.yaml: name: a second agent `two`"), "{mistake}");
    assert!(Agents::load(&directory.path().join("none.yaml")).is_err_and(|error| error.to_string().contains("none.yaml")));
}

#[tokio::test]
async fn an_agent_with_a_queue_is_answered_for_elsewhere() {
    let error = ask("{name: theirs, kind: scripted, queue: their-agents}", json!({"agent": "theirs"})).await.unwrap_err();
    assert_eq!(error.kind, "configuration");
    assert!(error.title.contains("`theirs`") && error.title.contains("`their-agents`"), "{error}");
    let text = mistake("{name: theirs, kind: scripted, queue: their-agents, delay: 2s}");
    assert!(text.contains("delay") && text.contains("`queue`"), "{text}");
}
