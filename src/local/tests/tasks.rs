//! Each task type's own rules.

use serde_json::json;

use super::super::mock::Mock;
use super::{Trial, faults, trial, yields};

#[test]
fn set_replaces_the_output() {
    yields(&[
        ("members", "do:\n- a: {set: {x: '${ .n + 1 }', y: [1, '${ .n }']}}", json!({"n": 1}), json!({"x": 2, "y": [1, 1]})),
        ("an expression", "do:\n- a: {set: '${ .n }'}", json!({"n": {"m": 1}}), json!({"m": 1})),
        (
            "text that only looks like one",
            "do:\n- a: {set: {x: '.n', y: 'a ${ .n } b'}}",
            json!({"n": 1}),
            json!({"x": ".n", "y": "a ${ .n } b"}),
        ),
        ("data is never evaluated again", "do:\n- a: {set: {x: '${ .n }'}}", json!({"n": "${ 1 + 1 }"}), json!({"x": "${ 1 + 1 }"})),
    ]);
}

#[test]
fn flow_directives_move_within_their_list() {
    let list = |directive: &str| {
        format!(
            "do:\n- a: {{set: {{v: '${{ .v + [1] }}'}}, then: {directive}}}\n- b: {{set: {{v: '${{ .v + [2] }}'}}}}\n- c: {{set: {{v: '${{ .v + [3] }}'}}}}"
        )
    };
    let v = |items: &[i32]| json!({ "v": items });
    yields(&[
        ("continue", &list("continue"), v(&[]), v(&[1, 2, 3])),
        ("a name", &list("c"), v(&[]), v(&[1, 3])),
        ("exit of the root list", &list("exit"), v(&[]), v(&[1])),
        ("end", &list("end"), v(&[]), v(&[1])),
        (
            "exit leaves only its own list",
            "do:\n- outer:\n    do:\n    - a: {set: {v: 1}, then: exit}\n    - b: {set: {v: 2}}\n- c: {set: {w: '${ .v }'}}",
            json!(null),
            json!({"w": 1}),
        ),
        (
            "end leaves all lists, and the tasks around do not transform",
            "do:\n- outer:\n    do:\n    - a: {set: {v: 1}, then: end}\n    output: {as: '${ 99 }'}\n- c: {set: {w: 2}}",
            json!(null),
            json!({"v": 1}),
        ),
        (
            "backwards",
            "do:\n- a: {set: {n: '${ .n + 1 }'}}\n- again:\n    switch:\n    - more: {when: .n < 5, then: a}\n- b: {set: {last: '${ .n }'}}",
            json!({"n": 0}),
            json!({"last": 5}),
        ),
    ]);
}

#[test]
fn switch_takes_the_first_case_that_holds() {
    let tasks = "do:\n- s:\n    switch:\n    - small: {when: .n < 10, then: low}\n    - even: {when: .n % 2 == 0, then: high}\n    - else: {then: end}\n- low: {set: {is: low}, then: end}\n- high: {set: {is: high}}";
    yields(&[
        ("first", tasks, json!({"n": 2}), json!({"is": "low"})),
        ("second", tasks, json!({"n": 12}), json!({"is": "high"})),
        ("default: output is input", tasks, json!({"n": 13}), json!({"n": 13})),
        (
            "no case, no default: the task's own directive",
            "do:\n- s:\n    switch:\n    - never: {when: .n == 0, then: continue}\n    then: end\n- b: {set: {x: 1}}",
            json!({"n": 1}),
            json!({"n": 1}),
        ),
    ]);
}

