//! `emit` and `listen`, with events that come at their times.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use super::*;
use crate::config::{EventSettings, EventSink, HttpSettings};
use crate::effects::events::Sink;
use crate::engine::host::{Effect, Handover};
use crate::local::events::scripted;
use crate::local::mock::Answer;

/// An event of this type whose id tells its data.
#[allow(clippy::needless_pass_by_value, reason = "written as `json!`")]
fn event(type_: &str, data: Value) -> Value {
    json!({"specversion": "1.0", "id": format!("{type_} {data}"), "source": "/test", "type": type_, "data": data})
}

/// One `listen` task of this content, in YAML flow style.
fn listen(to: &str) -> String {
    format!("do:\n- hear: {{listen: {{to: {to}}}}}")
}

fn heard(tasks: &str, events: &[(u64, Value)]) -> Report {
    Trial::new(tasks, json!({"customer": "c1", "low": 38})).events(events).run()
}

#[test]
fn an_emitted_event_is_whole_and_always_the_same() {
    let mock = Mock::new(|_| Answer::now(json!(null)));
    let tasks = "do:\n- wait: {wait: PT1S}\n- tell:\n    emit: {event: {with: {type: t, subject: '${ .none }', roomid: 7, data: {a: '${ .customer }'}}}}";
    let report = Trial::new(tasks, json!({"customer": "c1"})).calls(&mock).run();
    let again = Trial::new(tasks, json!({"customer": "c1"})).calls(&mock).run();
    let output = report.output();
    assert_eq!(output, again.output(), "a replay makes the same event");
    let id = output["id"].as_str().unwrap();
    assert_eq!(id.len(), 36);
    let expected = json!({"specversion": "1.0", "id": id, "source": "/test/test/0.1.0", "time": "1970-01-01T00:00:01Z", "type": "t", "roomid": 7,
        "data": {"a": "c1"}});
    assert_eq!((&output, mock.seen()[0].input.to_json()), (&expected, json!({"event": expected})));
}

#[test]
fn each_emission_has_its_own_id_and_what_is_given_wins() {
    let mock = Mock::new(|call| {
        assert_eq!((call.effect, call.local), (Effect::Emit, true));
        Answer::now(json!(null))
    });
    let tasks = "do:\n- loop:\n    for: {in: '[1, 2]'}\n    do:\n    - tell: {emit: {event: {with: {type: t}}}}\n- fixed:\n    emit: {event: {with: {id: x, source: /s, time: '2026-01-01T00:00:00Z', type: u}}}";
    let report = Trial::new(tasks, json!({})).calls(&mock).run();
    assert_eq!(report.output(), json!({"specversion": "1.0", "id": "x", "source": "/s", "time": "2026-01-01T00:00:00Z", "type": "u"}));
    let ids: Vec<_> = mock.seen().iter().map(|seen| seen.input.to_json()["event"]["id"].clone()).collect();
    assert!(ids[0] != ids[1] && ids[2] == json!("x"), "{ids:?}");
}

#[test]
fn what_is_no_event_is_not_emitted() {
    faults(&[
        (
            "a type that is no text",
            "do:\n- tell: {emit: {event: {with: {type: '${ 7 }'}}}}",
            json!({}),
            "validation",
            "/do/0/tell",
            "`type`",
        ),
        ("a name", "do:\n- tell: {emit: {event: {with: {type: t, roomId: x}}}}", json!({}), "validation", "/do/0/tell", "`roomId`"),
    ]);
}

