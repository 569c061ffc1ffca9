//! `validate`, `explain`, `graph`, `schema` and `test`: what people write definitions with.

use serde_json::{Value, json};

use crate::program::{Ended, Program, document};

/// Line 2 has a task without a type, line 3 a jump to nowhere.
const BROKEN: &str = "do:\n  - greet: {sett: {text: hello}}\n  - again: {set: {x: 1}, then: gret}\n";

fn broken(arguments: &[&str]) -> Program {
    Program::new(arguments).file("broken.yaml", &document(BROKEN)).file("good.yaml", &document("do: [{a: {set: {x: 1}}}]"))
}

/// A file of this repository.
fn ours(path: &str) -> String {
    format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))
}

fn lines(text: &str) -> usize {
    text.lines().count()
}

#[tokio::test]
async fn validate_shows_every_problem_of_every_file() {
    let ended = broken(&["validate", "good.yaml", "broken.yaml"]).end().await.with_code(2);
    for part in ["E0210", "broken.yaml:3:13", "did you mean `set`?", "E0303", "broken.yaml:4:", "did you mean `greet`?"] {
        assert!(ended.stdout.contains(part), "{part}\n{}", ended.stdout);
    }
    assert!(ended.stdout.is_ascii(), "plain where nobody watches");
    assert_eq!(ended.stderr, "2 files checked: 2 errors\n");
    let ended = broken(&["validate", "good.yaml"]).end().await.with_code(0);
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", "1 file checked: no problems\n"));
}

#[tokio::test]
async fn validate_reads_stdin_and_names_what_it_cannot_read() {
    let ended = Program::new(&["validate", "-", "--format", "json"]).stdin(&document(BROKEN)).end().await.with_code(2);
    assert_eq!(ended.json()[0]["file"], json!("stdin"));
    // Not everything was looked at, whatever was found in the rest.
    let ended = broken(&["validate", "none.yaml", "broken.yaml", "--format", "json"]).end().await.with_code(64);
    ended.says(&["error: cannot read none.yaml", "1 file checked: 2 errors, 1 file not read"]);
    assert_eq!(ended.json().as_array().map(Vec::len), Some(2));
    let huge = format!("{}{}", document("do: [{a: {set: {x: 1}}}]"), "#".repeat(2 << 20));
    let ended = Program::new(&["validate", "-"]).stdin(&huge).end().await.with_code(2);
    assert!(ended.stdout.contains("E0102"), "{ended:?}");
}

#[tokio::test]
async fn warnings_pass_and_are_errors_when_strict() {
    let program = |arguments: &[&str]| Program::new(arguments).file("a.yaml", &document("do: [{a: {set: {x: .n}}}]"));
    let ended = program(&["validate", "a.yaml"]).end().await.with_code(0);
    assert_eq!(ended.stderr, "1 file checked: 1 warning\n");
    program(&["validate", "a.yaml", "--strict"]).end().await.with_code(2).says(&["1 error"]);
    // Valid, although it cannot be run here yet.
    let later = document("schedule: {every: PT1H}\ndo: [{a: {set: {x: 1}}}]");
    let ended = Program::new(&["validate", "a.yaml", "--strict", "--format", "json"]).file("a.yaml", &later).end().await.with_code(0);
    assert_eq!(ended.json()[0]["severity"], json!("unsupported"));
}

#[tokio::test]
async fn problems_come_in_the_form_that_is_asked_for() {
    let ended = broken(&["validate", "broken.yaml", "--format", "json"]).end().await.with_code(2);
    let problem = &ended.json()[0];
    assert_eq!((&problem["code"], &problem["span"]["line"], &problem["span"]["column"]), (&json!("E0210"), &json!(3), &json!(13)));
    let ended = broken(&["validate", "broken.yaml", "--format", "sarif"]).end().await.with_code(2);
    let run = &ended.json()["runs"][0];
    assert_eq!(run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], json!("broken.yaml"));
    let ended = broken(&["validate", "broken.yaml", "--format", "github"]).end().await.with_code(2);
    assert!(ended.stdout.starts_with("::error file=broken.yaml,line=3,col=13,endColumn=17,title=E0210::"), "{ended:?}");
    assert_eq!(lines(&ended.stdout), 2, "one command a problem");
}

