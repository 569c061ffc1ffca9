//! `replay`, `history` and `graph --run`: on recorded histories, and on what the server and its own program say of runs.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::program::{Ended, Program, document};
use crate::support::Stage;
use crate::support::history::started;
use crate::support::wait::until;

fn recorded() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/histories")
}

/// Recorded histories by name; a chain's in one group.
fn groups() -> Vec<Vec<String>> {
    let mut files: Vec<String> =
        std::fs::read_dir(recorded()).expect("the folder").map(|entry| entry.expect("an entry").path().display().to_string()).collect();
    files.sort();
    let (chain, alone): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| file.contains("continued."));
    assert!(chain.len() > 1 && alone.len() > 20, "the histories were not found");
    alone.into_iter().map(|file| vec![file]).chain([chain]).collect()
}

async fn told(files: &[String], arguments: &[&str]) -> String {
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let arguments = [&["history", "--file"], files.as_slice(), arguments].concat();
    Program::new(&arguments).end().await.with_code(0).stdout
}

/// Panics where tags do not close in order, or anything is named that a browser would fetch.
fn is_one_whole_page(page: &str) {
    const VOID: [&str; 3] = ["meta", "input", "!doctype"];
    let (mut open, mut rest) = (Vec::new(), page);
    while let Some((_, tail)) = rest.split_once('<') {
        let (tag, tail) = tail.split_once('>').expect("a tag ends");
        rest = tail;
        let name = tag.trim_start_matches('/').split([' ', '/', '\n']).next().expect("a name").to_ascii_lowercase();
        if tag.starts_with('/') {
            assert_eq!(open.pop().as_deref(), Some(name.as_str()), "</{name}> closes what is open");
            continue;
        }
        let attributes = tag.to_ascii_lowercase();
        for fetching in [" src=", " href=", " srcset=", " data=", " action=", " onclick=", " onload=", " onerror=", " poster="] {
            assert!(!attributes.contains(fetching), "<{tag}>");
        }
        if VOID.contains(&name.as_str()) || tag.ends_with('/') {
            continue;
        }
        if ["script", "style"].contains(&name.as_str()) {
            let (text, tail) = rest.split_once(&format!("</{name}>")).expect("it closes");
            assert!(!text.contains("@import") && !text.contains("://") && !text.contains("fetch("), "<{name}>");
            assert!(text.match_indices("url(").all(|(at, _)| text[at..].starts_with("url(#")), "<{name}>");
            rest = tail;
            continue;
        }
        open.push(name);
    }
    assert!(open.is_empty(), "{open:?} are not closed");
    assert_eq!(page.matches("<script").count(), 1, "no script but its own");
}