#[test]
fn strategies() {
    let (a, b) = (|n: i64| event("a", json!(n)), |n: i64| event("b", json!(n)));
    let one = |type_: &str| format!("{{with: {{type: {type_}}}}}");
    let (fa, fb) = (one("a"), one("b"));
    for (what, to, events, output) in [
        ("one: a list of one", format!("{{one: {fa}}}"), vec![(1, b(1)), (2, a(2)), (3, a(3))], json!([2])),
        ("all: each once, in any order", format!("{{all: [{fa}, {fb}]}}"), vec![(1, b(1)), (2, b(2)), (3, a(3))], json!([1, 3])),
        ("any: the first", format!("{{any: [{fa}, {fb}]}}"), vec![(1, b(1)), (2, a(2))], json!([1])),
        ("any of none: every event", "{any: []}".to_owned(), vec![(1, event("c", json!(5)))], json!([5])),
        (
            "until an expression is true of what was consumed",
            format!("{{any: [{fa}], until: length == 2}}"),
            vec![(1, a(1)), (2, b(2)), (3, a(3)), (4, a(4))],
            json!([1, 3]),
        ),
        (
            "until events that are not in the output",
            format!("{{any: [], until: {{one: {fb}}}}}"),
            vec![(1, a(1)), (2, a(2)), (3, b(3)), (4, a(4))],
            json!([1, 2]),
        ),
        (
            "until all of several",
            format!("{{any: [{fa}], until: {{all: [{fb}, {}]}}}}", one("c")),
            vec![(1, b(1)), (2, a(2)), (3, b(3)), (4, event("c", json!(4)))],
            json!([2]),
        ),
    ] {
        assert_eq!(heard(&listen(&to), &events).output(), output, "{what}");
    }
}

#[test]
fn filters() {
    let whole = json!({"specversion": "1.0", "id": "1", "source": "https://s.test/a", "type": "com.acme.paid", "subject": "c1", "prio": 7,
        "data": {"temperature": 39, "order": {"id": "o1", "tags": ["x"]}}});
    for (with, hears) in [
        ("{type: com.acme.paid}", true),
        (r"{type: 'com\.acme\..*'}", true),
        ("{type: acme}", false),
        ("{source: 'https://(s|t).test/.*', type: com.acme.paid}", true),
        ("{subject: '${ .customer }'}", true),
        ("{subject: '${ .customer + \"|.*\" }'}", false),
        ("{prio: 7}", true),
        ("{prio: '7'}", true),
        ("{prio: 8}", false),
        ("{missing: x}", false),
        ("{data: '${ .temperature > 38 }'}", true),
        ("{data: '${ .temperature > 39 }'}", false),
        ("{data: '${ .temperature > $input.low }'}", true),
        ("{data: '${ .approved }'}", false),
        ("{data: '${ {order: {id: \"o1\"}} }'}", true),
        ("{data: '${ .order.id.x }'}", false),
        ("{data: {order: {id: 'o\\d'}}}", true),
        ("{data: {order: {id: '${ \"o\" + \"1\" }'}}}", true),
        ("{data: {order: {id: '${ \"o.*\" }'}}}", false),
        ("{data: {order: {tags: []}}}", false),
    ] {
        let tasks = format!("do:\n- hear: {{listen: {{to: {{one: {{with: {with}}}}}}}, timeout: {{after: PT1M}}}}");
        let report = heard(&tasks, &[(1, whole.clone())]);
        assert_eq!(matches!(report.outcome, Outcome::Completed(_)), hears, "{with}: {:?}", report.outcome);
    }
    let fault = heard(&listen("{one: {with: {subject: '${ .nobody }'}}}"), &[]);
    assert!(fault.fault().to_string().contains("no event has null as its `subject`"), "{}", fault.fault());
}

