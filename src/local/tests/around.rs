//! What stands around a task's definition: schemas, extensions, functions, authentication.

use serde_json::{Value, json};

use super::super::mock::{Answer, Mock};
use super::{Data, Trial, faults, trial, yields};

fn schema(schema: &str) -> String {
    format!("{{document: {schema}}}")
}

#[test]
fn schemas_are_asked_at_their_places() {
    let (number, text) = (schema("{type: object, required: [n], properties: {n: {type: number}}}"), schema("{type: string}"));
    let task = |more: &str| format!("do:\n- a: {{set: {{x: 1}}, {more}}}");
    yields(&[
        ("the raw input", &task(&format!("input: {{schema: {number}, from: .n}}")), json!({"n": 1}), json!({"x": 1})),
        ("the transformed output", &task(&format!("output: {{schema: {text}, as: '${{ \"t\" }}'}}")), json!(null), json!("t")),
        ("skipped", &task(&format!("if: 'false', input: {{schema: {number}}}")), json!(null), json!(null)),
        (
            "a context that does not fit is none",
            &format!(
                "do:\n- t: {{try: [{{a: {{set: {{x: 1}}, export: {{as: '${{ 1 }}', schema: {text}}}}}}}], catch: {{as: e, do: [{{h: {{set: {{s: '${{ $e.status }}', c: '${{ $context }}'}}}}}}]}}}}"
            ),
            json!(null),
            json!({"s": 400, "c": null}),
        ),
        (
            "the workflow's own",
            &format!(
                "input: {{schema: {number}, from: .n}}\noutput: {{schema: {text}, as: '${{ \"t\" }}'}}\ndo:\n- a: {{set: '${{ . }}'}}"
            ),
            json!({"n": 1}),
            json!("t"),
        ),
    ]);
    let wrong = json!({"n": "one"});
    faults(&[
        (
            "input",
            &task(&format!("input: {{schema: {number}, from: '${{ {{n: 1}} }}'}}")),
            wrong.clone(),
            "validation",
            "/do/0/a",
            "task input does not fit its schema: /n",
        ),
        ("output", &task(&format!("output: {{schema: {text}}}")), json!(null), "validation", "/do/0/a", "task output"),
        ("export", &task(&format!("export: {{as: '${{ 1 }}', schema: {text}}}")), json!(null), "validation", "/do/0/a", "exported context"),
        ("workflow input", &format!("input: {{schema: {number}}}\ndo: []"), wrong, "validation", "/input/schema", "workflow input"),
        ("workflow output", &format!("output: {{schema: {text}}}\ndo: []"), json!(1), "validation", "/output/schema", "workflow output"),
    ]);
}

/// Extensions `e0`, `e1` … around tasks of a kind, and the tasks.
fn extended(extensions: &[&str], tasks: &str) -> String {
    let extensions = extensions.iter().enumerate().map(|(at, extension)| format!("  - e{at}: {extension}")).collect::<Vec<_>>().join("\n");
    format!("use:\n  extensions:\n{extensions}\ndo:\n{tasks}")
}

#[test]
fn extensions_stand_around_a_task_in_order() {
    let log = |at: usize| {
        format!(
            "{{extend: set, before: [{{b{at}: {{set: {{logged: '${{ . }}'}}}}}}], after: [{{a{at}: {{set: {{logged: '${{ . }}'}}}}}}]}}"
        )
    };
    let tasks = extended(&[&log(0), &log(1)], "- s: {input: {from: .n}, set: {m: '${ . + 1 }'}}\n- w: {do: []}\n- t: {set: '${ .m }'}");
    let report = trial(&tasks, json!({"n": 1}));
    assert_eq!(report.output(), json!(2), "an extension that logs changes nothing");
    let first: Vec<&str> = report.trace.iter().take(10).map(String::as_str).collect();
    assert_eq!(first, ["start s", "start b0", "end b0", "start b1", "end b1", "start a1", "end a1", "start a0", "end a0", "end s"]);
    assert_eq!(report.row("b0").output.as_ref().map(Data::to_json), Some(json!({"logged": {"m": 2}})));
    assert_eq!((report.row("a0").runs, report.trace.len()), (2, 22));
}

#[test]
fn extensions_may_answer_for_a_task() {
    let exit = "{extend: call, when: $input.cached, before: [{b: {set: {from: cache}, then: exit}}, {never: {set: {x: 1}}}], after: [{no: {set: {x: 1}}}]}";
    let around = "{extend: all, before: [{x: {set: {a: 1}, then: continue}}], after: [{yes: {set: {x: 1}}}]}";
    let call = "- c: {call: http, with: {method: get, endpoint: 'https://h.test/'}, output: {as: '{ o: . }'}}";
    let tasks = extended(&[around, exit, "{extend: call, before: [{inside: {set: {x: 1}}}]}"], call);
    let run = |cached: bool| {
        let calls = Mock::new(|_| Answer::now("called"));
        let report = Trial::new(&tasks, json!({ "cached": cached })).calls(&calls).run();
        (report.output(), report.traced("end yes"), report.traced("end no"), report.traced("end inside"), calls.ids().len())
    };
    assert_eq!(run(true), (json!({"o": {"from": "cache"}}), true, false, false, 0));
    assert_eq!(run(false), (json!({"o": "called"}), true, false, true, 1), "`when` is false: neither before nor after");
}

