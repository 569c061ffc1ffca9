use super::*;
use crate::handshake::operator::Kind;

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn step(kind: Kind, state: PendingState, attempt: u32) -> Step {
    Step {
        kind,
        workflow_id: "caller".to_owned(),
        run_id: "run".to_owned(),
        workflow_type: "Caller".to_owned(),
        activity_id: "it's".to_owned(),
        activity_type: "ExecuteWorkflow".to_owned(),
        attempt,
        maximum_attempts: 0,
        state,
        since: Some(at(100)),
        deadline: None,
        next_attempt: None,
        last_heartbeat: None,
        last_failure: None,
        input: None,
    }
}

fn child(status: WorkflowExecutionStatus, watch: WatchSeen, untouched: bool) -> Callee {
    Callee {
        workflow_id: "workflow-exec-wfx-1".to_owned(),
        run_id: "child-run".to_owned(),
        workflow_type: "ExecuteServerlessWorkflow".to_owned(),
        status,
        started_at: None,
        closed_at: None,
        watch,
        watch_heartbeat: None,
        untouched,
        waits_for: vec![],
    }
}

fn code(entry: &Entry, now: u64, watched: bool) -> Option<&'static str> {
    of(entry, at(now), watched).map(|trouble| trouble.code)
}

#[test]
fn what_is_wrong_with_a_child() {
    use WorkflowExecutionStatus::{Running, Terminated};
    let started = PendingState::Started;
    for (state, attempt, child, watched, now, want) in [
        (started, 1, Some(child(Running, WatchSeen::Held, false)), true, 9999, None),
        (started, 1, Some(child(Running, WatchSeen::NotYet, false)), true, 9999, None),
        (started, 1, Some(child(Running, WatchSeen::Missing, false)), true, 9999, Some("watch_missing")),
        (started, 1, Some(child(Running, WatchSeen::Missing, false)), false, 9999, None),
        (started, 1, Some(child(Running, WatchSeen::Waiting, false)), true, 9999, Some("watch_missing")),
        (started, 1, Some(child(Running, WatchSeen::NotYet, true)), true, 9999, Some("child_not_taken")),
        (started, 1, Some(child(Terminated, WatchSeen::NotYet, false)), true, 9999, Some("child_closed")),
        (started, 1, None, true, 9999, Some("no_child")),
        (started, 1, None, true, 110, None),
        (started, 2, None, true, 110, Some("no_child")),
        (PendingState::Scheduled, 1, None, true, 9999, Some("not_taken")),
        (PendingState::Scheduled, 2, None, true, 9999, None),
        (PendingState::Paused, 1, None, true, 9999, Some("paused")),
    ] {
        let side = Side::Child { execution_id: Ok("wfx-1".to_owned()), child };
        let entry = Entry { step: step(Kind::ExecuteWorkflow, state, attempt), side };
        assert_eq!(code(&entry, now, watched), want, "{state:?} {attempt} {now}");
    }
    let side = Side::Child { execution_id: Err("no".to_owned()), child: None };
    let entry = Entry { step: step(Kind::ExecuteWorkflow, started, 1), side };
    assert_eq!(code(&entry, 9999, true), Some("unreadable"));
    assert!(
        of(&entry, at(9999), true).unwrap().then.contains(r"fail caller --activity 'it'\''s' --message"),
        "what can be copied is quoted"
    );
}

#[test]
fn what_is_wrong_with_an_agent() {
    use ExecutionPhase::{ExecutionCompleted as Completed, ExecutionInProgress as Working};
    let open = Some(WorkflowExecutionStatus::Running);
    let found = |phase, workflow| AgentSeen::Found { id: "aex-1".to_owned(), phase, workflow };
    for (seen, want) in [
        (AgentSeen::NotAsked, None),
        (AgentSeen::None, Some("agent_gone")),
        (found(Working, open), None),
        (found(Working, None), Some("agent_gone")),
        (found(Working, Some(WorkflowExecutionStatus::Failed)), Some("agent_gone")),
        (found(Completed, open), Some("callback_lost")),
        (found(Completed, None), Some("callback_lost")),
    ] {
        let side = Side::Agent { agent: "a".to_owned(), tag: "wr-1".to_owned(), seen: seen.clone() };
        let entry = Entry { step: step(Kind::CallAgent, PendingState::Started, 1), side };
        assert_eq!(code(&entry, 9999, true), want, "{seen:?}");
    }
}

#[test]
fn words_for_people() {
    assert_eq!(phase_word(ExecutionPhase::ExecutionInProgress), "in_progress");
    assert_eq!(phase_word(ExecutionPhase::Unspecified), "unspecified");
    assert_eq!(status_word(WorkflowExecutionStatus::TimedOut), "TimedOut");
}
