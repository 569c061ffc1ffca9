//! Real processes.

use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};

use super::*;

fn settings(change: impl FnOnce(&mut RunSettings)) -> Processes {
    let mut settings = RunSettings { enable: RunKind::ALL.into(), ..RunSettings::default() };
    change(&mut settings);
    Processes::new(&settings)
}

async fn shell(input: Value) -> Value {
    settings(|_| ()).shell(&input.into()).await.expect("an outcome").to_json()
}

/// A pipe by name: its reader learns when its last writer is gone.
async fn fifo(folder: &Path) -> String {
    let path = folder.join("fifo").to_str().expect("a path").to_owned();
    let made = tokio::process::Command::new("mkfifo").arg(&path).status().await.expect("mkfifo");
    assert!(made.success());
    path
}

#[tokio::test]
async fn a_command_gets_its_arguments_and_its_input() {
    let command = "input=$(cat)\necho \"STDIN was: $input\"\necho \"ARGS are $1 $2 of $#, $0\" >&2\nexit 3";
    let output = shell(json!({"command": command, "arguments": ["Foo", "two words"], "stdin": "Hello World"})).await;
    assert_eq!(output, json!({"code": 3, "stdout": "STDIN was: Hello World\n", "stderr": "ARGS are Foo two words of 2, sh\n"}));
    assert_eq!(shell(json!({"command": "cat; printf x", "stdin": null})).await, json!({"code": 0, "stdout": "x", "stderr": ""}));
    assert_eq!(shell(json!({"command": "kill -9 $$"})).await["code"], 137);
    assert_eq!(shell(json!({"command": "printf 'a\\377b'"})).await["stdout"], "a\u{fffd}b");
    let much = "x".repeat(1 << 20);
    assert_eq!(shell(json!({"command": "cat", "stdin": much})).await["stdout"], much, "both directions at once");
    assert_eq!(shell(json!({"command": "exit 0", "stdin": much})).await["code"], 0, "what is not read is no error");
}

#[tokio::test]
async fn the_environment_is_empty_but_for_what_is_declared() {
    let names = async |environment: Value| {
        // `env` itself is told of nothing but PATH and what is declared; the shell adds what it keeps for itself.
        let output = shell(json!({"command": "exec env -u PWD -u OLDPWD -u SHLVL -u _", "environment": environment})).await;
        let mut lines: Vec<_> = output["stdout"].as_str().expect("text").lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(names(json!({})).await, ["PATH=/usr/local/bin:/usr/bin:/bin"]);
    assert_eq!(names(json!({"B": "2 3", "A": "", "PATH": "/bin:/usr/bin"})).await, ["A=", "B=2 3", "PATH=/bin:/usr/bin"]);
}

#[tokio::test]
async fn each_command_has_a_folder_that_goes_with_it() {
    let output = shell(json!({"command": "ls -A; echo x > file; pwd"})).await;
    let folder = output["stdout"].as_str().expect("text").trim_end().to_owned();
    assert!(folder.contains("workflow-runner-") && !folder.contains('\n'), "{folder}");
    while Path::new(&folder).exists() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_a_command_leaves_behind_is_killed() {
    let home = TempDir::new().expect("a folder");
    let path = fifo(home.path()).await;
    let left = shell(json!({"command": "trap '' TERM; exec 3> \"$FIFO\"; sleep 1000 & exit 0", "environment": {"FIFO": path}}));
    let read = async { tokio::fs::read_to_string(&path).await };
    let (output, read) = tokio::join!(left, read);
    assert_eq!((output["code"].clone(), read.expect("the end of the pipe").as_str()), (json!(0), ""));
}

/// Its grandchild says `up`, and does not heed SIGTERM.
const STUBBORN: &str = "(trap '' TERM; echo up; exec sleep 1000) > \"$FIFO\" & wait";

#[tokio::test]
async fn a_dropped_call_ends_the_whole_group() {
    let home = TempDir::new().expect("a folder");
    let path = fifo(home.path()).await;
    let processes = settings(|_| ());
    let input = json!({"command": STUBBORN, "environment": {"FIFO": path}}).into();
    let mut reader = {
        let mut call = pin!(processes.shell(&input));
        let up = async {
            let mut reader = BufReader::new(tokio::fs::File::open(&path).await.expect("the pipe"));
            let mut line = String::new();
            reader.read_line(&mut line).await.expect("a line");
            assert_eq!(line, "up\n");
            reader
        };
        tokio::select! {
            ended = &mut call => panic!("{ended:?}"),
            reader = up => reader,
        }
    };
    assert_eq!(reader.read_to_end(&mut Vec::new()).await.expect("the end of the pipe"), 0);
}

#[test]
fn the_end_of_the_runtime_ends_the_group_too() {
    let home = TempDir::new().expect("a folder");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let pipe = runtime.block_on(async {
        let path = fifo(home.path()).await;
        let input = json!({"command": STUBBORN, "environment": {"FIFO": path}});
        let call = tokio::spawn(async move { settings(|_| ()).shell(&input.into()).await });
        let pipe = tokio::fs::File::open(&path).await.expect("the pipe").into_std().await;
        call.abort();
        pipe
    });
    drop(runtime);
    // The end of the pipe is the end of its last writer.
    assert!(["", "up\n"].contains(&std::io::read_to_string(pipe).expect("text").as_str()));
}

#[tokio::test]
async fn limits_are_told_by_their_settings() {
    let error = settings(|run| run.timeout = Duration::from_millis(50)).shell(&json!({"command": "sleep 1000"}).into()).await;
    let error = error.expect_err("a limit");
    assert_eq!((error.kind, error.status), ("timeout", 408));
    assert!(error.detail.is_some_and(|detail| detail.contains("run.timeout")));

    let small = settings(|run| run.output_limit_bytes = 1_000);
    for command in ["yes", "yes >&2", "head -c 900 /dev/zero"] {
        let error = small.shell(&json!({"command": command}).into()).await.expect_err("a limit");
        assert_eq!(error.kind, "runtime", "{command}");
        assert!(error.detail.is_some_and(|detail| detail.contains("run.output_limit_bytes")), "{command}");
    }
    assert!(small.shell(&json!({"command": "head -c 500 /dev/zero | tr '\\0' x"}).into()).await.is_ok());

    let error = settings(|run| run.enable = [RunKind::Js].into()).shell(&json!({"command": "true"}).into()).await.expect_err("off");
    assert_eq!((error.kind, error.status), ("authorization", 403));
    assert!(error.detail.is_some_and(|detail| detail.contains("run.enable")));
}

#[tokio::test]
async fn what_no_process_can_be_given_is_refused() {
    for input in [
        json!({}),
        json!({"command": 1}),
        json!({"command": "true", "arguments": "a"}),
        json!({"command": "true", "arguments": [1]}),
        json!({"command": "true", "arguments": ["a\u{0}b"]}),
        json!({"command": "true", "stdin": {}}),
        json!({"command": "true", "environment": []}),
        json!({"command": "true", "environment": {"A": 1}}),
        json!({"command": "true", "environment": {"A=B": "1"}}),
        json!({"command": "true", "environment": {"": "1"}}),
    ] {
        let error = settings(|_| ()).shell(&input.clone().into()).await.expect_err("an error");
        assert_eq!(error.kind, "validation", "{input}");
    }
    let long = "x".repeat(3 << 20);
    let error = settings(|_| ()).shell(&json!({"command": "true", "arguments": [long]}).into()).await.expect_err("too long");
    assert!(error.kind == "runtime" && error.title.contains("/bin/sh"), "{error}");
}