#[tokio::test]
async fn codes_are_explained() {
    let ended = Program::new(&["explain", "e0201"]).end().await.with_code(0);
    assert!(ended.stdout.starts_with("# E0201: A key that does not belong here\n") && ended.stderr.is_empty(), "{ended:?}");
    let ended = Program::new(&["explain"]).end().await.with_code(0);
    assert!(lines(&ended.stdout) > 50 && ended.stdout.lines().all(|line| line.starts_with(['E', 'W'])), "{ended:?}");
    let ended = Program::new(&["explain", "E020"]).end().await.with_code(64);
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", "error: there is no code `E020`; did you mean `E0201`?\n"));
}

#[tokio::test]
async fn definitions_are_drawn() {
    let example = ours("examples/try-retry.yaml");
    for (format, begin, end) in
        [("mermaid", "%% examples/try-retry 0.1.0\nflowchart TB\n", "\n"), ("dot", "digraph ", "}\n"), ("svg", "<svg ", "</svg>\n")]
    {
        let ended = Program::new(&["graph", &example, "--format", format]).end().await.with_code(0);
        assert!(ended.stdout.starts_with(begin) && ended.stdout.ends_with(end) && ended.stdout.contains("giveUp"), "{ended:?}");
        assert_eq!(ended.stderr, "");
    }
    let ended = broken(&["graph", "broken.yaml"]).end().await.with_code(2);
    assert!(ended.stdout.is_empty() && ended.stderr.contains("E0210"), "{ended:?}");
    broken(&["graph", "none.yaml"]).end().await.with_code(64).says(&["cannot read none.yaml"]);
}

#[tokio::test]
async fn the_schema_is_json() {
    let schema = Program::new(&["schema"]).end().await.with_code(0).json();
    assert_eq!(schema["$schema"], json!("https://json-schema.org/draft/2020-12/schema"));
    assert_eq!(schema["required"], json!(["document", "do"]));
}

async fn tested(cases: &str, arguments: &[&str]) -> Ended {
    let wait = document("do: [{pause: {wait: P1D}}, {ask: {call: http, with: {method: get, endpoint: 'https://pets.test'}}}]");
    Program::new(&[&["test", "a.yaml"], arguments].concat()).file("a.yaml", &wait).file("a.test.yaml", cases).end().await
}

const CASES: &str = "\
cases:
  - name: a day later
    calls: [{task: ask, result: {n: 1}}]
    expect: {output: {n: 1}, duration: 24h}
  - name: wrong on purpose
    calls: [{task: ask, result: {n: 1}}]
    expect: {output: {n: 2}}
";

#[tokio::test]
async fn cases_pass_or_fail_a_line_each() {
    let ended = tested(CASES, &[]).await.with_code(1);
    let expected = "ok    a.test.yaml: a day later (24h)\nFAIL  a.test.yaml: wrong on purpose (24h)\n      output/n: expected 2, got 1\n";
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), (expected, "1 passed, 1 failed\n"));
    let ended = tested(CASES, &["--filter", "later", "--format", "json"]).await.with_code(0);
    let result = json!({"file": "a.test.yaml", "name": "a day later", "status": "passed", "took": "PT24H", "failures": []});
    assert_eq!(ended.json(), json!([result]));
}

#[tokio::test]
async fn what_keeps_cases_from_running_has_a_code_of_its_own() {
    let ended = tested("cases:\n  - {nmae: x, expect: {}}\n", &[]).await.with_code(2);
    ended.says(&["a.test.yaml:2:6", "did you mean `name`?"]);
    tested(CASES, &["--filter", "nothing"]).await.with_code(64).says(&["no case was run"]);
    broken(&["test", "good.yaml"]).end().await.with_code(64).says(&["cannot read good.test.yaml"]);
    let cases = "cases: [{name: x, expect: {}}]";
    broken(&["test", "broken.yaml"]).file("broken.test.yaml", cases).end().await.with_code(2).says(&["E0210"]);
}

#[tokio::test]
async fn examples_pass_their_cases() {
    let files = ["try-retry", "wait", "support-ticket"].map(|name| ours(&format!("examples/{name}.yaml")));
    let arguments: Vec<&str> = ["test", "--format", "json"].into_iter().chain(files.iter().map(String::as_str)).collect();
    let ended = Program::new(&arguments).end().await.with_code(0);
    let names = |value: &Value| value.as_array().map(Vec::len);
    assert_eq!((names(&ended.json()), ended.stderr.as_str()), (Some(10), "10 passed, 0 failed\n"));
}