#[test]
fn for_chains_its_iterations() {
    yields(&[
        (
            "the conformance kit's own",
            "do:\n- loop:\n    for: {each: color, in: '.colors'}\n    do:\n    - mark: {set: {processed: '${ { colors: (.processed.colors + [ $color ]), indexes: (.processed.indexes + [ $index ])} }'}}",
            json!({"colors": ["red", "green"]}),
            json!({"processed": {"colors": ["red", "green"], "indexes": [0, 1]}}),
        ),
        (
            "no items: the task's input",
            "do:\n- l:\n    for: {in: '.items'}\n    do:\n    - a: {set: {x: 1}}",
            json!({"items": []}),
            json!({"items": []}),
        ),
        (
            "in is evaluated once",
            "do:\n- l:\n    for: {in: '.items'}\n    do:\n    - a: {set: {items: '${ .items + [$item] }'}}",
            json!({"items": [1, 2]}),
            json!({"items": [1, 2, 1, 2]}),
        ),
        (
            "while is asked before each iteration, of what came out of the last one",
            "do:\n- l:\n    for: {each: n, at: i, in: '.items'}\n    while: .sum < 3 and $i < 9\n    do:\n    - a: {set: {sum: '${ .sum + $n }'}}",
            json!({"items": [1, 2, 3, 4], "sum": 0}),
            json!({"sum": 3}),
        ),
        (
            "loops in loops",
            "do:\n- l:\n    for: {each: a, in: '${ [1, 2] }'}\n    do:\n    - m:\n        for: {each: b, in: '${ [10, 20] }'}\n        do:\n        - add: {set: '${ . + [$a + $b] }'}",
            json!([]),
            json!([11, 21, 12, 22]),
        ),
        (
            "end from within",
            "do:\n- l:\n    for: {in: '${ [1, 2, 3] }'}\n    do:\n    - a: {if: $item == 2, set: {at: '${ $item }'}, then: end}\n- b: {set: {never: true}}",
            json!({}),
            json!({"at": 2}),
        ),
    ]);
    let looped = |of: &str| format!("do:\n- l:\n    for: {{in: '{of}'}}\n    do:\n    - a: {{set: {{x: 1}}}}");
    faults(&[
        ("objects", &looped("${ {a: 1} }"), json!(null), "expression", "/do/0/l", "not an object"),
        ("numbers", &looped("${ 3 }"), json!(null), "expression", "/do/0/l", "not a number"),
        ("nothing", &looped(".missing"), json!({}), "expression", "/do/0/l", "not null"),
    ]);
}

#[test]
fn fork_joins_in_declaration_order() {
    yields(&[
        (
            "slowest first",
            "do:\n- f:\n    fork:\n      branches:\n      - slow: {do: [{w: {wait: {seconds: 2}}}, {s: {set: {v: '${ .n }'}}}]}\n      - fast: {set: {v: 2}}",
            json!({"n": 1}),
            json!([{"v": 1}, {"v": 2}]),
        ),
        (
            "compete: the winner's output only",
            "do:\n- f:\n    fork:\n      compete: true\n      branches:\n      - slow: {do: [{w: {wait: {seconds: 2}}}, {s: {set: {v: 1}}}]}\n      - fast: {do: [{w: {wait: {seconds: 1}}}, {s: {set: {v: 2}}}]}",
            json!({}),
            json!({"v": 2}),
        ),
        (
            "compete: a fault does not win",
            "do:\n- f:\n    fork:\n      compete: true\n      branches:\n      - bad: {raise: {error: {type: 'urn:x', status: 500}}}\n      - good: {do: [{w: {wait: {seconds: 1}}}, {s: {set: {v: 2}}}]}",
            json!({}),
            json!({"v": 2}),
        ),
        (
            "end from a branch ends the workflow",
            "do:\n- f:\n    fork:\n      branches:\n      - a: {wait: {hours: 1}}\n      - b: {set: {v: 2}, then: end}\n- c: {set: {never: true}}",
            json!({}),
            json!({"v": 2}),
        ),
    ]);
    let all_bad = "do:\n- f:\n    fork:\n      compete: true\n      branches:\n      - late: {do: [{w: {wait: {seconds: 1}}}, {r: {raise: {error: {type: 'urn:x/late', status: 500}}}}]}\n      - soon: {raise: {error: {type: 'urn:x/soon', status: 500}}}";
    faults(&[("when all fault, the first fault", all_bad, json!({}), "soon", "/do/0/f/fork/branches/1/soon", "")]);
}

