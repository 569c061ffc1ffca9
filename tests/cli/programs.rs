//! `run` tasks as a person meets them, and `apply`.

use serde_json::json;

use crate::program::{Program, document};

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
