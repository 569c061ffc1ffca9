use std::path::Path;

use serde_json::{Value, json};

use super::*;

const ORDER: &str = r#"
document: {dsl: '1.0.3', namespace: test, name: order, version: '1.0.0'}
use: {secrets: [token]}
do:
  - find:
      call: http
      with:
        method: get
        endpoint: 'https://pets.test/{petId}'
        headers: {authorization: '${ "Bearer " + $secrets.token }'}
      output: {as: '{pet: .}'}
  - night: {wait: P1D}
  - ask:
      if: .pet.shy
      call: agent
      with: {agent: helper, message: '${ .pet.name }'}
  - tell:
      try:
        - send: {call: http, with: {method: post, endpoint: 'https://pets.test/orders', body: '${ . }'}}
      catch:
        errors: {with: {status: 503}}
        retry: {delay: {seconds: 2}, limit: {attempt: {count: 3}}}
"#;

/// Runs the cases of a test file beside [`ORDER`].
fn results(cases: &str) -> Vec<Result> {
    results_of(ORDER, cases)
}

fn results_of(definition: &str, cases: &str) -> Vec<Result> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("order.yaml"), definition).unwrap();
    let file = folder.path().join("order.test.yaml");
    std::fs::write(&file, cases).unwrap();
    let args = TestArgs { files: Vec::new(), filter: None, format: TestFormat::Text };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    crate::effects::http::use_ring();
    let loaded = crate::config::load(&crate::config::Sources::default()).unwrap();
    runtime.block_on(test(&file, &args, &loaded.config)).unwrap_or_else(|exit| panic!("{exit:?}"))
}

fn messages(cases: &str) -> Vec<String> {
    messages_of(ORDER, cases)
}

fn messages_of(definition: &str, cases: &str) -> Vec<String> {
    results_of(definition, cases)
        .into_iter()
        .flat_map(|result| result.failures)
        .map(|failure| format!("{}: {}", failure.what, failure.message))
        .collect()
}

const MOCKED: &str = r"
    input: {petId: 7}
    secrets: {token: hush-hush}
    calls:
      - {task: find, result: {name: Milou, shy: false}}
      - {task: /do/3/tell/try/0/send, answers: [{error: {status: 503}}, {after: 5s, result: {id: 1}}]}
";

fn mocked(expect: &str) -> String {
    format!("cases:\n  - name: a day later{MOCKED}    expect: {expect}\n")
}

#[test]
fn a_day_passes_at_once_and_everything_is_as_expected() {
    let expect = "{output: {id: 1}, duration: PT24H7S, order: [find, night, send, send], never: [ask], calls: [{task: send, count: 2}, \
                  {task: find, with: {uri: 'https://pets.test/7', headers: {authorization: Bearer hush-hush}}}]}";
    let results = results(&mocked(expect));
    assert_eq!(results[0].failures, []);
    assert_eq!((results.len(), results[0].took.as_secs()), (1, 86_407));
}

#[test]
fn what_is_not_as_expected_is_told_with_both_sides() {
    let expect = "{output: {id: 2, at: noon}, duration: 24h, order: [send, find], never: [night], calls: [{effect: http, count: 9}]}";
    let messages = messages(&mocked(expect)).join("\n");
    for part in [
        "output: /id: expected 2, got 1",
        "output: /at: expected \"noon\", there is nothing",
        "duration: expected 24h, took 24h 7s",
        "order: `find` did not start after `send`; these did: find, night, tell, send, send",
        "never: `night` ran",
        "calls: expected 9 calls of (http), there were 3; the first calls: `find` (http) at /do/0/find with",
    ] {
        assert!(messages.contains(part), "{part}\n{messages}");
    }
    assert_eq!(self::messages(&mocked("{contains: {id: 1}}")), [""; 0]);
}

#[test]
fn a_call_that_nothing_answers_fails_the_case() {
    let cases = "cases:\n  - {name: bare, input: {petId: 7}, secrets: {token: x}, expect: {error: {status: 400}}}\n";
    let messages = messages(cases);
    assert!(
        messages.len() == 1 && messages[0].starts_with("calls: no mock answers `find` (http) at /do/0/find, whose input is {"),
        "{messages:?}"
    );
    let used_up = MOCKED.replace("{after: 5s, result: {id: 1}}", "{error: {status: 503}}");
    let messages = self::messages(&format!("cases:\n  - name: used up{used_up}    expect: {{error: {{}}}}\n"));
    assert!(messages.len() == 1 && messages[0].contains("no mock answers `send`"), "{messages:?}");
}