#[test]
fn correlated_events_agree() {
    let reading = |type_: &str, room: &str| json!({"specversion": "1.0", "id": "1", "source": "/s", "type": type_, "roomid": room});
    let filter = |type_: &str| format!("{{with: {{type: {type_}}}, correlate: {{room: {{from: .roomid}}}}}}");
    let to = format!("{{to: {{all: [{}, {}]}}, read: envelope}}", filter("t"), filter("h"));
    let tasks = format!("do:\n- hear: {{listen: {to}, output: {{as: '[.[].roomid]'}}}}");
    let events =
        [(1, reading("t", "1")), (2, reading("h", "2")), (3, json!({"specversion": "1.0", "id": "1", "source": "/s", "type": "h"}))];
    let more = [(4, reading("t", "2")), (5, reading("h", "1"))];
    assert_eq!(heard(&tasks, &[&events[..], &more[..]].concat()).output(), json!(["1", "1"]));

    let expected = listen("{one: {with: {type: t}, correlate: {c: {from: .data.customer, expect: '${ .customer }'}}}}");
    let events = [(1, event("t", json!({"customer": "c2"}))), (2, event("t", json!({"customer": "c1", "n": 2})))];
    assert_eq!(heard(&expected, &events).output(), json!([{"customer": "c1", "n": 2}]));
}

