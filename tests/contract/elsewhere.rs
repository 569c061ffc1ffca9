//! Rows that no table of these holds: those on the inside of the original, each with the reason, and those that have a test of their own, by
//! its name.

use std::path::Path;

/// Rows on units of the original that nobody outside could see.
const INSIDE: [(&str, &str); 12] = [
    ("D6–D8", "when a history is long enough to go on in a new run: the server suggests it, and `continue_after` is the only other reason"),
    (
        "D9–D10",
        "the marker that the original wrote into the workflow's data. Here a cursor travels beside the input, and data is the document's alone",
    ),
    ("D11–D12", "skipping tasks until a marker is met. A cursor goes on where the run stood, also within loops and branches"),
    (
        "F1",
        "builders, one object for each type of task: the plan has no such thing, and that each type runs is held by the row of that name",
    ),
    (
        "O1",
        "merging `metadata.activityOptions` into one retry policy of the process. Metadata is the author's own; the language has `try` and `timeout`",
    ),
    ("K1", "a compressor for claim-checked payloads: there is no claim check"),
    ("K2", "references that stand for claim-checked values: an output that is too large is a clear failure that names size and limit"),
    ("K3", "a store for them in the file system"),
    ("K4", "a store for them behind S3"),
    (
        "golden",
        "the files themselves: the patterns in them are rows of `flow.rs`, and `examples/` has a document for each type of task, run by a test",
    ),
    ("8.14.1 input keys", "the child's input is our own on both sides: snake case here. The original's keys are read too (`platform.rs`)"),
    (
        "8.14.5 skip list",
        "activities that tell of themselves. Here the workflow tells what its tasks do: nothing to leave out, and no name to cut out of an id",
    ),
];

/// The seven scenarios of the token handshake (8.14.4), and rows whose test stands elsewhere: what, file, name of the test.
const ELSEWHERE: [(&str, &str, &str); 14] = [
    ("8.14.4 success", "handshake/happy_path.rs", "a_workflow_with_an_agent_step_goes_through_both_handshakes"),
    (
        "8.14.4 the agent fails",
        "handshake/row_14_silent_agent.rs",
        "an_agent_that_failed_without_calling_back_fails_the_step_with_its_error",
    ),
    ("8.14.4 no token", "handshake/row_12_no_token.rs", "a_failing_run_without_a_token_fails_with_its_own_error"),
    ("8.14.4 timeout", "handshake/row_05_stale_token.rs", "an_activity_that_timed_out_is_closed"),
    ("8.14.4 the worker restarts", "handshake/row_19_kill_at_any_instant.rs", "before_the_delivering_call"),
    ("8.14.4 many at once", "handshake/many_at_once.rs", "fifty_handshakes_are_pending_on_ten_free_slots"),
    ("8.14.4 a corrupted token", "handshake/row_13_garbage_token.rs", "what_cannot_be_a_callback_is_refused_before_any_task_runs"),
    ("8.14.3 completion in other encodings", "handshake/foreign_encodings.rs", "an_unfinished_object_in_binary_protobuf_is_read_back"),
    (
        "8.14.3 one agent, however often it is asked",
        "handshake/row_01_one_child.rs",
        "a_step_whose_agent_was_created_in_an_earlier_attempt_creates_no_second_one",
    ),
    ("8.14.8 a secret stands in no event", "secrets.rs", "a_secret_reaches_the_other_side_and_stands_nowhere_else"),
    ("8.14.8 a secret that nobody has", "secrets.rs", "a_secret_that_nobody_has_is_403_and_named"),
    ("8.14.9 lists in lists", "durable/long_runs.rs", "a_run_goes_on_in_new_ones_from_any_depth"),
    ("8.14.9 a cancelled caller", "handshake/row_08_cancelled_caller.rs", "a_caller_that_waits_for_the_cancellation_is_told_of_it"),
    ("AC1 an activity of another worker", "durable/programs.rs", "an_activity_is_called_only_where_it_is_allowed"),
];

#[test]
fn what_is_said_to_stand_elsewhere_does() {
    for (row, file, name) in ELSEWHERE {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(file);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{row}: {file}: {error}"));
        assert!(text.contains("#[tokio::test") && text.contains(&format!("async fn {name}()")), "{row}: {file} has no test {name}");
    }
    assert!(INSIDE.iter().all(|(row, reason)| !row.is_empty() && !reason.is_empty()));
}
