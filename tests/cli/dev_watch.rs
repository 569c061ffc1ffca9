//! `dev --watch`.

use crate::dev::dev;
use crate::program::{Running, document};
use crate::support::wait::until;

fn set(value: &str) -> String {
    document(&format!("do: [{{a: {{set: {{x: {value}}}}}}}]"))
}

/// Waits until a text has been said so often.
async fn says(running: &Running, text: &str, times: usize) {
    until(&format!("`{text}` {times} times"), || async { (running.stderr().matches(text).count() >= times).then_some(()) }).await;
}

fn outputs(stdout: &str) -> Vec<serde_json::Value> {
    serde_json::Deserializer::from_str(stdout).into_iter().map(|value| value.expect("JSON")).collect()
}

#[tokio::test]
async fn what_changes_runs_again_and_what_is_wrong_changes_nothing() {
    let running =
        dev(&["--watch", "a.yaml", "b.yaml"]).file("a.yaml", &set("1")).file("b.yaml", &set("10").replace("name: cli", "name: b")).start();
    says(&running, "waiting for a change", 1).await;
    running.save("a.yaml", &set("2").replace("set:", "ste:"));
    says(&running, "the last good version stays", 1).await;
    running.save("a.yaml", &set("3"));
    says(&running, "changed        a.yaml\n", 1).await;
    says(&running, " completed\n", 3).await;
    says(&running, "run it again  save a.yaml", 2).await;
    let stderr = running.stderr();
    running.signal("INT");
    let ended = running.end().await.with_code(0);
    ended.says(&["did you mean `set`?", "explain E0", "a.yaml:2:"]);
    assert_eq!(stderr.matches("  execution wex-").count(), 3, "{stderr}");
    let expected: Vec<_> = [1, 10, 3].map(|x| serde_json::json!({"x": x})).into();
    assert_eq!(outputs(&ended.stdout), expected);
}

#[tokio::test]
async fn a_change_cancels_the_run_that_it_concerns() {
    let long = document("do: [{w: {wait: {hours: 1}}}]");
    let running = dev(&["--watch", "a.yaml"]).file("a.yaml", &long).start();
    running.says("… w").await;
    running.save("other.yaml", "none of its files");
    running.save("a.yaml", &long.replace("wait", "wiat"));
    // What is wrong does not end it.
    says(&running, "the last good version stays", 1).await;
    running.save("a.yaml", &set("2"));
    says(&running, "a file has changed: cancelling wex-", 1).await;
    says(&running, "waiting for a change", 1).await;
    running.signal("TERM");
    let ended = running.end().await.with_code(0);
    ended.says(&[" cancelled\n", " completed\n"]);
    assert_eq!(outputs(&ended.stdout), [serde_json::json!({"x": 2})]);
}

#[tokio::test]
async fn files_that_are_written_together_are_one_change() {
    let ask = document("do: [{a: {call: agent, with: {agent: helper, message: hi}}}]");
    let helper = |reply: &str| format!("name: helper\nkind: scripted\nreply: {reply}\n");
    // It begins with a text that is wrong, and waits for a better one.
    let running = dev(&["--watch", "a.yaml"]).file("a.yaml", "do: [").file("agents/helper.yaml", &helper("one")).start();
    says(&running, "waiting for a change", 1).await;
    assert!(!running.stderr().contains("Temporal "), "nothing has started:\n{}", running.stderr());
    running.save("a.yaml", &ask);
    says(&running, "waiting for a change", 2).await;
    running.save("agents/helper.yaml", &helper("two"));
    running.save("a.yaml", &ask.replace("message: hi", "message: ho"));
    says(&running, "waiting for a change", 3).await;
    running.signal("INT");
    let ended = running.end().await.with_code(0);
    ended.says(&["changed        a.yaml, agents/helper.yaml\n"]);
    assert_eq!(outputs(&ended.stdout), [serde_json::json!({"value": "one"}), serde_json::json!({"value": "two"})]);
}

#[tokio::test]
async fn an_interrupt_ends_a_run_and_the_watching() {
    let running = dev(&["--watch", "a.yaml"]).file("a.yaml", &document("do: [{w: {wait: {hours: 1}}}]")).start();
    running.says("… w").await;
    running.signal("INT");
    running.end().await.with_code(130).says(&["cancelling wex-", " cancelled\n"]);
    dev(&["--watch", "--exit", "a.yaml"]).end().await.with_code(64);
    dev(&["--watch"]).end().await.with_code(64);
}