#[test]
fn events_are_read_as_data_envelope_or_raw() {
    let sent = event("t", json!({"b": 1}));
    for (read, output) in [("data", json!([{"b": 1}])), ("envelope", json!([sent])), ("raw", json!([r#"{"b":1}"#]))] {
        let tasks = format!("do:\n- hear: {{listen: {{to: {{any: []}}, read: {read}}}}}");
        assert_eq!(heard(&tasks, &[(1, sent.clone())]).output(), output, "{read}");
    }
}

#[test]
fn foreach_works_events_off_one_after_the_other() {
    let tasks = "
do:
- hear:
    listen: {to: {any: [], until: '(. | length) == 3'}}
    foreach:
      item: event
      at: i
      do:
      - slow: {wait: PT10S}
      - shape: {set: {n: '${ $event }', i: '${ $i }', customer: '${ .customer }'}}
      output: {as: '[.n, .i, .customer, $event]'}
      export: {as: '{last: $output}'}
- after: {set: {heard: '${ . }', context: '${ $context }'}}";
    let events = [(1, event("a", json!(5))), (2, event("a", json!(6))), (3, event("b", json!(7)))];
    let report = heard(tasks, &events);
    let output = json!([[5, 0, "c1", 5], [6, 1, "c1", 6], [7, 2, "c1", 7]]);
    assert_eq!(report.output(), json!({"heard": output, "context": {"last": output[2]}}));
    assert_eq!(report.took, seconds(31), "from the first event on, ten seconds each");

    let shaped = "do:\n- hear:\n    listen: {to: {any: []}}\n    foreach: {output: {as: .n}}";
    assert_eq!(heard(shaped, &[(1, event("a", json!({"n": 1})))]).output(), json!([1]));
}

#[test]
fn what_came_early_is_heard_and_what_was_taken_is_gone() {
    let tasks = "
do:
- first: {wait: PT10S}
- one: {listen: {to: {one: {with: {type: a}}}}, export: {as: '{one: $output}'}}
- two: {listen: {to: {any: [], until: length == 2}}, export: {as: '$context + {two: $output}'}}
- last: {set: '${ $context }'}";
    let events = [(1, event("b", json!(1))), (2, event("a", json!(2))), (3, event("a", json!(3)))];
    assert_eq!(heard(tasks, &events).output(), json!({"one": [2], "two": [1, 3]}));
}

#[test]
fn branches_that_listen_each_hear_an_event() {
    let branch = |name: &str| format!("{{{name}: {{do: [{{hear: {{listen: {{to: {{one: {{with: {{type: a}}}}}}}}}}}}]}}}}");
    let tasks = format!("do:\n- both: {{fork: {{branches: [{}, {}]}}}}", branch("l"), branch("r"));
    assert_eq!(heard(&tasks, &[(1, event("a", json!(1)))]).output(), json!([[1], [1]]));
}

#[test]
fn a_listener_ends_by_its_timeout_its_workflows_cancellation_or_not_at_all() {
    let limited = "do:\n- hear: {listen: {to: {one: {with: {type: a}}}}, timeout: {after: PT30S}}";
    let report = heard(limited, &[(1, event("b", json!(1)))]);
    assert_eq!((report.fault().status, report.fault().instance.as_deref(), report.took), (408, Some("/do/0/hear"), seconds(30)));
    let report = Trial::new(&listen("{any: [], until: 'false'}"), json!({})).cancel_after(seconds(5)).run();
    assert_eq!((&report.outcome, report.took), (&Outcome::Cancelled, seconds(5)));
    assert!(heard(&listen("{any: [], until: 'false'}"), &[(1, event("a", json!(1)))]).fault().to_string().contains("stuck"));
}

#[test]
fn end_in_foreach_ends_the_workflow_and_a_fault_the_task() {
    let tasks = |then: &str| {
        format!(
            "do:\n- hear:\n    listen: {{to: {{any: [], until: '${{ false }}'}}}}\n    foreach: {{do: [{then}]}}\n- never: {{set: {{never: 1}}}}"
        )
    };
    let events = [(1, event("a", json!(1))), (2, event("a", json!(2)))];
    let end = "{look: {switch: [{second: {when: $item == 2, then: stop}}, {other: {then: exit}}]}}, {stop: {set: '${ $item }', then: end}}";
    assert_eq!(heard(&tasks(end), &events).output(), json!(2));
    let raise = "{stop: {raise: {error: {type: 'urn:x', status: 500}}}}";
    assert_eq!(heard(&tasks(raise), &events).fault().instance.as_deref(), Some("/do/0/hear/foreach/do/0/stop"));
}

#[test]
fn what_is_no_event_is_not_heard() {
    let events = [(1, json!({"type": "a"})), (2, json!("x")), (3, event("a", json!(3)))];
    assert_eq!(heard(&listen("{any: []}"), &events).output(), json!([3]));
}

#[test]
fn a_listener_holds_only_so_much() {
    let events: Vec<_> = (1..5).map(|n| (n, event("a", json!("x".repeat(300_000))))).collect();
    let fault = heard(&listen("{any: [], until: length == 9}"), &events);
    assert!(fault.fault().to_string().contains("holds too much"), "{}", fault.fault());
    let endless =
        "do:\n- hear:\n    listen: {to: {any: [], until: 'false'}}\n    foreach: {do: [{n: {set: {n: 1}}}]}\n  timeout: {after: PT1M}";
    let endless = endless.replace("  timeout", "    timeout");
    assert_eq!(heard(&endless, &events).fault().status, 408, "it keeps nothing that nobody will ask for");
}

#[tokio::test(flavor = "current_thread")]
async fn the_lifecycle_goes_to_the_sink_in_order() {
    crate::effects::http::use_ring();
    let seen: Arc<Mutex<Vec<Value>>> = Arc::default();
    let took = seen.clone();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let take = move |body: String| async move { took.lock().expect("not poisoned").push(serde_json::from_str(&body).expect("JSON")) };
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().route("/", axum::routing::post(take))).await });

    let settings = EventSettings { sink: EventSink::Http(url.parse().expect("a URL")), ..EventSettings::default() };
    let http = HttpSettings { environment_proxy: false, ..HttpSettings::default() };
    let tasks = "do:\n- hear: {listen: {to: {one: {with: {type: a}, correlate: {c: {from: .data}}}}}}\n- stop: {raise: {error: {type: 'urn:x', status: 500}}}";
    let clock = Clock::starting_at(Timestamp::UNIX_EPOCH);
    let mut options = Options::new(Start::new("wf-1", data(json!({})), Timestamp::UNIX_EPOCH), clock.clone(), Mock::echo());
    options.events = Some(scripted(&clock, vec![(seconds(5), data(event("a", json!(1))))]));
    options.lifecycle = Some(Sink::new(&settings, &http).expect("a client"));
    let outcome = crate::local::drive(&plan(tasks), options).await;
    assert!(matches!(outcome, Outcome::Faulted(_)), "{outcome:?}");

    let seen = seen.lock().expect("not poisoned");
    let types: Vec<_> = seen.iter().map(|event| event["type"].as_str().expect("text").to_owned()).collect();
    let expected = [
        "workflow.started",
        "task.created",
        "task.started",
        "workflow.correlation-started",
        "workflow.correlation-completed",
        "task.completed",
        "task.created",
        "task.started",
        "task.faulted",
        "workflow.faulted",
    ];
    assert_eq!(types, expected.map(|name| format!("io.serverlessworkflow.{name}.v1")));
    let instance = json!("wf-1.test");
    assert_eq!(
        seen[0]["data"],
        json!({"name": instance, "startedAt": "1970-01-01T00:00:00Z",
        "definition": {"name": "test", "namespace": "test", "version": "0.1.0"}})
    );
    let error = json!({"type": "urn:x", "status": 500, "instance": "/do/1/stop"});
    assert_eq!(seen[8]["data"], json!({"workflow": instance, "task": "/do/1/stop", "faultedAt": "1970-01-01T00:00:05Z", "error": error}));
    assert_eq!((&seen[9]["data"]["error"], &seen[9]["source"]), (&error, &json!("/test/test/0.1.0")));
    let ids: BTreeSet<_> = seen.iter().map(|event| event["id"].as_str().expect("text")).collect();
    assert_eq!(ids.len(), seen.len());
}

