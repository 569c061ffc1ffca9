//! `run` and `call: activity`, as far as the engine goes: what is asked for, and what becomes of the answer.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::mock::{Answer, End, Mock};
use super::{Report, Trial, data};
use crate::engine::Outcome;
use crate::engine::host::Effect;

/// What a program answers to every call.
fn ended(code: i32) -> Value {
    json!({"code": code, "stdout": "out\n", "stderr": "no such pet\n"})
}

/// One task on the input `{"name": "rex"}`.
fn run(task: &str, answer: Value) -> (Report, std::rc::Rc<Mock>) {
    let mock = Mock::new(move |_| Answer::now(answer.clone()));
    let trial = Trial::new(&format!("do:\n- pet: {task}"), json!({"name": "rex"}));
    (trial.calls(&mock).run(), mock)
}

fn asked(task: &str) -> Value {
    let (report, mock) = run(task, ended(0));
    let seen = mock.seen();
    assert_eq!(seen.len(), 1, "{:?}", report.outcome);
    seen[0].input.to_json()
}

#[test]
fn a_program_is_given_texts() {
    let shell = "{run: {shell: {command: '${ \"echo \" + .name }', arguments: [a, '${ .name }', 1, true], stdin: '${ . }', environment: {A: '${ .name }', B: '${ null }', C: 2}}}}";
    let expected = json!({
        "command": "echo rex", "arguments": ["a", "rex", "1", "true"], "stdin": "{\"name\":\"rex\"}", "environment": {"A": "rex", "C": "2"},
    });
    assert_eq!(asked(shell), expected);
    assert_eq!(asked("{run: {shell: {command: ls, stdin: '${ .name }'}}}"), json!({"command": "ls", "stdin": "rex"}));
    let script = "{run: {script: {language: js, code: 'console.log(1)', arguments: '${ [.name] }'}}}";
    assert_eq!(asked(script), json!({"language": "js", "code": "console.log(1)", "arguments": ["rex"]}));
    let source = "{run: {script: {language: python, source: {endpoint: 'https://scripts.test/{name}.py'}}}}";
    assert_eq!(asked(source), json!({"language": "python", "source": {"uri": "https://scripts.test/rex.py"}}));
    for wrong in ["arguments: '${ .name }'", "arguments: ['${ null }']", "arguments: ['${ . }']", "environment: '${ [] }'"] {
        let (report, _) = run(&format!("{{run: {{shell: {{command: ls, {wrong}}}}}}}"), ended(0));
        assert_eq!(report.fault().status, 400, "{wrong}");
    }
}

#[test]
fn return_says_what_the_output_is() {
    let returning = |what: &str, code| run(&format!("{{run: {{shell: {{command: x}}, return: {what}}}}}"), ended(code)).0;
    assert_eq!(run("{run: {shell: {command: x}}}", ended(0)).0.output(), json!("out\n"));
    assert_eq!(returning("stdout", 0).output(), json!("out\n"));
    assert_eq!(returning("stderr", 0).output(), json!("no such pet\n"));
    assert_eq!(returning("none", 0).outcome, Outcome::Completed(data(json!(null))));
    for code in [0, 3] {
        assert_eq!(returning("code", code).output(), json!(code));
        assert_eq!(returning("all", code).output(), ended(code));
    }
    for what in ["stdout", "stderr", "none"] {
        let fault = returning(what, 3).fault().clone();
        assert_eq!((fault.status, fault.title.as_deref(), fault.detail.as_deref()), (500, Some("ended with code 3"), Some("no such pet")));
        assert!(fault.type_.ends_with("/runtime"), "{fault}");
    }
    let long = json!({"code": 1, "stdout": "", "stderr": format!("{}the end\n", "ä".repeat(1_000))});
    let fault = run("{run: {shell: {command: x}}}", long).0.fault().clone();
    assert!(fault.detail.is_some_and(|detail| detail.starts_with('…') && detail.ends_with("äthe end") && detail.chars().count() == 401));
}

#[test]
fn nobody_waits_for_what_is_not_awaited() {
    for kind in ["shell: {command: x}", "script: {language: js, code: x}", "workflow: {namespace: a, name: b}"] {
        let mock = Mock::new(|call| {
            assert!(call.detached);
            Answer::after(Duration::from_mins(10), json!({"code": 7}))
        });
        let tasks = format!("do:\n- pet: {{run: {{{kind}, await: false}}, output: {{as: .name}}}}\n- after: {{set: {{seen: '${{ . }}'}}}}");
        let report = Trial::new(&tasks, json!({"name": "rex"})).calls(&mock).run();
        assert_eq!(report.output(), json!({"seen": "rex"}), "{kind}");
        assert_eq!(mock.seen()[0].end(), End::Answered, "the run ends before the work, and the work is still done");
    }
}

#[test]
fn a_cancelled_run_takes_what_nobody_waits_for_with_it() {
    let mock = Mock::new(|_| Answer::never());
    let tasks = "do:\n- pet: {run: {shell: {command: x}, await: false}}\n- wait: {wait: PT1H}";
    let report = Trial::new(tasks, json!({})).calls(&mock).cancel_after(Duration::from_secs(5)).run();
    assert_eq!((report.outcome, mock.seen()[0].end()), (Outcome::Cancelled, End::Dropped));
}

#[test]
fn another_workflow_is_named_and_given_an_input() {
    let (report, _) = run("{run: {workflow: {namespace: a, name: b}}}", json!({"done": true}));
    assert_eq!(report.output(), json!({"done": true}));
    assert_eq!(
        asked("{run: {workflow: {namespace: a, name: '${ .name }'}}}"),
        json!({"namespace": "a", "name": "rex", "version": "latest", "input": {"name": "rex"}})
    );
    assert_eq!(
        asked("{run: {workflow: {namespace: a, name: b, version: 1.2.0, input: {customer: .user, pet: '${ .name }'}}}}"),
        json!({"namespace": "a", "name": "b", "version": "1.2.0", "input": {"customer": ".user", "pet": "rex"}})
    );
    let mock = Mock::new(|_| Answer::never());
    let report = Trial::new("do:\n- pet: {run: {workflow: {namespace: a, name: b}}, timeout: {after: PT1M}}", json!({})).calls(&mock).run();
    assert_eq!((report.fault().status, mock.seen()[0].end()), (408, End::Dropped));
}

#[test]
fn an_activity_is_named_and_given_arguments() {
    let mock = Mock::new(|call| {
        assert_eq!((call.effect, call.timeout), (Effect::Activity, Some(Duration::from_mins(1))));
        Answer::now(call.input.clone())
    });
    let calling = |with: &str| {
        Trial::new(&format!("do:\n- pet: {{call: activity, with: {{{with}}}, timeout: {{after: PT1M}}}}"), json!({"name": "rex"}))
    };
    let output = |with: &str| calling(with).calls(&mock).run().output();
    assert_eq!(output("activity: Greet"), json!({"name": "Greet", "arguments": []}));
    assert_eq!(
        output("activity: Greet, queue: dogs, arguments: ['${ .name }', {a: 1}]"),
        json!({"name": "Greet", "queue": "dogs", "arguments": ["rex", {"a": 1}]})
    );
    assert_eq!(output("activity: '${ .name }', arguments: '${ [.name] }'"), json!({"name": "rex", "arguments": ["rex"]}));
    assert_eq!(calling("activity: Greet, arguments: '${ .name }'").calls(&mock).run().fault().status, 400);
}