#[test]
fn faults_and_ends_of_extensions_are_the_tasks() {
    let raise = "{raise: {error: {type: 'urn:x', status: 418}}}";
    let caught = "- t: {try: [{s: {set: {x: 1}}}], catch: {as: e, do: [{h: {wait: {}}}]}, output: {as: '$task.name'}}";
    let tasks = extended(&[&format!("{{extend: set, before: [{{b: {raise}}}], after: [{{never: {{wait: {{}}}}}}]}}")], caught);
    let report = trial(&tasks.replace("wait: {}", "wait: {seconds: 1}"), json!({}));
    assert_eq!((report.output(), report.traced("fail s"), report.traced("start never")), (json!("t"), true, false));
    let tasks = extended(&[&format!("{{extend: set, after: [{{a: {raise}}}]}}")], "- s: {set: {x: 1}}");
    assert_eq!(trial(&tasks, json!({})).fault().instance.as_deref(), Some("/use/extensions/0/e0/after/0/a"));
    let tasks = extended(&["{extend: set, before: [{b: {do: [{c: {wait: {seconds: 1}, then: end}}]}}]}"], "- s: {set: {x: 1}}");
    assert_eq!(trial(&tasks, json!({"in": 1})).output(), json!({"in": 1}), "end from a `before` ends the workflow");
    let tasks = extended(
        &["{extend: wait, when: '$task.name == \"w\"', before: [{b: {set: {x: 1}}}]}"],
        "- w: {wait: {seconds: 1}}\n- v: {wait: {seconds: 1}}",
    );
    assert_eq!(trial(&tasks, json!({})).row("b").runs, 1, "`$task` is the extended task");
}

#[test]
fn functions_are_tasks_with_a_data_flow_of_their_own() {
    let functions = "use:\n  functions:\n    double: {input: {schema: {document: {required: [n]}}}, set: {n: '${ .n * 2 }'}, output: {as: .n}, export: {as: '{ last: . }'}}\n    get: {do: [{g: {call: http, with: {method: get, endpoint: 'https://h.test/'}}}]}\n    bad: {do: [{r: {raise: {error: {type: 'urn:/x', status: 500}}}}]}\n    stop: {set: {stopped: true}, then: end}\n";
    let with = |tasks: &str| format!("{functions}do:\n{tasks}");
    yields(&[
        ("with", &with("- a: {call: double, with: {n: '${ .m }'}}"), json!({"m": 4}), json!(8)),
        ("the task's input without it", &with("- a: {call: double}"), json!({"n": 5}), json!(10)),
        ("its export", &with("- a: {call: double}\n- b: {set: {c: '${ $context }'}}"), json!({"n": 1}), json!({"c": {"last": 2}})),
        ("output of the call", &with("- a: {call: double, output: {as: '{ o: . }'}}"), json!({"n": 1}), json!({"o": 2})),
        ("end", &with("- a: {call: stop}\n- b: {set: {never: 1}}"), json!({}), json!({"stopped": true})),
    ]);
    faults(&[
        ("its own place", &with("- a: {call: bad}"), json!({}), "x", "/use/functions/bad/do/0/r", "500"),
        ("its schema", &with("- a: {call: double}"), json!({}), "validation", "/use/functions/double", "task input"),
    ]);
    let calls = Mock::echo();
    Trial::new(&with("- l: {for: {in: '${ [1, 2] }'}, do: [{a: {call: get}}, {b: {call: get}}]}\n- c: {call: get}"), json!({}))
        .calls(&calls)
        .run();
    let id = "/use/functions/get/do/0/g";
    assert_eq!(calls.ids(), ["[0]", "[0]#2", "[1]", "[1]#2", ""].map(|rest| format!("{id}{rest}")));
}

#[test]
fn a_call_that_has_authentication_shows_it() {
    let seen = |authentication: &str| {
        let task = format!(
            "do:\n- c: {{call: http, with: {{method: get, endpoint: {{uri: 'https://h.test/', authentication: {authentication}}}, body: '${{ $authorization }}'}}, output: {{as: '[., $authorization]'}}}}"
        );
        let calls = Mock::new(|call| Answer::now(call.input.get("body").unwrap_or_default()));
        let output = Trial::new(&task, json!({"u": "me"})).calls(&calls).run().output();
        assert_eq!(output[0], output[1], "the same in the definition and after it");
        output[0].clone()
    };
    let of = |scheme: &str, parameter: Value| json!({"scheme": scheme, "parameter": parameter});
    assert_eq!(seen("{basic: {username: '${ .u }', password: pw}}"), of("Basic", json!("bWU6cHc=")));
    assert_eq!(seen("{bearer: {token: '${ .u + \"!\" }'}}"), of("Bearer", json!("me!")));
    assert_eq!(seen("{digest: {username: u, password: pw}}"), of("Digest", json!(null)));
    yields(&[("no authentication", "do:\n- a: {set: {x: '${ $authorization }'}}", json!({}), json!({"x": null}))]);
}
