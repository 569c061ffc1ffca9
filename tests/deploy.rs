//! `deploy/` and the runbook say what the program does: every series that rules and dashboard ask for is exported, and every alert has its page.
//! That the alerts fire is seen by `make deploy-fire`, that the files are well-formed by `make deploy-check`.

mod support;

use std::collections::BTreeSet;
use std::path::Path;

use regex::Regex;
use serde_json::{Value, json};
use temporalio_client::{UntypedWorkflow, WorkflowCancelOptions, WorkflowStartOptions};
use temporalio_common::data_converters::RawValue;
use workflow_runner::telemetry::reference;

use self::support::Stage;
use self::support::direct::{End, QUEUE, completed, end, start};
use self::support::wait::until;

fn text(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn yaml(path: &str) -> Value {
    serde_yaml::from_str(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn items<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).unwrap_or_else(|| panic!("{pointer} is no list"))
}

fn alerts() -> Vec<Value> {
    items(&yaml("deploy/prometheus/rules.yaml"), "/groups").iter().flat_map(|group| items(group, "/rules").to_vec()).collect()
}

fn name(alert: &Value) -> &str {
    alert["alert"].as_str().expect("each rule is an alert")
}

/// Queries of the dashboard: of its panels, of its variables and of its marks.
fn dashboard_queries() -> Vec<String> {
    fn collect(value: &Value, queries: &mut Vec<String>) {
        match value {
            Value::Object(members) => members.iter().for_each(|(key, value)| match value {
                Value::String(query) if ["expr", "definition"].contains(&key.as_str()) => queries.push(query.clone()),
                value => collect(value, queries),
            }),
            Value::Array(items) => items.iter().for_each(|item| collect(item, queries)),
            _ => {}
        }
    }
    let mut queries = Vec::new();
    collect(&serde_json::from_str(&text("deploy/grafana/workflow-runner.json")).expect("the dashboard is JSON"), &mut queries);
    queries
}

/// Names of series in a query.
fn series(query: &str) -> BTreeSet<String> {
    let names = Regex::new(r"\b(?:workflow_runner|stigmer|temporal|process)_[a-z0-9_]+\b").expect("a pattern");
    names.find_iter(query).map(|found| found.as_str().to_owned()).collect()
}

fn asked_for() -> BTreeSet<String> {
    let rules = alerts().into_iter().map(|alert| alert["expr"].as_str().expect("an expression").to_owned());
    rules.chain(dashboard_queries()).flat_map(|query| series(&query)).collect()
}

#[test]
fn rules_and_dashboard_ask_only_for_series_that_the_reference_has() {
    let (asked, known) = (asked_for(), reference::names());
    assert!(asked.len() > 25, "the queries were not found: {asked:?}");
    assert_eq!(asked.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn every_series_that_a_runbook_asks_for_is_there() {
    let known = reference::names();
    for alert in alerts() {
        let page = format!("docs/operate/runbooks/{}.md", name(&alert));
        let text = text(&page);
        let queries: Vec<&str> = text.split("```text\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        assert!(!queries.is_empty(), "{page} has no query");
        let asked: BTreeSet<String> = queries.into_iter().flat_map(series).collect();
        assert_eq!(asked.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new(), "{page}");
    }
}

#[test]
fn every_alert_has_its_page_its_tests_and_its_place_in_the_index() {
    let index = text("docs/operate/runbooks/README.md");
    let tests = yaml("deploy/prometheus/rules_test.yaml");
    let cases: Vec<&Value> = items(&tests, "/tests").iter().flat_map(|test| items(test, "/alert_rule_test")).collect();
    let mut pages = BTreeSet::from(["README.md".to_owned()]);
    for alert in alerts() {
        let (name, severity) = (name(&alert), alert["labels"]["severity"].as_str().expect("a severity"));
        let path = alert["annotations"]["runbook_url"].as_str().expect("where its page is");
        assert_eq!(path, format!("docs/operate/runbooks/{name}.md"));
        let page = text(path);
        assert!(page.starts_with(&format!("# {name}\n\n`{severity}`. ")), "{path}: name and severity come first");
        let headings: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(headings, ["Impact", "Look", "Do", "Try it"], "{path}");
        assert!(index.contains(&format!("| [{name}]({name}.md) | {severity} | ")), "the index has {name} with its severity");
        let own = cases.iter().filter(|case| case["alertname"] == alert["alert"]);
        let fires: BTreeSet<bool> = own.map(|case| !items(case, "/exp_alerts").is_empty()).collect();
        assert_eq!(fires.len(), 2, "{name} is tested both firing and not");
        pages.insert(format!("{name}.md"));
    }
    let folder = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operate/runbooks")).expect("the runbook");
    let there: BTreeSet<String> = folder.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(there, pages, "a page for each alert, and no other");
}

#[test]
fn the_chart_has_the_rules_that_are_tested() {
    assert!(
        text("deploy/helm/workflow-runner/files/rules.yaml") == text("deploy/prometheus/rules.yaml"),
        "cp deploy/prometheus/rules.yaml deploy/helm/workflow-runner/files/"
    );
    let chart = yaml("deploy/helm/workflow-runner/Chart.yaml");
    assert_eq!(chart["appVersion"], env!("CARGO_PKG_VERSION"), "the chart installs this version");
}

#[test]
fn the_dashboard_names_no_data_source_of_its_own() {
    let dashboard: Value = serde_json::from_str(&text("deploy/grafana/workflow-runner.json")).expect("JSON");
    let panels = items(&dashboard, "/panels");
    let rows: Vec<&str> = panels.iter().filter(|panel| panel["type"] == "row").filter_map(|row| row["title"].as_str()).collect();
    assert_eq!(rows, ["Now", "Handshakes", "Workflow tasks", "Slots and pollers", "Latency", "Resources"]);
    let ids: BTreeSet<u64> = panels.iter().filter_map(|panel| panel["id"].as_u64()).collect();
    assert_eq!(ids.len(), panels.len(), "each panel has an id of its own");
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{}", panel["title"]);
        for target in items(panel, "/targets") {
            let query = target["expr"].as_str().expect("a query");
            assert!(query.contains(r#"job="$job""#), "{}: a query of all jobs: {query}", panel["title"]);
        }
    }
}

/// Where a series comes only with a long history, or with a server that is gone: `make deploy-fire` sees the second, the names are checked above.
const RARE: [&str; 2] = ["temporal_workflow_continue_as_new_total", "temporal_long_request_failure_total"];

/// What a worker shows after a day in short: runs that end in each way, a task that cannot be done, an activity that fails, a cache too small.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_exports_every_series_that_is_asked_for() {
    let stage = Stage::start().await;
    let (cache, allow) = ("WORKFLOW_RUNNER_TEMPORAL__MAX_CACHED_WORKFLOWS", "WORKFLOW_RUNNER_ACTIVITIES__ALLOW");
    let worker = stage.worker(&[(cache, "1"), (allow, "zigflow_execution/*")]).await;
    a_day_in_short(&stage).await;
    let wanted: BTreeSet<String> = asked_for().into_iter().filter(|name| !RARE.contains(&name.as_str())).collect();
    until("every series that is asked for", || async {
        let (_, page) = worker.get("/metrics").await?;
        let shown: BTreeSet<String> = page.lines().filter_map(|line| line.split(['{', ' ']).next()).map(str::to_owned).collect();
        let missing: Vec<&String> = wanted.difference(&shown).collect();
        // The last of these lines says what a failure is about.
        missing.iter().for_each(|name| eprintln!("not shown yet: {name}"));
        missing.is_empty().then_some(())
    })
    .await;
    drop(worker);
    stage.stop().await;
}

async fn a_day_in_short(stage: &Stage) {
    let client = &stage.client;
    let document = |tasks: &str| format!("{{document: {{dsl: '1.0.3', namespace: test, name: test, version: '1.0.0'}}, do: [{tasks}]}}");
    stage.output(&stage.execute(&document("{a: {set: {x: 1}}}"), &json!({})).await).await;
    start(client, "fails", &document("{a: {raise: {error: {type: validation, status: 400, title: no}}}}"), &Value::Null).await;
    assert!(matches!(end(client, "fails").await.0, End::Failed(..)));
    let garbage = "{a: {call: activity, with: {activity: CompleteExternalActivity, arguments: [{callback_token: bm8tdG9rZW4=}]}}}";
    start(client, "refused", &document(garbage), &Value::Null).await;
    assert!(matches!(end(client, "refused").await.0, End::Failed(..)));
    // Two that wait do not both fit: each wakes up to be replayed.
    for id in ["one", "two"] {
        start(client, id, &document("{a: {wait: {seconds: 1}}}, {b: {wait: {seconds: 1}}}"), &Value::Null).await;
    }
    completed(client, "one").await;
    completed(client, "two").await;
    let waits = start(client, "cancelled", &document("{a: {wait: {hours: 1}}}"), &Value::Null).await;
    waits.cancel(WorkflowCancelOptions::builder().reason("test").build()).await.expect("it can be cancelled");
    assert_eq!(end(client, "cancelled").await.0, End::Cancelled);
    let unknown = WorkflowStartOptions::new(QUEUE, "unknown").build();
    client.start_workflow(UntypedWorkflow::new("NoSuchWorkflow"), RawValue::new(Vec::new()), unknown).await.expect("it starts");
}
