//! `run` tasks as a person meets them, and `apply`.

use serde_json::json;
use workflow_runner::control_plane::{ControlPlane, Options};

use crate::program::{Program, document};
use crate::support::API_KEY;

#[tokio::test]
async fn a_person_may_run_programs_until_a_setting_says_otherwise() {
    let tasks = "do: [{a: {run: {shell: {command: 'echo rex'}}}}]";
    let run = || Program::new(&["run", "a.yaml", "--format", "json"]).file("a.yaml", &document(tasks));
    assert_eq!(run().end().await.with_code(0).json(), json!({"status": "completed", "output": "rex\n"}));
    run().env("WORKFLOW_RUNNER_RUN__ENABLE", "js").end().await.with_code(1).json();
    let fails = document("do: [{a: {run: {script: {language: js, code: 'throw new Error(\"bitten\")'}}}}]");
    let ended = Program::new(&["run", "a.yaml"]).file("a.yaml", &fails).end().await.with_code(1);
    ended.says(&["ended with code 1", "bitten"]);
}

#[tokio::test]
async fn apply_registers_what_run_finds() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("definitions").display().to_string();
    let apply = |text: &str, arguments: &[&str]| {
        Program::new(&[&["apply", "a.yaml"], arguments].concat()).file("a.yaml", text).env("WORKFLOW_RUNNER_DEFINITIONS__DIR", &dir)
    };
    let (one, two) = (document("do: [{a: {set: {n: 1}}}]"), document("do: [{a: {set: {n: 2}}}]"));
    assert_eq!(apply(&one, &[]).end().await.with_code(0).stdout, "test/cli 0.1.0: registered\n");
    assert_eq!(apply(&one, &[]).end().await.with_code(0).stdout, "test/cli 0.1.0: unchanged\n");
    apply(&two, &[]).end().await.with_code(1).says(&["version 0.1.0 is registered with another text"]);
    assert_eq!(apply(&two, &["--force"]).end().await.with_code(0).stdout, "test/cli 0.1.0: replaced\n");
    apply("do: 1", &[]).end().await.with_code(2);
    Program::new(&["apply", "a.yaml"]).file("a.yaml", &one).end().await.with_code(64).says(&["definitions.dir"]);

    let parent = document("do: [{a: {run: {workflow: {namespace: test, name: cli}}}}]");
    let run = Program::new(&["run", "a.yaml", "--format", "json"]).file("a.yaml", &parent).env("WORKFLOW_RUNNER_DEFINITIONS__DIR", &dir);
    assert_eq!(run.end().await.with_code(0).json(), json!({"status": "completed", "output": {"n": 2}}));
}

#[tokio::test]
async fn a_workflow_in_a_workflow_may_call_functions_of_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().display().to_string();
    let child = document("do: [{a: {call: 'file:double.yaml', with: {n: '${ .n }'}}}]").replace("name: cli", "name: child");
    let program = |arguments: &[&str]| {
        let parent = document("do: [{a: {run: {workflow: {namespace: test, name: child, input: {n: 21}}}}}]");
        let program = Program::new(arguments).file("child.yaml", &child).file("double.yaml", "set: {twice: '${ .n * 2 }'}\n");
        program.file("a.yaml", &parent).env("WORKFLOW_RUNNER_DEFINITIONS__DIR", &dir)
    };
    assert_eq!(program(&["apply", "child.yaml"]).end().await.with_code(0).stdout, "test/child 0.1.0: registered\n");
    let ran = program(&["run", "a.yaml", "--format", "json"]).end().await.with_code(0).json();
    assert_eq!(ran, json!({"status": "completed", "output": {"twice": 42}}));
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_registers_with_the_platform_what_has_a_form_there() {
    let options = Options { api_key: Some(API_KEY.to_owned()), ..Default::default() };
    let plane = ControlPlane::start(options).expect("the control plane starts");
    let address = plane.address().to_string();
    let apply = |text: &str, arguments: &[&str]| {
        let program = Program::new(&[&["apply", "a.yaml"], arguments].concat()).file("a.yaml", text);
        program.env("STIGMER_BACKEND_ENDPOINT", &address).env("STIGMER_API_KEY", API_KEY).env("STIGMER_SERVICE_USE_TLS", "false")
    };
    let text = document("do: [{a: {set: {n: 1}}}, {b: {wait: PT2S}}]");
    let said = apply(&text, &[]).end().await.with_code(0).stdout;
    assert!(said.starts_with("test/cli 0.1.0: applied as wfl-"), "{said}");
    assert_eq!(apply(&text, &[]).end().await.with_code(0).stdout, said, "the same workflow again");
    assert!(apply(&text, &["--org", "zoo"]).end().await.with_code(0).stdout != said, "another organisation's");
    let stored = plane.store().workflows.by_reference("cli", "local").expect("stored");
    assert_eq!(stored.spec.expect("a specification").tasks.len(), 2);

    let refused = document("do: [{a: {if: .x, set: {n: 1}}}, {b: {run: {shell: {command: ls}}}}]");
    let told = ["a.yaml: task 'a' (/do/0/a): this task has no `if`", "task 'b' (/do/1/b): the platform runs workflows only", "--to dir"];
    apply(&refused, &[]).end().await.with_code(1).says(&told);
    apply(&text, &["--force"]).end().await.with_code(64).says(&["--force is for the folder"]);
    apply(&text, &["--to", "dir"]).end().await.with_code(64).says(&["definitions.dir"]);
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().display().to_string();
    let both = apply(&refused, &[]).env("WORKFLOW_RUNNER_DEFINITIONS__DIR", &dir).end().await.with_code(0);
    assert_eq!(both.stdout, "test/cli 0.1.0: registered\n", "the folder comes first");
    plane.shutdown().await;
    apply(&text, &[]).end().await.with_code(69);
    Program::new(&["apply", "a.yaml", "--to", "platform"])
        .file("a.yaml", &text)
        .end()
        .await
        .with_code(64)
        .says(&["STIGMER_BACKEND_ENDPOINT"]);
}