#[test]
fn a_listener_is_handed_over_wherever_it_rests() {
    let tasks = "
do:
- early: {wait: PT2S}
- both:
    fork:
      branches:
      - all: {listen: {to: {all: [{with: {type: a}, correlate: {c: {from: .data.c}}}, {with: {type: b, subject: '${ .customer }'}}, {with: {type: c}, correlate: {c: {from: .data.c}}}]}, read: envelope}, output: {as: '[.[].id]'}}
      - each:
          listen: {to: {any: [], until: '(. | length) == 5'}}
          foreach:
            item: event
            at: i
            do:
            - one: {wait: PT2S}
            - two: {set: {n: '${ $event }', i: '${ $i }'}}
            - three: {wait: PT1S}
            output: {as: '[.n, .i]'}
            export: {as: '($context // []) + [$output]'}
- later: {listen: {to: {any: [{with: {type: a}}], until: {one: {with: {type: z}}}}}, output: {as: '{later: ., context: $context, both: $input}'}}";
    let about = |type_: &str, id: &str, c: i64| json!({"specversion": "1.0", "id": id, "source": "/s", "type": type_, "subject": "c1", "data": {"c": c}});
    let events = [
        (1, about("a", "a1", 1)),
        (3, about("c", "c2", 2)),
        (4, about("b", "b1", 9)),
        (9, about("c", "c1", 1)),
        (20, about("a", "a2", 3)),
        (30, about("a", "a3", 4)),
        (40, about("a", "a4", 6)),
        (50, about("z", "z1", 5)),
    ];
    let run = |relay: Option<Rc<dyn Relay>>| {
        let mut trial = Trial::new(tasks, json!({"customer": "c1"})).events(&events);
        if let Some(relay) = relay {
            trial = trial.relay(relay);
        }
        let report = trial.run();
        (report.output(), report.trace, report.took)
    };
    let once = run(None);
    assert_eq!(once.0["both"][0], json!(["a1", "b1", "c1"]));
    assert_eq!((&once.0["later"], once.0["context"].as_array().map(Vec::len)), (&json!([{"c": 6}]), Some(5)));
    assert_eq!(once.0["both"][1][4], json!([{"c": 4}, 4]), "a1 was taken before the other branch began to listen");
    for every in 1..5 {
        let relay = super::handover::Every::new(Handover::WhenIdle, every);
        assert_eq!(run(Some(relay.clone())), once, "at each {every}");
        assert!(!relay.cursors.borrow().is_empty());
    }
}