/// The task tokens that the runs were started with.
fn tokens(files: &[String]) -> Vec<String> {
    let of = |file: &String| {
        let bytes = std::fs::read(file).expect("a history");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let token = text.split_once("\"callback_token\":\"")?.1.split_once('"')?.0.to_owned();
        (token.len() > 20).then_some(token)
    };
    files.iter().filter_map(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recorded_history_replays_and_is_told_in_every_form() {
    let folder = recorded().display().to_string();
    let ended = Program::new(&["replay", &folder]).end().await.with_code(0);
    assert!(ended.stdout.lines().all(|line| line.contains(": replayed, ")), "{}", ended.stdout);
    ended.says(&[" 0 diverged, 0 could not be replayed"]);
    assert!(groups().iter().any(|files| !tokens(files).is_empty()), "some were started by a caller that waits");
    for files in groups() {
        let story: Value = serde_json::from_str(&told(&files, &["--format", "json"]).await).expect("JSON");
        assert!(story["runs"].as_array().is_some_and(|runs| runs.len() == files.len()), "{files:?}: {}", story["runs"]);
        assert!(story["runs"].as_array().is_some_and(|runs| runs.iter().all(|run| run["replayed"] == true)), "{files:?}");
        assert_eq!(story["notes"], json!([]), "{files:?}");
        assert_ne!(story["state"], "running", "{files:?}");
        let page = told(&files, &["--format", "html"]).await;
        is_one_whole_page(&page);
        let chart = told(&files, &["--format", "mermaid"]).await;
        assert!(chart.starts_with("gantt\n"), "{files:?}");
        let everything = [story.to_string(), told(&files, &["--full"]).await, page, chart].concat();
        for token in tokens(&files) {
            assert!(!everything.contains(&token), "{files:?}: a task token is shown");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_reads_like_this() {
    let file = recorded().join("try-retry.1.binpb").display().to_string();
    insta::assert_snapshot!(told(&[file], &[]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_of_runs_is_one_story() {
    let mut chain = groups().pop().expect("the chain");
    chain.reverse();
    let story: Value = serde_json::from_str(&told(&chain, &["--format", "json"]).await).expect("JSON");
    assert_eq!(story["state"], "completed");
    let fork = &story["tasks"][0];
    assert_eq!((story["tasks"].as_array().map(Vec::len), &fork["state"]), (Some(1), &json!("completed")), "it stood open in every run");
    let paths: Vec<_> = fork["tasks"][0]["tasks"].as_array().expect("iterations").iter().map(|task| task["path"].clone()).collect();
    assert_eq!(paths, (0..8).map(|n| json!(format!("[{n}]"))).collect::<Vec<_>>());
    let second: Value = serde_json::from_str(&told(&chain, &["--format", "json", "--run", "2"]).await).expect("JSON");
    assert_eq!(second["runs"], json!([story["runs"][1]]));
    let files: Vec<&str> = chain.iter().map(String::as_str).collect();
    let ended = Program::new(&[&["history", "--run", "9", "--file"], files.as_slice()].concat()).end().await.with_code(64);
    ended.says(&["there is no run 9: the chain has 3 runs"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_history_is_refused() {
    let replay = |text: &str| Program::new(&["replay", "a.json"]).file("a.json", text);
    for (text, words) in [
        ("", "it is empty"),
        ("{\"events\": [", "its JSON ends in the middle"),
        ("{\"a\": 1}", "save it with `temporal workflow show --output json`"),
        ("garbage", "it is neither JSON nor protobuf"),
        (&other_type(), "it is of a workflow of type `OrderWorkflow`; this program replays `ExecuteServerlessWorkflow`"),
        (
            "[{\"eventId\": 5, \"eventType\": \"EVENT_TYPE_TIMER_FIRED\", \"timerFiredEventAttributes\": {}}]",
            "it begins with event 5, not with the start of a run",
        ),
    ] {
        replay(text).end().await.with_code(64).says(&["a.json", words]);
        Program::new(&["history", "--file", "a.json"]).file("a.json", text).end().await.with_code(64).says(&[words]);
    }
    Program::new(&["replay", "none.json"]).end().await.with_code(64).says(&["cannot read none.json"]);
    Program::new(&["replay", "."]).end().await.with_code(64).says(&[". has no histories"]);
    Program::new(&["replay", "-"]).stdin("[]").end().await.with_code(64).says(&["stdin is no history: it has no events"]);
    Program::new(&["replay", "a.json", "--definition", "b.yaml"]).file("a.json", "[]").file("b.yaml", "do: []").end().await.with_code(2);
}

fn other_type() -> String {
    let attributes = json!({"workflowType": {"name": "OrderWorkflow"}});
    json!([{"eventId": "1", "eventType": "WorkflowExecutionStarted", "workflowExecutionStartedEventAttributes": attributes}]).to_string()
}

const TASKS: &str = "do: [{'<b>first</b>': {set: {list: [1, 2]}}}, {each: {for: {each: n, in: .list}, do: [{twice: {set: {x: '${ $n * 2 }', list: [1, 2]}}}]}}, \
                     {rest: {wait: {milliseconds: 1}}}, {say: {run: {shell: {command: 'echo \"$WHO\"', environment: {WHO: '<script>alert(1)</script>'}}}}}]";

/// A run of [`TASKS`] that has ended.
async fn ran(stage: &Stage, id: &str) {
    let arguments = ["run", "a.yaml", "--temporal", "--workflow-id", id, "--input", r#"{"who": "me"}"#];
    on_server(stage, &arguments).file("a.yaml", &document(TASKS)).end().await.with_code(0);
}

fn on_server(stage: &Stage, arguments: &[&str]) -> Program {
    Program::new(arguments).env("TEMPORAL_ADDRESS", &stage.server.address())
}

/// What the server's own program saves.
fn saved(stage: &Stage, id: &str) -> String {
    let program = std::env::var_os("TEMPORAL_CLI").unwrap_or_else(|| "temporal".into());
    let arguments = ["workflow", "show", "--workflow-id", id, "--output", "json", "--address", &stage.server.address()];
    let output = Command::new(program).args(arguments).output().expect("the Temporal CLI runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

async fn replayed(history: &str, definition: Option<&str>) -> Ended {
    let arguments: &[&str] = if definition.is_some() { &["--definition", "b.yaml"] } else { &[] };
    let program = Program::new(&[&["replay", "a.json"], arguments].concat()).file("a.json", history);
    program.file("b.yaml", &document(definition.unwrap_or_default())).end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_servers_program_saves_is_replayed_and_told() {
    let stage = Stage::start().await;
    ran(&stage, "mine").await;
    let history = saved(&stage, "mine");
    assert!(replayed(&history, None).await.with_code(0).stdout.contains("a.json: replayed, "));

    // As the web page saves it: the list alone, and payloads for people.
    let mut events: Value = serde_json::from_str(&history).expect("JSON");
    let events = events["events"].take();
    replayed(&events.to_string(), None).await.with_code(0);
    let ended = replayed(&decoded(events).to_string(), None).await.with_code(0);
    ended.says(&["decoded for people"]);

    // What was only renamed, or computes something else, asks for the same; what waits first does not.
    let same = TASKS.replace("$n * 2", "$n * 3");
    replayed(&history, Some(&same)).await.with_code(0);
    let other = TASKS.replace("{say: ", "{before: {wait: PT1S}}, {say: ");
    let stdout = replayed(&history, Some(&other)).await.with_code(1).stdout;
    assert!(stdout.contains("diverges at `/do/3/before`"), "{stdout}");
    assert!(stdout.contains("activity `/do/3/say` (RunShellActivity)") && stdout.contains("a timer for `before`"), "{stdout}");
    let shorter = TASKS.split_once(", {say").expect("it is there").0.to_owned() + "]";
    let stdout = replayed(&history, Some(&shorter)).await.with_code(1).stdout;
    assert!(stdout.contains("diverges at `/do/3/say`") && stdout.contains("the workflow's end"), "{stdout}");

    let page = on_server(&stage, &["history", "mine", "--format", "html"]).end().await.with_code(0).stdout;
    is_one_whole_page(&page);
    assert!(
        page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && page.contains("&lt;b&gt;first&lt;/b&gt;") && !page.contains("<b>first")
    );

    let svg = on_server(&stage, &["graph", "a.yaml", "--run", "mine", "--format", "svg"]).file("a.yaml", &document(TASKS)).end().await;
    let svg = svg.with_code(0);
    assert!(
        svg.stdout.contains("class=\"task done\" data-reference=\"/do/1/each/do/0/twice\"") && svg.stdout.contains("done, ran 2 times")
    );
    assert_eq!(svg.stderr, "");
    let other = Program::new(&["graph", "b.yaml", "--history", "a.json"]).file("a.json", &history).file("b.yaml", &document(&other));
    let ended = other.end().await.with_code(0);
    ended.says(&["the run had another definition than b.yaml"]);
    assert!(ended.stdout.contains("not reached"), "{}", ended.stdout);

    let nobody = on_server(&stage, &["history", "nobody"]).end().await.with_code(64);
    nobody.says(&["there is no workflow nobody in this namespace"]);
    stage.stop().await;
    Program::new(&["history", "mine"]).env("TEMPORAL_ADDRESS", "127.0.0.1:1").end().await.with_code(69);
}

/// Every payload of `{metadata, data}` in base64 as what it says.
fn decoded(mut value: Value) -> Value {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    if let Some(data) = value.get("data").and_then(Value::as_str).filter(|_| value.get("metadata").is_some()) {
        let bytes = STANDARD.decode(data).expect("base64");
        return serde_json::from_slice(&bytes).unwrap_or(value);
    }
    match &mut value {
        Value::Array(items) => items.iter_mut().for_each(|item| *item = decoded(item.take())),
        Value::Object(members) => members.values_mut().for_each(|member| *member = decoded(member.take())),
        _ => {}
    }
    value
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_says_for_what() {
    let stage = Stage::with_agents(&["name: slow\nkind: scripted\ndelay: 10m\nreply: hi\n"]).await;
    let worker = stage.worker(&[]).await;
    let tasks = "do: [{all: {fork: {branches: [{nap: {wait: {hours: 1}}}, {hear: {listen: {to: {one: {with: {type: order.placed}}}}}}, \
                 {ask: {call: agent, with: {agent: slow, message: hi}}}]}}}]";
    let execution = stage.execute(&document(tasks), &json!({})).await;
    let id = format!("workflow-exec-{execution}");
    started(&stage.client, &id).await;
    let story = until("the run to wait", || async {
        let story = on_server(&stage, &["history", &execution, "--format", "json"]).end().await.with_code(0).json();
        (story["state"] == "waiting").then_some(story)
    })
    .await;
    assert_eq!(story["workflow_id"], json!(id));
    let reasons: Vec<String> =
        story["tasks"][0]["tasks"].as_array().expect("branches").iter().map(|task| task["waiting_for"].to_string()).collect();
    assert!(reasons[0].contains("a timer, until ") && reasons[1].contains("an event: order.placed"), "{reasons:?}");
    assert!(reasons[2].contains("agent slow, execution slow-execution-"), "{reasons:?}");
    let whole = story.to_string();
    assert!(!whole.contains("\"reply\"") && whole.contains("(not shown)"), "the watch was given the callback: {whole}");
    let text = on_server(&stage, &["history", &id]).end().await.with_code(0).stdout;
    assert!(text.contains("waiting · for a timer, until "), "{text}");
    let replayed = replayed(&saved(&stage, &id), None).await.with_code(0);
    assert!(replayed.stdout.contains("replayed"), "a run in flight can be replayed too");
    drop(worker);
    stage.stop().await;
}