#[test]
fn wait_takes_its_time_and_hands_its_input_on() {
    for (spec, millis) in
        [("{seconds: 90}", 90_000), ("PT1M30S", 90_000), ("P1DT1H", 90_000_000), ("'${ .d }'", 1_500), ("{milliseconds: 0}", 0)]
    {
        let report = trial(&format!("do:\n- w: {{wait: {spec}}}"), json!({"d": "PT1.5S"}));
        assert_eq!((report.output(), report.took.as_millis()), (json!({"d": "PT1.5S"}), millis), "{spec}");
    }
    let wait = "do:\n- w: {wait: '${ .d }'}";
    faults(&[
        ("a month has no length", wait, json!({"d": "P1M"}), "expression", "/do/0/w", "ISO 8601"),
        ("not a duration", wait, json!({"d": "soon"}), "expression", "/do/0/w", "ISO 8601"),
    ]);
}

#[test]
fn calls_send_what_was_evaluated() {
    let http = "do:\n- get:\n    call: http\n    with:\n      method: post\n      endpoint: https://h.test/{a}/{gone}/x?q={q}\n      headers: {X-Num: '${ .n }', X-Gone: '${ null }'}\n      query: {b: true}\n      body: {deep: ['${ .n }']}\n      output: response\n      redirect: true";
    let agent = "do:\n- ask:\n    call: agent\n    with: {agent: reviewer, message: '${ \"look at \\(.n)\" }', env: {KEY: '${ .n }'}, config: {model: m}}";
    yields(&[
        (
            "http",
            http,
            json!({"a": "ä/b c", "q": "x&y", "n": 1.5}),
            json!({
                "method": "POST", "uri": "https://h.test/%C3%A4%2Fb%20c//x?q=x%26y", "headers": {"X-Num": "1.5"}, "query": {"b": "true"},
                "body": {"deep": [1.5]}, "output": "response", "redirect": true,
            }),
        ),
        (
            "agent",
            agent,
            json!({"n": 7}),
            json!({"agent": "reviewer", "message": "look at 7", "env": {"KEY": "7"}, "config": {"model": "m"}}),
        ),
    ]);
    let get = "do:\n- get: {call: http, with: {method: get, endpoint: 'https://h.test/{id}', headers: {H: '${ .h }'}}}";
    faults(&[
        ("an endpoint variable that is no scalar", get, json!({"id": [1]}), "expression", "/do/0/get", "`id`"),
        ("a header that is no scalar", get, json!({"id": 1, "h": {}}), "expression", "/do/0/get", "`H`"),
    ]);
}

#[test]
fn call_ids_name_the_place_the_iterations_and_the_visit() {
    let call = "call: http, with: {method: get, endpoint: 'https://h.test/'}";
    let tasks = format!(
        "do:\n- n: {{set: {{n: '${{ .n + 1 }}'}}}}\n- l:\n    for: {{in: '${{ [1, 2] }}'}}\n    do:\n    - a: {{{call}, output: {{as: '${{ $input }}'}}}}\n- b: {{{call}, output: {{as: '${{ $input }}'}}}}\n- again: {{switch: [{{more: {{when: .n < 2, then: n}}}}]}}"
    );
    let mock = Mock::echo();
    Trial::new(&tasks, json!({"n": 0})).calls(&mock).run();
    assert_eq!(
        mock.ids(),
        ["/do/1/l/do/0/a[0]", "/do/1/l/do/0/a[1]", "/do/2/b", "/do/1/l/do/0/a[0#2]", "/do/1/l/do/0/a[1#2]", "/do/2/b#2"],
    );
}
