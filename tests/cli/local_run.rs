//! `run FILE` in this process.

use serde_json::json;

use crate::program::{Ended, Program, document};
use crate::support::wait::until;
use crate::support::web::{Reply, Web};

const ECHO: &str = "do: [{a: {set: {given: '${ . }'}}}]";
const RAISE: &str = "do: [{a: {raise: {error: {type: 'https://example.com/no', status: 418, title: No, detail: '${ .why }'}}}}]";
/// Line 5 has a misspelt key, line 6 an expression that does not end.
const BROKEN: &str = "document: {dsl: '1.0.3', namespace: test, name: cli, version: '0.1.0'}\ndo:\n  - get:\n      call: http\n      wiht: {method: get}\n  - b: {set: {x: '${ .a + }'}}\n";

async fn run(tasks: &str, arguments: &[&str]) -> Ended {
    Program::new(&[&["run", "a.yaml"], arguments].concat()).file("a.yaml", &document(tasks)).end().await
}

#[tokio::test]
async fn the_output_goes_to_stdout_and_nothing_else_does() {
    let text = run(ECHO, &["--input", r#"{"n": 1}"#]).await.with_code(0);
    assert_eq!((text.stdout.as_str(), text.stderr.as_str()), ("{\n  \"given\": {\n    \"n\": 1\n  }\n}\n", ""));
    let json = run(ECHO, &["--format", "json"]).await.with_code(0);
    assert_eq!((json.stdout.as_str(), json.stderr.as_str()), ("{\"status\":\"completed\",\"output\":{\"given\":{}}}\n", ""));
}

#[tokio::test]
async fn a_fault_is_exit_code_1_with_all_its_members() {
    let fault = json!({"type": "https://example.com/no", "status": 418, "title": "No", "detail": "full", "instance": "/do/0/a"});
    let text = run(RAISE, &["--input", r#"{"why": "full"}"#]).await.with_code(1);
    assert_eq!(text.stdout, "");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&text.stderr).expect("one object"), fault);
    let json = run(RAISE, &["--input", r#"{"why": "full"}"#, "--format", "json"]).await.with_code(1);
    assert_eq!((json.json(), json.stderr.as_str()), (json!({"status": "faulted", "error": fault}), ""));
}

#[tokio::test]
async fn an_invalid_definition_is_exit_code_2_with_every_problem_at_its_place() {
    for format in ["text", "json"] {
        let ended = Program::new(&["run", "broken.yaml", "--format", format]).file("broken.yaml", BROKEN).end().await.with_code(2);
        ended.says(&["broken.yaml:5:7", "wiht: {method: get}", "did you mean `with`?", "broken.yaml:6:", "does not compile", "in /do/1/b"]);
        assert!(ended.stderr.contains("errors\n") && ended.stderr.contains("E0"), "counted, with codes:\n{}", ended.stderr);
        assert!(!ended.stderr.contains('\u{1b}') && ended.stderr.is_ascii(), "plain where nobody watches:\n{}", ended.stderr);
        assert_eq!(ended.stdout, "");
    }
}

#[tokio::test]
async fn colours_are_for_terminals_and_no_color_takes_them_away() {
    let broken = || Program::on_a_terminal(&["run", "broken.yaml"]).file("broken.yaml", BROKEN);
    let colourful = broken().end().await.with_code(2);
    assert!(colourful.stdout.contains("\u{1b}[") && colourful.stdout.contains("broken.yaml:5:7"), "{colourful:?}");
    let plain = broken().env("NO_COLOR", "1").end().await.with_code(2);
    assert!(!plain.stdout.contains('\u{1b}') && plain.stdout.contains("broken.yaml:5:7"), "{plain:?}");
    // An empty one counts as unset.
    assert!(broken().env("NO_COLOR", "").end().await.stdout.contains('\u{1b}'));
}

#[tokio::test]
async fn a_warning_is_told_and_does_not_stop_the_run() {
    let ended = run("do: [{a: {set: {x: .n}}}]", &[]).await.with_code(0);
    ended.says(&["a.yaml:2:", "literal text", "1 warning"]);
    assert_eq!(ended.json(), json!({"x": ".n"}));
}

#[tokio::test]
async fn input_is_json_a_file_or_stdin() {
    let program = |input: &str| Program::new(&["run", "a.yaml", "--format", "json", "--input", input]).file("a.yaml", &document(ECHO));
    let given = |value| json!({"status": "completed", "output": {"given": value}});
    assert_eq!(program("[1, 2]").end().await.with_code(0).json(), given(json!([1, 2])));
    assert_eq!(program("@in/x.json").file("in/x.json", " {\"a\": null}\n").end().await.with_code(0).json(), given(json!({"a": null})));
    assert_eq!(program("-").stdin("\"text\"").end().await.with_code(0).json(), given(json!("text")));

    program("{no").end().await.with_code(64).says(&["--input: the text is not JSON"]);
    program("@none.json").end().await.with_code(64).says(&["--input: cannot read none.json"]);
    program("-").stdin("").end().await.with_code(64).says(&["--input: stdin is not JSON"]);
}

#[tokio::test]
async fn wrong_arguments_are_exit_code_64() {
    for arguments in
        [&[][..], &["walk"], &["run"], &["run", "a.yaml", "--frmat", "json"], &["run", "a.yaml", "--task-queue", "q"], &["worker", "x"]]
    {
        let ended = Program::new(arguments).end().await.with_code(64);
        assert!(ended.stdout.is_empty() && ended.stderr.contains("Usage: "), "{arguments:?} {ended:?}");
    }
    Program::new(&["run", "none.yaml"]).end().await.with_code(64).says(&["error: cannot read none.yaml"]);
    run(ECHO, &["--agents", "nowhere"]).await.with_code(64).says(&["nowhere"]);
    let both =
        Program::new(&["run", "a.yaml", "--agents", "helper.yaml", "--temporal", "--task-queue", "q"]).file("a.yaml", &document(ECHO));
    both.file("helper.yaml", "name: helper\nkind: scripted\n").end().await.with_code(64).says(&["--agents needs a worker of its own"]);
}

#[tokio::test]
async fn help_and_version_go_to_stdout() {
    let help = Program::new(&["--help"]).end().await.with_code(0);
    assert!(help.stdout.contains("Exit codes: 0 completed") && help.stderr.is_empty(), "{help:?}");
    let version = Program::new(&["--version"]).end().await.with_code(0);
    assert_eq!(version.stdout, format!("workflow-runner {}\n", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn scripted_agents_answer() {
    let ask = "do: [{ask: {call: agent, with: {agent: helper, message: '${ .m }'}}}]";
    let program = |agents: &str| {
        Program::new(&["run", "a.yaml", "--format", "json", "--agents", "agents", "--input", r#"{"m": "hello"}"#])
            .file("a.yaml", &document(ask))
            .file("agents/helper.yaml", agents)
    };
    let ended = program("name: helper\nkind: scripted\nreply: 'you said {message}'\n").end().await.with_code(0);
    assert_eq!(ended.json()["output"], json!("you said hello"));
    let ended = program("name: another\nkind: scripted\n").end().await.with_code(1);
    assert_eq!(ended.json()["error"]["title"], json!("there is no agent `helper`"));
    program("name: helper\nkind: scripted\nrelpy: x\n").end().await.with_code(64).says(&["helper.yaml:3: relpy: unknown"]);
}

#[tokio::test]
async fn an_interrupt_cancels_the_run_and_is_exit_code_130() {
    let web = Web::start(|_, _| Reply::never()).await;
    let get = |path: &str| format!("do: [{{get: {{call: http, with: {{method: get, endpoint: '{}'}}}}}}]", web.url(path));
    for signal in ["INT", "TERM"] {
        let path = format!("/{signal}");
        let running = Program::new(&["run", "a.yaml", "--format", "json"]).file("a.yaml", &document(&get(&path))).start();
        until("the call", || async { (!web.seen_at(&path).is_empty()).then_some(()) }).await;
        running.signal(signal);
        let ended = running.end().await.with_code(130);
        assert_eq!(ended.json(), json!({"status": "cancelled"}));
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_exit_code_69() {
    let program = Program::new(&["run", "a.yaml", "--temporal"]).file("a.yaml", &document(ECHO)).env("TEMPORAL_ADDRESS", "127.0.0.1:1");
    let ended = program.end().await.with_code(69);
    ended.says(&["error: Temporal at http://127.0.0.1:1/ is not reachable"]);
    assert_eq!(ended.stdout, "");
}
