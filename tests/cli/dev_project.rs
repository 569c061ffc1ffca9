//! `dev` with a folder of workflows, agents and environments.

use std::net::TcpListener;
use std::process::Command;

use serde_json::json;

use crate::dev::dev;
use crate::program::{Program, document};

const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/project");
const LETTER: &str = "Dear Ada, A letter from the lake, please. (written by writer)";

#[tokio::test]
async fn the_example_finds_its_workflows_agents_and_variables() {
    let file = format!("{PROJECT}/workflows/newsletter.yaml");
    let ended = dev(&["--exit", "--env", "local", PROJECT, &file]).end().await.with_code(0);
    assert_eq!(ended.json(), json!({"value": LETTER}));
    ended.says(&[
        "workflows      project/greet 0.1.0",
        "environment    local: READER, REGION",
        "greet.test.yaml: tests",
        "agents         writer (",
    ]);
    // What will be gone is not shown.
    assert!(!ended.stderr.contains("look at it"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_folder_is_served_and_the_command_that_it_prints_works() {
    let ask = document("do: [{ask: {call: agent, with: {agent: helper, message: hi}}}]");
    let running = dev(&["."])
        .file("workflows/ask.yaml", &ask)
        .file("workflows/notes.yaml", "just: text")
        .file("agents/helper.yaml", "name: helper\nkind: scripted\nreply: 'you said {message}'\n")
        .start();
    running.says("serving; stop with Ctrl-C").await;
    let line = running.says("start one with  ").await;
    assert!(running.stderr().contains("skipped        workflows/notes.yaml: no definition: it has no `document`"), "{}", running.stderr());
    let command = line.trim_start_matches("start one with  ").to_owned();
    let folder = running.dir().to_owned();
    let output = tokio::task::spawn_blocking(move || Command::new("sh").args(["-c", &command]).current_dir(folder).output());
    let output = output.await.expect("no panic").expect("a shell");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "\"you said hi\"\n", "{}", String::from_utf8_lossy(&output.stderr));
    running.signal("INT");
    running.end().await.with_code(0);
}

#[tokio::test]
async fn secrets_of_an_environment_reach_the_call_alone() {
    let tasks = "use: {secrets: [WORD, FROM_FILE]}\ndo: [{a: {run: {shell: {command: 'test \"$W$F\" = s3cret-wordhidden && echo \"it is $W\"', environment: {W: '${ $secrets.WORD }', F: '${ $secrets.FROM_FILE }'}}}}}]";
    let program = || {
        dev(&["--exit", "--env", "test", "a.yaml"])
            .file("a.yaml", &document(tasks))
            .file("environments/test.yaml", "secrets: {WORD: {env: MY_WORD}, FROM_FILE: {file: ../word}}")
            .file("word", "hidden\n")
    };
    let ended = program().env("MY_WORD", "s3cret-word").end().await.with_code(0);
    assert!(ended.stdout.contains("it is "), "{ended:?}");
    ended.says(&["environment    test: FROM_FILE (secret), WORD (secret)"]);
    assert!(!ended.stdout.contains("s3cret-word") && !ended.stderr.contains("s3cret-word"), "{ended:?}");
    program().end().await.with_code(64).says(&["environments/test.yaml: secret `WORD`: the environment variable MY_WORD is not set"]);
}

#[tokio::test]
async fn what_cannot_work_is_told_before_anything_starts() {
    let set = document("do: [{a: {set: {x: 1}}}]");
    let ask = document("do: [{ask: {call: agent, with: {agent: helpr, message: hi}}}]");
    let taken = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let cases: [(&[&str], &[&str]); 6] = [
        (&["--exit", "."], &["--exit needs a FILE to run"]),
        (&["--exit", "--env", "stagng", "set.yaml"], &["there is no environment `stagng`", "did you mean `staging`?"]),
        (&["--exit", "ask.yaml"], &["error: ask.yaml:2:33: there is no agent `helpr`", "hint: did you mean `helper`?"]),
        (&["--exit", "--port", &port, "set.yaml"], &["error: --port: port ", "cannot be used", "hint: name another one by --port"]),
        (&["--exit", "--ui-port", &port, "set.yaml"], &["error: --ui-port: port ", "hint: "]),
        (&["--exit", "set.yaml", "none"], &["error: cannot read none"]),
    ];
    for (arguments, parts) in cases {
        let program: Program = dev(arguments).file("set.yaml", &set).file("ask.yaml", &ask);
        let program =
            program.file("agents/h.yaml", "name: helper\nkind: scripted\n").file("environments/staging.yaml", "variables: {A: b}\n");
        let ended = program.end().await.with_code(64);
        ended.says(parts);
        assert!(ended.stdout.is_empty() && !ended.stderr.contains("Temporal "), "{ended:?}");
    }
}
