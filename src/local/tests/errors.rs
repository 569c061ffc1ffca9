//! `raise`, `try`, `catch`, retry policies and time limits.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::mock::{Answer, Mock};
use super::{Report, Trial, faults, seconds, trial, yields};
use crate::effects::EffectError;

const GET: &str = "call: http, with: {method: get, endpoint: 'https://h.test/'}";

/// A mock that fails `times` with 503 before it answers.
fn failing(times: usize) -> std::rc::Rc<Mock> {
    let mut left = times;
    Mock::new(move |_| {
        if left == 0 {
            return Answer::now("fine");
        }
        left -= 1;
        Answer::error(EffectError::communication(503, "unavailable"))
    })
}

fn caught(catch: &str) -> String {
    format!("do:\n- t:\n    try:\n    - get: {{{GET}}}\n    catch: {catch}")
}

fn run(catch: &str, failures: usize) -> Report {
    Trial::new(&caught(catch), json!({"in": 1})).calls(&failing(failures)).run()
}

#[test]
fn raise_makes_exactly_the_error_that_is_given() {
    let raise = |error: &str| format!("do:\n- raiseError: {{raise: {{error: {error}}}}}");
    for (error, expected) in [
        ("{type: 'urn:x', status: 400}", json!({"type": "urn:x", "status": 400, "instance": "/do/0/raiseError"})),
        (
            "{type: 'urn:x', status: 400, title: '${ .t }', detail: d, instance: /my/own}",
            json!({"type": "urn:x", "status": 400, "title": "T", "detail": "d", "instance": "/my/own"}),
        ),
    ] {
        let report = trial(&raise(error), json!({"t": "T"}));
        assert_eq!(serde_json::to_value(report.fault()).unwrap(), expected);
        assert_eq!(report.fault().to_data().to_json(), expected);
    }
    faults(&[(
        "a type that is no text",
        &raise("{type: '${ {} }', status: 400}"),
        json!({}),
        "expression",
        "/do/0/raiseError",
        "must be text",
    )]);
}

#[test]
fn catch_filters_what_it_catches() {
    let output = |catch: &str| match run(&format!("{{{catch}, do: [{{h: {{set: {{caught: true}}}}}}]}}"), 1).outcome {
        super::Outcome::Completed(output) => output.to_json() == json!({"caught": true}),
        _ => false,
    };
    let with = |member: &str| format!("errors: {{with: {{{member}}}}}");
    for host in [
        "https://serverlessworkflow.io/spec/1.0.0/errors",
        "https://open-workflow-specification.org/dsl/errors/types",
        "http://serverlessworkflow.io.io/errors/types",
    ] {
        assert!(output(&with(&format!("type: {host}/communication"))), "{host}");
        assert!(!output(&with(&format!("type: {host}/timeout"))), "{host}");
    }
    assert!(!output(&with("type: https://elsewhere.test/spec/1.0.0/errors/communication")));
    assert!(output(&with("status: 503")) && !output(&with("status: 404")));
    assert!(output(&with("title: unavailable, instance: /do/0/t/try/0/get")) && !output(&with("title: unavailable, instance: /do/0/t")));
    assert!(output("when: $error.status == 503") && !output("when: $error.status == 404"));
    assert!(!output("exceptWhen: $error.status == 503") && output("exceptWhen: $error.status == 404"));
    assert!(!output("errors: {with: {status: 404}}, when: 'true'"), "all of them must hold");
}

#[test]
fn the_handler_sees_the_error_and_decides_the_flow() {
    let error = json!({
        "type": "https://serverlessworkflow.io/spec/1.0.0/errors/communication", "status": 503, "title": "unavailable", "instance": "/do/0/t/try/0/get",
    });
    assert_eq!(run("{as: err, do: [{h: {set: {e: '${ $err }', in: '${ .in }'}}}]}", 1).output(), json!({"e": error, "in": 1}));
    assert_eq!(run("{}", 1).output(), json!({"in": 1}), "caught without a handler: the input");
    assert_eq!(run("{as: err}", 0).output(), json!("fine"));
    let after = "\n    then: b\n- a: {set: {went: a}, then: end}\n- b: {set: {went: b}, then: end}\n- c: {set: {went: c}}";
    let went = |catch: &str, failures| Trial::new(&format!("{}{after}", caught(catch)), json!({})).calls(&failing(failures)).run().output();
    assert_eq!(
        (went("{then: c}", 1), went("{then: c}", 0), went("{}", 1)),
        (json!({"went": "c"}), json!({"went": "b"}), json!({"went": "b"}))
    );
}

#[test]
fn faults_of_handlers_and_conditions_are_not_caught_again() {
    let again = "{do: [{h: {raise: {error: {type: 'urn:again', status: 500}}}}]}";
    assert_eq!(run(again, 1).fault().type_, "urn:again");
    assert!(run("{when: '${ error(\"no\") }'}", 1).fault().type_.ends_with("/expression"));
    yields(&[(
        "an enclosing try catches them",
        "do:\n- o:\n    try:\n    - i: {try: [{r: {raise: {error: {type: 'urn:1', status: 500}}}}], catch: {do: [{h: {raise: {error: {type: 'urn:2', status: 500}}}}]}}\n    catch: {as: e, do: [{h: {set: {t: '${ $e.type }'}}}]}",
        json!({}),
        json!({"t": "urn:2"}),
    )]);
}

