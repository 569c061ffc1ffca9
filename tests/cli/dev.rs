//! `dev`: everything on this machine.

use std::net::TcpStream;

use serde_json::json;
use workflow_runner::control_plane::dev_server::find_cli;

use crate::program::{Program, document};

const GREET: &str =
    "do: [{greet: {set: {text: '${ \"hello \\(.name)\" }'}}}, {ask: {call: agent, with: {agent: helper, message: '${ .text }'}}}]";
const HELPER: &str = "name: helper\nkind: scripted\nreply: 'you said {message}'\n";

pub fn dev(arguments: &[&str]) -> Program {
    let cli = find_cli(None).expect("the Temporal CLI (run `make tools` once)");
    let cli = cli.canonicalize().expect("it is there");
    Program::new(&[&["dev"], arguments].concat()).env("TEMPORAL_CLI", cli.to_str().expect("text"))
}

/// The address that stands after this word.
pub fn address<'t>(stderr: &'t str, word: &str) -> &'t str {
    let line = stderr.lines().find(|line| line.starts_with(word)).unwrap_or_else(|| panic!("no `{word}` in:\n{stderr}"));
    line[word.len()..].trim().trim_start_matches("http://").split(' ').next().expect("an address")
}

#[tokio::test]
async fn documents_run_as_on_the_platform_and_everything_is_gone_afterwards() {
    let arguments = ["--exit", "greet.yaml", "plain.yaml", "--agents", "helper.yaml", "--input", r#"{"name": "Ada"}"#];
    let program = dev(&arguments)
        .file("greet.yaml", &document(GREET))
        .file("plain.yaml", &document("do: [{a: {set: {given: '${ .name }'}}}]"))
        .file("helper.yaml", HELPER);
    let ended = program.end().await.with_code(0);
    assert_eq!(ended.stdout, "{\n  \"value\": \"you said hello Ada\"\n}\n{\n  \"given\": \"Ada\"\n}\n");
    ended.says(&["greet.yaml  execution wex-", "plain.yaml  execution wex-", "  workflow wfl-", " completed\n"]);
    for task in ["greet", "ask"] {
        let shown = |line: &str| line.contains('✓') && line.contains(task) && line.contains("completed after ");
        assert!(ended.stderr.lines().any(shown), "no line for {task}:\n{}", ended.stderr);
    }
    for server in ["Temporal   ", "Temporal UI", "control plane"] {
        let address = address(&ended.stderr, server);
        assert!(TcpStream::connect(address).is_err(), "{server} at {address} is still there");
    }
}

#[tokio::test]
async fn the_first_document_that_does_not_complete_decides_the_exit_code() {
    let program = dev(&["--exit", "bad.yaml", "good.yaml"])
        .file("bad.yaml", &document("do: [{a: {raise: {error: {type: 'https://example.com/no', status: 418, title: Teapot}}}}]"))
        .file("good.yaml", &document("do: [{a: {set: {x: 1}}}]"));
    let ended = program.end().await.with_code(1);
    ended.says(&["failed: [418] Teapot (at /do/0/a)", "✗"]);
    assert_eq!(ended.json(), json!({"x": 1}));
}

#[tokio::test]
async fn it_serves_until_it_is_interrupted() {
    let running = dev(&["plain.yaml"]).file("plain.yaml", &document("do: [{a: {set: {x: 1}}}]")).start();
    running.says("serving; stop with Ctrl-C").await;
    let stderr = running.stderr();
    for server in ["Temporal   ", "Temporal UI", "control plane"] {
        assert!(TcpStream::connect(address(&stderr, server)).is_ok(), "{server} listens:\n{stderr}");
    }
    running.signal("INT");
    running.end().await.with_code(0);
}

#[tokio::test]
async fn an_interrupt_cancels_the_document_that_runs() {
    let running = dev(&["--exit", "long.yaml", "never.yaml"])
        .file("long.yaml", &document("do: [{w: {wait: {hours: 1}}}]"))
        .file("never.yaml", &document("do: [{a: {set: {x: 1}}}]"))
        .start();
    running.says("… w").await;
    running.signal("INT");
    let ended = running.end().await.with_code(130);
    ended.says(&["cancelling wex-", " cancelled\n"]);
    assert!(ended.stdout.is_empty() && !ended.stderr.contains("never.yaml"), "{ended:?}");
}

#[tokio::test]
async fn without_the_temporal_cli_it_says_how_to_get_it() {
    for program in [Program::new(&["dev"]).env("PATH", "/nowhere"), Program::new(&["dev", "--temporal-cli", "/no/temporal"])] {
        let ended = program.end().await.with_code(69);
        ended.says(&["the Temporal CLI was not found", "hint: ", "https://docs.temporal.io/cli", "TEMPORAL_CLI"]);
        assert_eq!(ended.stdout, "");
    }
}

#[tokio::test]
async fn a_document_that_is_wrong_starts_nothing() {
    let program = dev(&["--exit", "good.yaml", "bad.yaml"])
        .file("good.yaml", &document("do: [{a: {set: {x: 1}}}]"))
        .file("bad.yaml", &document("do: [{a: {ste: {x: 1}}}]"));
    let ended = program.end().await.with_code(2);
    ended.says(&["bad.yaml:2:", "did you mean `set`?", "1 error"]);
    assert!(!ended.stderr.contains("Temporal") && ended.stdout.is_empty(), "{ended:?}");
    dev(&["--exit"]).end().await.with_code(64);
    dev(&["--exit", "none.yaml"]).end().await.with_code(64).says(&["cannot read none.yaml"]);
    dev(&["--agents", "none"]).end().await.with_code(64).says(&["none"]);
}
