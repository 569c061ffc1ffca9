//! `if`, `input`, `output`, `export`, and what the variables hold where.

use serde_json::json;

use super::{Trial, data, faults, trial, yields};

#[test]
fn values_flow_through_a_task_in_order() {
    yields(&[
        ("input.from", "do:\n- a: {input: {from: .user.id}, set: {id: '${ . }'}}", json!({"user": {"id": 7}}), json!({"id": 7})),
        (
            "input.from as an object",
            "do:\n- a: {input: {from: {x: '${ .n }', y: z}}, set: '${ . }'}",
            json!({"n": 1}),
            json!({"x": 1, "y": "z"}),
        ),
        (
            "output.as sees raw output, input and task",
            "do:\n- a: {input: {from: .n}, set: {v: 1}, output: {as: '{raw: ., given: $input, name: $task.name, out: $task.output, in: $task.input}'}}",
            json!({"n": 5}),
            json!({"raw": {"v": 1}, "given": 5, "name": "a", "out": {"v": 1}, "in": {"n": 5}}),
        ),
        (
            "export.as sees the transformed output and replaces the context",
            "do:\n- a: {set: {v: 1}, output: {as: .v}, export: {as: '{one: ., out: $output}'}}\n- b: {set: {c: '${ $context }'}, export: {as: '$context + {two: 2}'}}\n- c: {set: {c: '${ $context }'}}",
            json!(null),
            json!({"c": {"one": 1, "out": 1, "two": 2}}),
        ),
        (
            "the context starts as null",
            "do:\n- a: {set: {c: '${ $context }', d: '${ $context.x }'}}",
            json!({}),
            json!({"c": null, "d": null}),
        ),
        (
            "a skipped task hands its raw input on to the next one, whatever its directive",
            "do:\n- a: {if: .n > 1, input: {from: .n}, set: {v: 1}, output: {as: .v}, then: c}\n- b: {set: '${ . + {b: true} }'}\n- c: {if: .n == 1, set: '${ . + {c: 1} }'}",
            json!({"n": 1}),
            json!({"n": 1, "b": true, "c": 1}),
        ),
        (
            "a list gets the transformed input of its task",
            "do:\n- a: {input: {from: .x}, do: [{b: {set: {v: '${ . }'}}}]}",
            json!({"x": 3}),
            json!({"v": 3}),
        ),
        (
            "the workflow's own input and output",
            "input: {from: .deep}\noutput: {as: '{final: ., given: $workflow.input}'}\ndo:\n- a: {set: {v: '${ .x }'}}",
            json!({"deep": {"x": 1}}),
            json!({"final": {"v": 1}, "given": {"deep": {"x": 1}}}),
        ),
        (
            "end goes through the workflow's output",
            "output: {as: .v}\ndo:\n- a: {set: {v: 1}, then: end}\n- b: {set: {v: 2}}",
            json!(null),
            json!(1),
        ),
    ]);
}

#[test]
fn conditions_are_true_or_false() {
    let conditional = |condition: &str| format!("do:\n- a: {{if: '{condition}', set: {{ran: true}}}}");
    yields(&[
        ("null is false", &conditional(".missing"), json!({}), json!({})),
        ("true", &conditional(".x == 1"), json!({"x": 1}), json!({"ran": true})),
    ]);
    faults(&[
        ("zero", &conditional(".items | length"), json!({"items": []}), "expression", "/do/0/a", "true or false, not a number"),
        ("text", &conditional(".x"), json!({"x": "false"}), "expression", "/do/0/a", "true or false, not a string"),
    ]);
}

