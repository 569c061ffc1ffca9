//! Histories of earlier builds are replayed by this one: a change that would make a running workflow diverge is found here, before it is deployed.
//!
//! `tests/histories/<name>.<n>.binpb` are histories of the child workflow, as protobuf. What is there is never changed, only added to:
//! `scripts/record-history` records every example that has none yet, and `scripts/record-history NAME` records one more of NAME.
//!
//! When a replay diverges, the change needs `patched` (or has to go): do not record anew.

mod support;

#[path = "replay/record.rs"]
mod record;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use prost::Message as _;
use temporalio_common::protos::temporal::api::history::v1::History;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;

use self::support::replay::replay;

/// Set by the script: empty records what is missing, a name records that once more.
const RECORD: &str = "RECORD";

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Files of a folder by their name up to the first dot.
fn files(folder: &str, extension: &str) -> BTreeMap<String, Vec<PathBuf>> {
    let mut found: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    let Ok(entries) = std::fs::read_dir(here(folder)) else { return found };
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if let Some((name, rest)) = name.split_once('.')
            && rest.ends_with(extension)
        {
            found.entry(name.to_owned()).or_default().push(path);
        }
    }
    found
}

fn examples() -> Vec<String> {
    let names: Vec<_> = files("examples", "yaml").into_keys().collect();
    assert!(!names.is_empty(), "examples were not found");
    names
}

fn histories() -> BTreeMap<String, Vec<PathBuf>> {
    files("tests/histories", "binpb")
}

fn read(path: &Path) -> History {
    History::decode(std::fs::read(path).expect("a history").as_slice()).expect("protobuf")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_has_a_history_and_every_history_replays() {
    if let Ok(wanted) = std::env::var(RECORD) {
        record::record(&wanted, &examples(), &histories()).await;
    }
    let histories = histories();
    let mut wrong: Vec<String> = examples()
        .into_iter()
        .chain(record::SITUATIONS.map(str::to_owned))
        .filter(|name| !histories.contains_key(name))
        .map(|name| format!("{name} has no history: run scripts/record-history"))
        .collect();
    for path in histories.values().flatten() {
        if let Err(error) = replay(read(path)).await {
            wrong.push(format!("{}: {error}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_would_go_another_way_is_noticed() {
    let histories = histories();
    let mut history = read(&histories["support-ticket"][0]);
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = &mut history.events[0].attributes else { panic!("a start") };
    let payload = &mut started.input.as_mut().expect("an input").payloads[0];
    let text = String::from_utf8(std::mem::take(&mut payload.data)).expect("JSON");
    let changed = text.replace("  - triage:\\n      call: agent", "  - before:\\n      wait: PT1S\\n  - triage:\\n      call: agent");
    assert_ne!(changed, text, "the definition stands in the input");
    payload.data = changed.into_bytes();
    let error = replay(history).await.expect_err("a timer comes where an activity was");
    assert!(error.contains("Some(\"/do/1/before\")") && error.contains("a timer for `before`"), "{error}");
}