#[test]
fn errors_agents_and_secrets_are_those_of_the_case() {
    let shy = MOCKED.replace("shy: false", "shy: true");
    let with_agent =
        |agents: &str, expect: &str| messages(&format!("cases:\n  - name: shy{shy}    agents: {agents}\n    expect: {expect}\n"));
    assert_eq!(
        with_agent("{helper: {reply: 'about {message}', delay: 1h}}", "{duration: 25h, calls: [{task: send, with: {body: about Milou}}]}")
            .len(),
        1
    );
    assert_eq!(
        with_agent(
            "{helper: {reply: 'about {message}', delay: 1h}}",
            "{duration: PT25H7S, calls: [{task: send, with: {body: about Milou}}]}"
        ),
        [""; 0]
    );
    assert_eq!(with_agent("{helper: {failure: tired}}", "{error: {type: runtime, detail: tired, instance: /do/2/ask}}"), [""; 0]);
    assert_eq!(with_agent("{helper: {silence: true}}", "{error: {title: the run is stuck}}"), [""; 0]);
    // A secret that the case does not have is missing as it would be in a run.
    let without = "cases:\n  - {name: bare, input: {petId: 7}, expect: {error: {type: authorization, status: 403}}}\n";
    assert_eq!(messages(without), [""; 0]);
}

#[test]
fn events_come_at_their_times() {
    let listen = "document: {dsl: '1.0.3', namespace: test, name: order, version: '1.0.0'}\n\
                  do: [{paid: {listen: {to: {one: {with: {type: test.paid}}}}}}, {tell: {emit: {event: {with: {type: test.told, source: test}}}}}]\n";
    let cases =
        |event: &str, expect: &str| format!("cases:\n  - {{name: x, events: [{{after: PT36H, event: {event}}}], expect: {expect}}}\n");
    let messages = |cases: &str| messages_of(listen, cases);
    let expect = "{duration: 36h, order: [paid, tell], calls: [{effect: emit, with: {event: {type: test.told}}, count: 1}]}";
    assert_eq!(messages(&cases("{type: test.paid, data: {sum: 3}}", expect)), [""; 0]);
    assert_eq!(messages(&cases("{type: test.other}", "{error: {title: the run is stuck}, never: [tell]}")), [""; 0]);
}

#[test]
fn mistakes_in_a_test_file_have_places() {
    let text = "cases:\n  - nmae: x\n    calls: [{result: 1, error: {}}, {}]\n    start: noon\n    expect: {output: 1, error: {}, duration: soon}\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.test.yaml");
    std::fs::write(&path, text).unwrap();
    let problems = file::read(&Document::read(&path).unwrap(), Path::new("a.test.yaml")).unwrap_err();
    let shown: Vec<(u32, &str)> = problems.iter().map(|problem| (problem.span.line, problem.code)).collect();
    assert_eq!(shown, [(2, "E0202"), (2, "E0201"), (3, "E0209"), (3, "E0202"), (4, "E0204"), (5, "E0209"), (5, "E0205")]);
}

#[test]
fn files_are_found_beside_each_other() {
    for (given, expected) in [("a/order.yaml", "a/order.test.yaml"), ("order.test.yaml", "order.test.yaml"), ("x.yml", "x.test.yml")] {
        assert_eq!(test_file_of(Path::new(given)), Path::new(expected));
    }
}

#[test]
fn results_are_printed_for_people_and_programs() {
    let mut results = results(&mocked("{output: {id: 2}}"));
    results[0].file = "order.test.yaml".to_owned();
    assert_eq!(report::text(&results), "FAIL  order.test.yaml: a day later (24h 7s)\n      output/id: expected 2, got 1\n");
    let parsed: Value = serde_json::from_str(&report::json(&results)).unwrap();
    let failure = json!({"what": "output", "message": "/id: expected 2, got 1", "expected": 2, "actual": 1});
    let result = json!({"file": "order.test.yaml", "name": "a day later", "status": "failed", "took": "PT24H7S", "failures": [failure]});
    assert_eq!(parsed, json!([result]));
}