#[test]
fn failing_expressions_fault_where_they_stand() {
    faults(&[
        ("in a definition", "do:\n- a: {set: {x: '${ .n + {} }'}}", json!({"n": 1}), "expression", "/do/0/a", ""),
        (
            "in output.as",
            "do:\n- l: {do: [{a: {set: {x: 1}, output: {as: '${ error(\"no\") }'}}}]}",
            json!({}),
            "expression",
            "/do/0/l/do/0/a",
            "no",
        ),
        (
            "in the workflow's input",
            "input: {from: '${ error(\"no\") }'}\ndo: [{a: {set: {x: 1}}}]",
            json!({}),
            "expression",
            "/input/from",
            "no",
        ),
        (
            "in the workflow's output",
            "output: {as: '${ error(\"no\") }'}\ndo: [{a: {set: {x: 1}}}]",
            json!({}),
            "expression",
            "/output/as",
            "no",
        ),
    ]);
}

#[test]
fn arguments_tell_of_run_task_and_runtime() {
    let tasks = "do:\n- w: {wait: {seconds: 1}}\n- a:\n    set:\n      id: ${ $workflow.id }\n      name: ${ $workflow.definition.document.name }\n      began: ${ $workflow.startedAt.epoch.seconds }\n      at: ${ $task.startedAt }\n      where: ${ $task.reference }\n      what: ${ $task.definition.then }\n      short: ${ $task.then }\n      runtime: ${ $runtime.name }\n      meta: ${ $runtime.metadata }\n      who: ${ $authorization }\n      env: ${ $env.HOME }\n    then: end";
    let mut run = Trial::new(tasks, json!(null)).settings(|settings| settings.runtime_name = "ours".to_owned());
    run.start.env = data(json!({"HOME": "/h"}));
    let expected = json!({
        "id": "wf-1", "name": "test", "began": 0, "at": {"iso8601": "1970-01-01T00:00:01Z", "epoch": {"seconds": 1, "milliseconds": 1000}},
        "where": "/do/1/a", "what": "end", "short": "end", "runtime": "ours", "meta": {}, "who": null, "env": "/h",
    });
    assert_eq!(run.run().output(), expected);
}

#[test]
fn data_collects_sets_and_results_and_knows_loop_variables() {
    let tasks = "do:\n- a: {set: {x: 1}}\n- get: {call: http, with: {method: get, endpoint: 'https://h.test/'}, output: {as: .uri}}\n- b: {set: {y: '${ $data.x + $data.given }', uri: '${ $data.get.uri }'}}\n- l:\n    for: {each: n, in: '${ [5, 6] }'}\n    do:\n    - c: {set: {seen: '${ [$data.n, $data.index, $data.c] }', c: 1}}\n- d: {set: {all: '${ $data | del(.get) }', last: '${ . }'}}";
    let mut run = Trial::new(tasks, json!(null));
    run.start.data = data(json!({"given": 10}));
    let expected = json!({
        "all": {"given": 10, "x": 1, "y": 11, "uri": "https://h.test/"}, "last": {"seen": [6, 1, null], "c": 1},
    });
    assert_eq!(run.run().output(), expected);
}

#[test]
fn rows_add_up_in_order_of_first_start() {
    let report = trial(
        "do:\n- l:\n    for: {in: '${ [1, 2, 3] }'}\n    do:\n    - odd: {if: $item != 2, set: {v: '${ $item }'}}\n- skipped: {if: 1 == 2, set: {x: 1}}\n- bad: {try: [{oops: {raise: {error: {type: 'urn:x', status: 418, title: teapot}}}}], catch: {}}",
        json!({}),
    );
    let rows: Vec<_> =
        report.progress.rows().iter().map(|row| format!("{} {} {:?} {}", row.kind, row.name, row.status, row.runs)).collect();
    assert_eq!(rows, ["for l Completed 1", "set odd Completed 3", "set skipped Skipped 1", "try bad Completed 1", "raise oops Failed 1"]);
    assert_eq!(report.row("odd").output, Some(data(json!({"v": 3}))));
    assert_eq!(report.row("oops").error.as_deref(), Some("[418] teapot (at /do/2/bad/try/0/oops)"));
    assert!(report.row("bad").completed_at.is_some());
}
