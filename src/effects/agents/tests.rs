use std::path::Path;

use serde_json::json;

use super::*;

/// One variable is set.
fn variable(name: &str) -> Option<String> {
    (name == "GOOD_KEY").then(|| "sk-good".to_owned())
}

fn parse(text: &str) -> Result<Agents, LoadError> {
    Agents::parse_with(text, Path::new("agents.yaml"), Variables::new(&variable))
}

fn mistake(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[tokio::test]
async fn an_unknown_agent_is_told_with_those_that_are_there() {
    let agents = parse("{name: writer, kind: scripted}\n---\n{name: triage, kind: openai, model: m}").unwrap();
    for (name, detail) in [("triag", "did you mean `triage`?"), ("c", "known are triage, writer")] {
        let error = agents.call(&json!({"agent": name}).into()).await.unwrap_err();
        assert_eq!((error.kind, error.title), ("configuration", format!("there is no agent `{name}`")));
        assert_eq!(error.detail.as_deref(), Some(detail));
    }
}

#[tokio::test]
async fn an_agent_of_workers_elsewhere_cannot_be_asked_in_process() {
    let agents = parse("{name: theirs, kind: worker, queue: their-agents}").unwrap();
    let error = agents.call(&json!({"agent": "theirs"}).into()).await.unwrap_err();
    assert_eq!(error.kind, "configuration");
    assert!(error.title.contains("`theirs`") && error.title.contains("`their-agents`"), "{error}");
}

#[test]
fn a_mistake_names_file_and_key() {
    let cases = [
        ("{kind: scripted}", "agents.yaml: name: missing"),
        ("{name: a}", "agents.yaml: kind: missing; `scripted`, `openai` or `worker` is needed"),
        ("{name: a, type: openai}", "agents.yaml: type: unknown; did you mean `kind`?"),
        ("{name: a, kind: llm}", "agents.yaml: kind: `scripted`, `openai` or `worker` is needed, not `llm`"),
        ("{name: a, kind: scripted, answer: x}", "agents.yaml: answer: unknown; known are name, kind"),
        ("name: a\nkind: scripted\nrelpy: x", "agents.yaml:3: relpy: unknown; did you mean `delay`, `reply`?"),
        ("{name: a, kind: scripted, delay: soon}", "agents.yaml: delay: a duration such as"),
        ("{name: a, kind: scripted, repeat: 0}", "agents.yaml: repeat: a number from 1"),
        ("{name: a, kind: scripted, silence: yes please}", "agents.yaml: silence: true or false is needed, not `yes please`"),
        ("{name: a, kind: scripted, failure: [1]}", "agents.yaml: failure: a text is needed"),
        ("{name: a, kind: scripted, reply: '${ .a | }'}", "agents.yaml: reply: `.a |`: "),
        ("{name: a, kind: worker}", "agents.yaml: queue: missing"),
        ("{name: a, kind: worker, queue: q, reply: x}", "agents.yaml: reply: unknown; known are name, kind, queue"),
        ("{name: a, kind: openai}", "agents.yaml: model: missing"),
        ("{name: a, kind: openai, model: m, reply: x}", "agents.yaml: reply: unknown; known are"),
        ("{name: a, kind: openai, model: m, temperature: 3}", "agents.yaml: temperature: a number from 0 to 2 is needed, not `3`"),
        ("{name: a, kind: openai, model: m, max_tokens: 1, max_completion_tokens: 1}", "agents.yaml: max_completion_tokens: either this"),
        ("{name: a, kind: openai, model: m, timeout: 0s}", "agents.yaml: timeout: more than 0s"),
        ("{name: a, kind: openai, model: m, base_url: 'api.test/v1'}", "agents.yaml: base_url: a URL such as"),
        ("{name: a, kind: openai, model: m, base_url: 'ftp://h'}", "agents.yaml: base_url: a URL such as"),
        ("{name: a, kind: openai, model: m, base_url: 'http://u:p@h'}", "agents.yaml: base_url: no user"),
        (
            "{name: a, kind: openai, model: m, base_url: 'http://h/v1/chat/completions'}",
            "agents.yaml: base_url: leave out `/chat/completions`, it is added: http://h/v1",
        ),
        (
            "{name: a, kind: openai, model: m, api_key: {env: OTHER_KEY}}",
            "agents.yaml: api_key: the environment variable OTHER_KEY is not set",
        ),
        ("{name: a, kind: openai, model: m, api_key: {file: f}}", "agents.yaml: api_key: `file` is unknown"),
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

#[test]
fn a_key_in_the_file_is_refused_and_not_shown() {
    let text = mistake("name: a\nkind: openai\nmodel: m\napi_key: sk-very-secret\n");
    assert!(text.starts_with("agents.yaml:4: api_key: a key does not stand in a file") && !text.contains("very-secret"), "{text}");
    let agents = parse("{name: a, kind: openai, model: m, api_key: {env: GOOD_KEY}}").unwrap();
    assert!(!format!("{agents:?}").contains("sk-good"));
    // Tests of definitions call no model.
    let text = "{name: a, kind: openai, model: m, api_key: {env: OTHER_KEY}}";
    assert!(Agents::parse_with(text, Path::new("agents.yaml"), Variables::new(&variable).optional()).is_ok());
}

#[test]
fn the_line_is_that_of_the_agent_that_is_wrong() {
    let text = "# two\n---\nname: a\nkind: scripted\ndelay: 1s\n---\nname: b\nkind: scripted\n\ndelay: x\n";
    assert!(mistake(text).starts_with("agents.yaml:10: delay: "), "{}", mistake(text));
    let text = "name: a\nkind: scripted\n--- \nname: a\nkind: scripted\n";
    assert_eq!(mistake(text), "agents.yaml:4: name: a second agent `a`");
}
