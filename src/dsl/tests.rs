//! Bad definitions and what is said about them: one line of the table a problem.

use super::codes::*;
use super::{Diagnostic, Severity, parse};

/// Line 1 of what is tested stands in line 2 of the text.
const HEAD: &str = "document: {dsl: '1.0.3', namespace: test, name: test, version: '1.0.0'}\n";

fn check(body: &str) -> Vec<Diagnostic> {
    parse(&format!("{HEAD}{body}"), "test.yaml").1
}

fn places(body: &str) -> Vec<(&'static str, u32, u32)> {
    check(body).into_iter().map(|found| (found.code, found.span.line, found.span.column)).collect()
}

/// A document with one task, whose content is given without indentation from line 4 on, at column 7.
fn task(content: &str) -> String {
    let lines: Vec<String> = content.lines().map(|line| format!("      {line}\n")).collect();
    format!("do:\n  - task:\n{}", lines.concat())
}

#[test]
fn the_document() {
    let version = |dsl: &str| format!("document: {{dsl: {dsl}, namespace: test, name: test, version: '1.0.0'}}\ndo: []\n");
    for (text, expected) in [
        (version("1.0"), vec![(WRONG_TYPE, 1, 17)]),
        (version("'1.0'"), vec![(DSL_VERSION, 1, 17)]),
        (version("'2.0.0'"), vec![(DSL_VERSION, 1, 17)]),
        (version("'0.8'"), vec![(DSL_VERSION, 1, 17)]),
        (version("'1.1.0'"), vec![(NEWER_DSL, 1, 17)]),
        (version("'1.0.0'"), vec![]),
        ("[]".to_owned(), vec![(WRONG_TYPE, 1, 1)]),
        ("{}".to_owned(), vec![(MISSING_KEY, 1, 1), (MISSING_KEY, 1, 1)]),
        (
            "document:\n  dsl: '1.0.3'\n  namespace: a_b\n  name: -x\n  version: 1.0\n  titel: x\ndo: []\n".to_owned(),
            vec![(BAD_IDENTIFIER, 3, 14), (BAD_IDENTIFIER, 4, 9), (WRONG_TYPE, 5, 12), (UNKNOWN_KEY, 6, 3)],
        ),
    ] {
        let found: Vec<_> = parse(&text, "t").1.into_iter().map(|found| (found.code, found.span.line, found.span.column)).collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn the_parts_around_the_tasks() {
    for (body, expected) in [
        ("do: {a: {set: {x: 1}}}", vec![(WRONG_TYPE, 2, 5)]),
        ("do: []\ntodo: 1", vec![(UNKNOWN_KEY, 3, 1)]),
        ("do: []\ninput: {form: .x}", vec![(UNKNOWN_KEY, 3, 9)]),
        ("do: []\ninput: {from: [.x]}", vec![(WRONG_TYPE, 3, 15)]),
        ("do: []\ninput: {schema: {document: {}}}\noutput: {schema: {format: json:draft-07, document: true}}", vec![]),
        (
            "do: []\ninput: {schema: {}}\noutput: {schema: {document: {}, resource: {}}}",
            vec![(MISSING_KEY, 3, 17), (EXCLUSIVE_KEYS, 4, 33)],
        ),
        ("do: []\ninput: {schema: {format: avro, document: {}}}", vec![(SCHEMA_FORMAT, 3, 26)]),
        ("do: []\ninput: {schema: {resource: {endpoint: 'https://h/{a}'}}}", vec![(ADDRESS_AT_RUN, 3, 28)]),
        ("do: []\ntimeout: {after: P1Y}", vec![(BAD_DURATION, 3, 18)]),
        ("do: []\ntimeout: {}", vec![(MISSING_KEY, 3, 10)]),
        ("do: []\nevaluate: {mode: loose, language: js}", vec![(EXPRESSION_LANGUAGE, 3, 35)]),
        ("do: []\nevaluate: {mode: strickt}", vec![(BAD_VALUE, 3, 18)]),
        ("do: []\nschedule: {cron: '* * * * *'}", vec![(SCHEDULE, 3, 1)]),
        (
            "do: []\nuse:\n  functions: {f: {}}\n  extensions: {}\n  catalogs: {c: {}}\n  authentications: {a: {}}\n  secret: []",
            vec![(NO_TASK_TYPE, 4, 15), (WRONG_TYPE, 5, 15), (MISSING_KEY, 6, 17), (EMPTY, 7, 24), (UNKNOWN_KEY, 8, 3)],
        ),
        ("do: []\nuse: {secrets: [a, a, '', 1]}", vec![(DUPLICATE_NAME, 3, 20), (EMPTY, 3, 23), (WRONG_TYPE, 3, 27)]),
        ("do: []\nuse: {errors: {a: {type: x}}}", vec![(MISSING_KEY, 3, 19)]),
        ("do: []\nuse: {retries: {a: {limit: {attempt: {count: 0}}}}}", vec![(BAD_VALUE, 3, 46)]),
    ] {
        assert_eq!(places(body), expected, "{body}");
    }
}

#[test]
fn lists_and_names() {
    for (body, expected) in [
        ("do:\n  - a: {set: {x: 1}}\n  - a: {set: {x: 2}}", vec![(DUPLICATE_NAME, 4, 5)]),
        (
            "do:\n  - end: {set: {x: 1}}\n  - exit: {wait: PT1S}\n  - continue: {do: []}",
            vec![(RESERVED_NAME, 3, 5), (RESERVED_NAME, 4, 5), (RESERVED_NAME, 5, 5)],
        ),
        ("do:\n  - a: {set: {x: 1}}\n    b: {set: {x: 2}}", vec![(BAD_LIST_ITEM, 4, 5)]),
        ("do:\n  - text\n  - {}\n  - a:", vec![(BAD_LIST_ITEM, 3, 5), (BAD_LIST_ITEM, 4, 5), (WRONG_TYPE, 5, 6)]),
        ("do:\n  - a: {set: {x: 1}, wait: PT1S}", vec![(EXCLUSIVE_KEYS, 3, 22)]),
    ] {
        assert_eq!(places(body), expected, "{body}");
    }
}

#[test]
fn what_every_task_may_have() {
    for (content, expected) in [
        ("sett: {x: 1}", vec![(NO_TASK_TYPE, 4, 7)]),
        ("if: .x", vec![(NO_TASK_TYPE, 3, 5)]),
        ("set: {x: 1}\nfoo: 1", vec![(UNKNOWN_KEY, 5, 7)]),
        ("set: {x: 1}\nif: true", vec![(WRONG_TYPE, 5, 11)]),
        ("set: {x: 1}\nthen: [a]", vec![(WRONG_TYPE, 5, 13)]),
        ("set: {x: 1}\noutput: {as: 1}\nexport: {form: .x}", vec![(WRONG_TYPE, 5, 20), (UNKNOWN_KEY, 6, 16)]),
        ("set: {x: 1}\ntimeout: {after: 30}", vec![(BAD_DURATION, 5, 24)]),
        ("set: {x: 1}\nmetadata: {local: true, any: {thing: 1}}", vec![(NO_EFFECT, 5, 25)]),
        ("set: {x: 1}\nmetadata: text", vec![(WRONG_TYPE, 5, 17)]),
        ("set: {x: 1}\ninput: {schema: {document: {}}, from: .a}", vec![]),
    ] {
        assert_eq!(places(&task(content)), expected, "{content}");
    }
}

#[test]
fn tasks_inside_the_workflow() {
    for (content, expected) in [
        ("set: {}", vec![(EMPTY, 4, 12)]),
        ("set: .x", vec![(BAD_VALUE, 4, 12)]),
        ("set: [1]", vec![(WRONG_TYPE, 4, 12)]),
        ("wait: 30", vec![(BAD_DURATION, 4, 13)]),
        ("wait: P1M", vec![(BAD_DURATION, 4, 13)]),
        ("wait: {}", vec![(EMPTY, 4, 13)]),
        ("wait: {minutes: 1.5, seconds: -1, second: 1}", vec![(BAD_VALUE, 4, 23), (BAD_VALUE, 4, 37), (UNKNOWN_KEY, 4, 41)]),
        ("wait: {seconds: '${ .x }'}", vec![(BAD_DURATION, 4, 23)]),
        ("wait: {days: 40000}", vec![(BAD_DURATION, 4, 13)]),
        ("for: {each: x}\ndo: []", vec![(MISSING_KEY, 4, 12)]),
        ("for: {in: 3}\nwhile: 1", vec![(MISSING_KEY, 4, 7), (WRONG_TYPE, 4, 17), (WRONG_TYPE, 5, 14)]),
        ("for: {in: .x, from: 1}\ndo: [1]", vec![(UNKNOWN_KEY, 4, 21), (BAD_LIST_ITEM, 5, 12)]),
        ("fork: {}", vec![(MISSING_KEY, 4, 13)]),
        ("fork: {branches: [], compete: yes}", vec![(EMPTY, 4, 24), (WRONG_TYPE, 4, 37)]),
        ("switch: []", vec![(EMPTY, 4, 15)]),
        (
            "switch:\n  - a: {when: .x}\n  - b: {then: end}\n  - c: {then: exit, wen: .y}",
            vec![(MISSING_KEY, 5, 14), (SEVERAL_DEFAULTS, 7, 11), (UNKNOWN_KEY, 7, 27)],
        ),
        ("try: []", vec![(MISSING_KEY, 4, 7)]),
        ("try: []\ncatch: {errors: {with: {}}, when: 1, foo: 1}", vec![(EMPTY, 5, 30), (WRONG_TYPE, 5, 41), (UNKNOWN_KEY, 5, 44)]),
        ("try: []\ncatch: {errors: {with: {detail: a, details: b, status: abc}}}", vec![(EXCLUSIVE_KEYS, 5, 42), (WRONG_TYPE, 5, 62)]),
        (
            "try: []\ncatch:\n  retry: {delay: PT1X, backoff: {linear: {}, constant: {}}, jitter: {from: PT2S, to: PT1S}}",
            vec![(BAD_DURATION, 6, 24), (EXCLUSIVE_KEYS, 6, 52), (BAD_VALUE, 6, 75)],
        ),
        (
            "try: []\ncatch: {retry: {backoff: {exponential: {factor: 2}}, limit: {count: 1}}}",
            vec![(UNKNOWN_KEY, 5, 47), (UNKNOWN_KEY, 5, 68)],
        ),
        ("raise: {}", vec![(MISSING_KEY, 4, 14)]),
        ("raise: {error: {type: '', status: 99, details: x}}", vec![(EMPTY, 4, 29), (BAD_VALUE, 4, 41), (UNKNOWN_KEY, 4, 45)]),
    ] {
        assert_eq!(places(&task(content)), expected, "{content}");
    }
}

#[test]
fn calls() {
    for (content, expected) in [
        ("call: http", vec![(MISSING_KEY, 4, 13)]),
        ("call: http\nwith: {metod: get, endpoint: 'http://h'}", vec![(MISSING_KEY, 5, 13), (UNKNOWN_KEY, 5, 14)]),
        ("call: http\nwith: {method: g t, endpoint: h}", vec![(BAD_VALUE, 5, 22), (RELATIVE_ENDPOINT, 5, 37)]),
        ("call: http\nwith:\n  method: get\n  endpoint: http://h/${ .id }", vec![(BAD_URI, 7, 28)]),
        ("call: http\nwith:\n  method: get\n  endpoint: http://h/{a", vec![(BAD_URI, 7, 28)]),
        ("call: http\nwith:\n  method: get\n  endpoint: ftp://h", vec![(BAD_URI, 7, 19)]),
        ("call: http\nwith:\n  method: get\n  endpoint: .uri", vec![(BAD_URI, 7, 19)]),
        ("call: http\nwith:\n  method: get\n  endpoint: '{base}/x'", vec![(BAD_URI, 7, 19)]),
        (
            "call: http\nwith:\n  method: get\n  endpoint:\n    uri: https://h\n    authentication: {bearer: {token: x}}\n    url: x",
            vec![(UNKNOWN_KEY, 10, 11)],
        ),
        (
            "call: http\nwith: {method: get, endpoint: 'http://h', output: all, redirect: 'true', headers: [a], query: {a: 1.10, b: 2, c: {x: 1}}}",
            vec![(BAD_VALUE, 5, 57), (WRONG_TYPE, 5, 72), (WRONG_TYPE, 5, 89), (WRONG_TYPE, 5, 105), (WRONG_TYPE, 5, 120)],
        ),
        (
            "call: agent\nwith: {message: '', config: {modle: x, temperature: warm, timeout: 0}}",
            vec![(MISSING_KEY, 5, 13), (EMPTY, 5, 23), (UNKNOWN_KEY, 5, 36), (WRONG_TYPE, 5, 59), (BAD_VALUE, 5, 74)],
        ),
    ] {
        assert_eq!(places(&task(content)), expected, "{content}");
    }
}

/// Each construct that cannot be run yet has its own code and tells what to do instead; its form is held against the specification.
#[test]
fn not_built_yet() {
    for (content, code) in [
        (
            "call: grpc\nwith: {proto: {endpoint: 'file:///a.proto'}, service: {name: a, host: h, port: 1}, method: M, arguments: {x: 1}}",
            CALL_GRPC,
        ),
        ("call: asyncapi\nwith: {document: {endpoint: 'https://h'}, operation: o, message: {payload: {}}, protocol: kafka}", CALL_ASYNCAPI),
        (
            "call: asyncapi\nwith: {document: {endpoint: 'https://h'}, channel: c, subscription: {consume: {amount: 1, for: PT1S}}}",
            CALL_ASYNCAPI,
        ),
        ("call: a2a\nwith: {server: 'https://h', method: message/send, parameters: {a: 1}}", CALL_A2A),
        ("call: mcp\nwith: {method: tools/list, transport: {http: {endpoint: 'https://h'}}}", CALL_MCP),
        ("call: log:1.0.0@default\nwith: {message: hello}", CATALOG),
        ("run: {container: {image: i, lifetime: {cleanup: eventually, after: PT1S}, pullPolicy: never, arguments: [a]}}", RUN_CONTAINER),
    ] {
        let found = check(&task(content));
        assert_eq!(found.iter().map(|found| found.code).collect::<Vec<_>>(), [code], "{content}");
        assert!(found[0].message.ends_with("cannot be run yet") && found[0].help.is_some(), "{}", found[0]);
        assert_eq!((found[0].severity, found[0].is_error(), found[0].prevents_run()), (Severity::Unsupported, false, true));
        assert_eq!(found[0].reference.as_deref(), Some("/do/0/task"));
    }
}

#[test]
fn a_diagnostic_in_one_line() {
    let found = check(
        "do:\n  - a:\n      do:\n        - x/y~z:\n            call: http\n            with: {metod: get, method: put, endpoint: 'http://h'}\n",
    );
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].to_string(), "test.yaml:7:20: error[E0201]: `call: http` has no key `metod` (help: did you mean `method`?)");
    assert_eq!(found[0].reference.as_deref(), Some("/do/0/a/do/0/x~1y~0z"));
    assert_eq!((found[0].severity, found[0].span.end - found[0].span.start), (Severity::Error, 5));
    let json = serde_json::to_value(&found[0]).unwrap();
    assert_eq!((json["code"].as_str(), json["severity"].as_str()), (Some("E0201"), Some("error")));
}

#[test]
fn a_second_place_is_labelled() {
    let found = check("do:\n  - a: {set: {x: 1}}\n  - a: {set: {x: 2}}\n");
    assert_eq!(found[0].labels.iter().map(|label| (label.span.line, label.text.as_str())).collect::<Vec<_>>(), [(3, "first here")]);
}