#[test]
fn retries_wait_as_the_policy_says() {
    let took = |retry: &str, failures| {
        let report = run(&format!("{{retry: {{{retry}}}}}"), failures);
        assert_eq!(report.output(), json!("fine"), "{retry}");
        report.took
    };
    assert_eq!(took("delay: {seconds: 2}", 3), seconds(6));
    assert_eq!(took("delay: {seconds: 2}, backoff: {linear: {}}", 3), seconds(2 + 4 + 6));
    assert_eq!(took("delay: {seconds: 2}, backoff: {exponential: {}}", 4), seconds(2 + 4 + 8 + 16));
    assert_eq!(took("limit: {attempt: {count: 4}}", 3), Duration::ZERO);
    let jittered = took("delay: {seconds: 1}, jitter: {from: {seconds: 1}, to: {seconds: 3}}", 1);
    assert!(jittered >= seconds(2) && jittered < seconds(4), "{jittered:?}");
    assert_eq!(jittered, took("delay: {seconds: 1}, jitter: {from: {seconds: 1}, to: {seconds: 3}}", 1), "the same seed");
}

#[test]
fn a_policy_that_is_used_up_ends_in_the_handler_or_in_the_error() {
    let report = run("{retry: {delay: {seconds: 1}, limit: {attempt: {count: 3}}}}", 9);
    assert_eq!((report.fault().status, report.took), (503, seconds(2)), "three attempts, two delays");
    assert_eq!(report.row("get").runs, 3);
    let handled = "{retry: {limit: {attempt: {count: 2}}}, do: [{h: {set: {gave: up}}}]}";
    assert_eq!(run(handled, 9).output(), json!({"gave": "up"}));
    assert_eq!(run("{retry: {when: $error.status == 404}, do: [{h: {set: {n: 1}}}]}", 9).output(), json!({"n": 1}));
    assert_eq!(run("{retry: {exceptWhen: $error.status == 503}, do: [{h: {set: {n: 1}}}]}", 9).output(), json!({"n": 1}));
    let report = run("{retry: {delay: {seconds: 4}, limit: {duration: {seconds: 10}}}}", 9);
    assert_eq!((report.fault().status, report.took), (503, seconds(8)), "a third delay would end after the limit");
}

#[test]
fn each_attempt_has_its_own_time() {
    let mut calls = 0;
    let slow_twice = Mock::new(move |_| {
        calls += 1;
        Answer::after(seconds(if calls < 3 { 60 } else { 1 }), "fine")
    });
    let retry = "{errors: {with: {status: 408}}, retry: {delay: {seconds: 1}, limit: {attempt: {duration: {seconds: 5}}}}}";
    let report = Trial::new(&caught(retry), json!({})).calls(&slow_twice).run();
    assert_eq!((report.output(), report.took), (json!("fine"), seconds(5 + 1 + 5 + 1 + 1)));
    assert_eq!(slow_twice.ids(), ["/do/0/t/try/0/get", "/do/0/t/try/0/get#2", "/do/0/t/try/0/get#3"]);
}

#[test]
fn time_limits_raise_408() {
    let rows: [(&str, &str, Value, &str, &str, &str); 4] = [
        ("a wait", "do:\n- w: {wait: {hours: 1}, timeout: {after: {seconds: 5}}}", json!({}), "timeout", "/do/0/w", "5s"),
        ("a list", "do:\n- l: {do: [{w: {wait: {hours: 1}}}], timeout: {after: PT5S}}", json!({}), "timeout", "/do/0/l", "5s"),
        (
            "from an expression",
            "do:\n- w: {wait: {hours: 1}, timeout: {after: '${ .d }'}}",
            json!({"d": "PT5S"}),
            "timeout",
            "/do/0/w",
            "5s",
        ),
        (
            "the inner one first",
            "do:\n- l: {do: [{w: {wait: {hours: 1}, timeout: {after: PT1S}}}], timeout: {after: PT5S}}",
            json!({}),
            "timeout",
            "/do/0/l/do/0/w",
            "1s",
        ),
    ];
    faults(&rows);
    let report = trial("timeout: {after: PT9S}\ndo:\n- w: {wait: {hours: 1}}", json!({}));
    assert_eq!((report.fault().status, report.took), (408, seconds(9)));
    let never = Mock::new(|_| Answer::never());
    let report = Trial::new(&format!("do:\n- get: {{{GET}, timeout: {{after: PT7S}}}}"), json!({})).calls(&never).run();
    assert_eq!((report.fault().status, report.fault().instance.as_deref(), report.took), (408, Some("/do/0/get"), seconds(7)));
    let emit = "do:\n- tell: {emit: {event: {with: {type: t}}}, timeout: {after: PT7S}}";
    let report = Trial::new(emit, json!({})).calls(&never).run();
    assert_eq!((report.fault().status, report.fault().instance.as_deref(), report.took), (408, Some("/do/0/tell"), seconds(7)));
    yields(&[(
        "an enclosing try catches it",
        "do:\n- t:\n    try: [{w: {wait: {hours: 1}, timeout: {after: PT1S}}}]\n    catch: {errors: {with: {type: 'https://serverlessworkflow.io/spec/1.0.0/errors/timeout'}}, do: [{h: {set: {late: true}}}]}",
        json!({}),
        json!({"late": true}),
    )]);
}
