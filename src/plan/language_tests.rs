//! Events, programs, functions, extensions, schemas and documents elsewhere.

use super::*;
use crate::dsl::codes::*;
use crate::expr::Fuel;

const HEAD: &str = "document: {dsl: '1.0.3', namespace: test, name: test, version: '1.0.0'}\n";

fn plan(body: &str) -> Plan {
    plan_with(body, &[])
}

fn plan_with(body: &str, outsides: &[(&str, &str)]) -> Plan {
    build_with(&format!("{HEAD}{body}"), "test.yaml", &texts(outsides)).unwrap_or_else(|error| panic!("{body}\n{:#?}", error.diagnostics))
}

fn texts(outsides: &[(&str, &str)]) -> Outsides {
    outsides.iter().map(|(uri, text)| ((*uri).to_owned(), (*text).to_owned())).collect()
}

/// Code, line and column of each problem; what is tested begins in line 2.
fn problems(body: &str) -> Vec<(&'static str, u32, u32)> {
    places(check(&format!("{HEAD}{body}"), "test.yaml"))
}

fn places(diagnostics: Vec<Diagnostic>) -> Vec<(&'static str, u32, u32)> {
    diagnostics.into_iter().map(|found| (found.code, found.span.line, found.span.column)).collect()
}

fn task<'p>(plan: &'p Plan, reference: &str) -> &'p Task {
    plan.tasks.iter().find(|task| &*task.reference == reference).unwrap_or_else(|| panic!("no task {reference}"))
}

fn literal(template: &Template) -> String {
    template.literal().map_or_else(|| panic!("{template:?} is no literal"), ToString::to_string)
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

#[test]
fn events() {
    let plan = plan(
        r"
do:
  - tell: {emit: {event: {with: {type: order.placed, source: '${ .shop }', data: {id: '${ .id }'}, priority: 3}}}}
  - one: {listen: {to: {one: {with: {type: a.b, data: '${ .x > 3 }'}, correlate: {order: {from: .order, expect: '${ .id }'}}}}, read: envelope}}
  - any:
      listen:
        to:
          any: [{with: {type: c}}, {with: {type: a.b}}]
          until: {one: {with: {type: stop}}}
      foreach: {item: event, at: i, do: [{note: {set: {e: '${ $event }', i: '${ $i }'}}}], output: {as: .a}, export: {as: '{n: $i}'}}
  - all: {listen: {to: {all: [{with: {type: d}}]}}}
",
    );
    assert_eq!(plan.listens, ["a.b", "c", "d", "stop"]);
    let Kind::Emit(emit) = &task(&plan, "/do/0/tell").kind else { panic!("no emit") };
    let Template::Object(members) = &emit.event else { panic!("no object") };
    assert_eq!(members.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["type", "source", "data", "priority"]);
    let Kind::Listen(one) = &task(&plan, "/do/1/one").kind else { panic!("no listen") };
    let Consumption::One(filter) = &one.to else { panic!("not one") };
    assert_eq!((one.read, filter.correlate[0].key.as_str(), filter.correlate[0].from.source()), (Read::Envelope, "order", ".order"));
    assert!(filter.correlate[0].expect.is_some() && matches!(filter.with[1].1, Template::Expr(_)));
    let Kind::Listen(any) = &task(&plan, "/do/2/any").kind else { panic!("no listen") };
    assert!(matches!(&any.to, Consumption::Any { filters, until: Some(Until::Events(_)) } if filters.len() == 2));
    let foreach = any.foreach.as_ref().expect("foreach");
    let Kind::Set(note) = &task(&plan, "/do/2/any/foreach/do/0/note").kind else { panic!("no set") };
    let used: Vec<usize> = note.programs().iter().flat_map(|program| program.uses().to_vec()).collect();
    assert_eq!((foreach.item, used), (Plan::FIRST_LOCAL, vec![Plan::FIRST_LOCAL, Plan::FIRST_LOCAL + 1]));
    assert!(foreach.output_as.is_some() && foreach.export_as.is_some() && foreach.body.is_some());
}

#[test]
fn which_events_a_document_listens_to() {
    for (to, expected) in [
        ("any: []", "*"),
        ("one: {with: {type: a.b-c_d/e}}", "a.b-c_d/e"),
        ("one: {with: {source: 'https://h'}}", "*"),
        ("one: {with: {type: '${ .type }'}}", "*"),
        ("one: {with: {type: 'a\\..*'}}", "*"),
        ("any: [{with: {type: a}}], until: {any: []}", "*"),
        ("any: [{with: {type: a}}], until: '(. | length) > 3'", "a"),
    ] {
        let plan = plan(&format!("do:\n  - a: {{listen: {{to: {{{to}}}}}}}\n"));
        assert_eq!(plan.listens, [expected], "{to}");
    }
    assert_eq!(plan("do: []").listens, [""; 0]);
    assert!(is_event_pattern("order\\.(placed|paid)") && !is_event_pattern("com.example.order-placed.v1"));
}

#[test]
fn programs_and_workflows() {
    let plan = plan(
        r"
do:
  - shell:
      run: {shell: {command: 'echo ${HOME} $1', arguments: [a, 1, '${ .x }'], stdin: '${ . }', environment: {A: 1}}, await: false, return: all}
  - script: {run: {script: {language: python, code: 'print(1)', arguments: '${ .args }'}, return: none}}
  - source: {run: {script: {language: js, source: {endpoint: {uri: 'https://h/x.js', authentication: {bearer: {token: '${ .t }'}}}}}}}
  - child: {run: {workflow: {namespace: n, name: '${ .name }', version: '1.0.0', input: {a: '${ .a }'}}}}
",
    );
    assert_eq!(plan.warnings, []);
    let Kind::Shell(shell) = &task(&plan, "/do/0/shell").kind else { panic!("no shell") };
    assert_eq!(
        (literal(&shell.command), shell.process.awaited, shell.process.returns),
        ("\"echo ${HOME} $1\"".to_owned(), false, Return::All)
    );
    let Some(Template::Array(arguments)) = &shell.process.arguments else { panic!("no list") };
    assert_eq!(literal(&arguments[1]), "\"1\"", "a number is text as it is written");
    let Kind::Script(script) = &task(&plan, "/do/1/script").kind else { panic!("no script") };
    assert!(matches!((script.language, &script.source), (Language::Python, ScriptSource::Code(_))));
    assert!(matches!(script.process.arguments, Some(Template::Expr(_))) && script.process.returns == Return::None);
    let Kind::Script(source) = &task(&plan, "/do/2/source").kind else { panic!("no script") };
    let ScriptSource::Resource(resource) = &source.source else { panic!("no source") };
    assert!(matches!(resource.authentication, Some(Authentication::Bearer { .. })) && matches!(resource.endpoint, Endpoint::Uri(_)));
    let Kind::Workflow(child) = &task(&plan, "/do/3/child").kind else { panic!("no workflow") };
    assert!(child.awaited && child.input.is_some() && literal(child.version.as_ref().expect("a version")) == "\"1.0.0\"");
}

#[test]
fn calls_and_authentication() {
    let plan = plan(
        r"
use:
  secrets: [login]
  authentications: {known: {digest: {username: u, password: '${ .p }'}}, later: {basic: {use: login}}}
do:
  - basic: {call: http, with: {method: get, endpoint: {uri: 'http://h', authentication: {basic: {username: u, password: p}}}}}
  - named: {call: http, with: {method: get, endpoint: {uri: 'http://h', authentication: {use: known}}}}
  - secret: {call: http, with: {method: get, endpoint: {uri: 'http://h', authentication: {use: later}}}}
  - api: {call: openapi, with: {document: {endpoint: 'file:///api.yaml'}, operationId: op, parameters: {a: '${ .a }'}, output: raw, authentication: {bearer: {use: login}}}}
  - activity: {call: activity, with: {activity: Greet, queue: other, arguments: ['${ .name }', 2]}}
",
    );
    let authentication = |name: &str| match &task(&plan, name).kind {
        Kind::Http(http) => http.authentication.as_ref(),
        other => panic!("{other:?}"),
    };
    assert!(matches!(authentication("/do/0/basic"), Some(Authentication::Basic { .. })));
    assert!(matches!(authentication("/do/1/named"), Some(Authentication::Digest { .. })));
    assert!(matches!(authentication("/do/2/secret"), Some(Authentication::Secret { scheme: Scheme::Basic, secret }) if secret == "login"));
    let Kind::OpenApi(api) = &task(&plan, "/do/3/api").kind else { panic!("no openapi") };
    assert!(api.output == HttpOutput::Raw && api.parameters.is_some() && !api.redirect);
    assert!(matches!(api.authentication, Some(Authentication::Secret { scheme: Scheme::Bearer, .. })));
    let Kind::Activity(activity) = &task(&plan, "/do/4/activity").kind else { panic!("no activity") };
    assert_eq!(literal(&activity.name), "\"Greet\"");
    assert!(activity.queue.is_some() && activity.arguments.is_some());
}

#[test]
fn authentication_problems() {
    let http = |authentication: &str| {
        format!(
            "do:\n  - a:\n      call: http\n      with:\n        method: get\n        endpoint:\n          uri: http://h\n          authentication: {authentication}\n"
        )
    };
    for (authentication, expected) in [
        ("{use: nothing}", vec![(UNKNOWN_REFERENCE, 9, 33)]),
        ("{basic: {use: nothing}}", vec![(UNKNOWN_REFERENCE, 9, 41)]),
        ("{basic: {username: a}}", vec![(MISSING_KEY, 9, 35)]),
        ("{basic: {username: a, password: 123}}", vec![(WRONG_TYPE, 9, 59)]),
        ("{bearer: {token: a}, basic: {}}", vec![(EXCLUSIVE_KEYS, 9, 48)]),
        ("{certificate: {}}", vec![(UNKNOWN_KEY, 9, 28)]),
        ("{oauth2: {authority: 'http://h', grant: client_credentials, client: {id: a, secret: b}}}", vec![(OAUTH, 9, 28)]),
        ("{oidc: {authority: 'http://h', grant: implicit}}", vec![(OAUTH, 9, 28), (BAD_VALUE, 9, 65)]),
        ("{oidc: {authority: 'http://h', grant: password, endpoints: {}}}", vec![(OAUTH, 9, 28), (UNKNOWN_KEY, 9, 75)]),
        ("{oauth2: {use: login}}", vec![(OAUTH, 9, 28)]),
    ] {
        assert_eq!(problems(&http(authentication)), expected, "{authentication}");
    }
}

#[test]
fn functions_are_built_once() {
    let plan = plan(
        r"
use:
  functions:
    agent: {set: {mine: '${ .message }'}}
    outer: {do: [{inner: {call: agent, with: {message: a}}}, {again: {call: agent, with: '${ . }'}}]}
do:
  - loop: {for: {in: .items}, do: [{a: {call: outer}}, {b: {call: agent, with: {message: hi}}}]}
",
    );
    let references: Vec<&str> = plan.tasks.iter().map(|task| &*task.reference).collect();
    let expected = ["/do/0/loop", "/do/0/loop/do/0/a", "/use/functions/outer", "/do/0/loop/do/1/b", "/use/functions/agent"];
    assert_eq!(references[..5], expected);
    assert_eq!(references[5..], ["/use/functions/outer/do/0/inner", "/use/functions/outer/do/1/again"]);
    let called = |reference: &str| match &task(&plan, reference).kind {
        Kind::Function(function) => plan.task(function.task),
        other => panic!("{other:?}"),
    };
    assert_eq!(&*called("/do/0/loop/do/1/b").reference, "/use/functions/agent", "a function of the document wins over ours");
    assert_eq!(called("/use/functions/outer/do/0/inner").id, called("/do/0/loop/do/1/b").id);
    for task in &plan.tasks {
        assert_eq!(plan.definition.to_json().pointer(&task.reference), Some(&task.definition.to_json()), "{}", task.reference);
    }
}

#[test]
fn function_problems() {
    let functions = |functions: &str| format!("use:\n  functions:\n{functions}\ndo:\n  - a: {{call: f}}\n");
    for (body, expected) in [
        ("do:\n  - a: {call: agnet, with: {}}".to_owned(), vec![(UNKNOWN_REFERENCE, 3, 15)]),
        (functions("    g: {call: f}"), vec![(UNUSED, 4, 5), (UNKNOWN_REFERENCE, 6, 15)]),
        (functions("    f: {set: {x: '${ $item }'}, then: b}"), vec![(BAD_EXPRESSION, 4, 22), (UNKNOWN_TARGET, 4, 39)]),
        (functions("    f: {do: [{g: {call: f}}]}"), vec![(FUNCTION_CYCLE, 6, 15)]),
        (functions("    f: {call: g}\n    g: {call: h}\n    h: {call: g}"), vec![(FUNCTION_CYCLE, 4, 15)]),
        (functions("    f: {call: 'log@own'}"), vec![(CATALOG, 4, 15), (UNKNOWN_REFERENCE, 4, 15)]),
    ] {
        assert_eq!(problems(&body), expected, "{body}");
    }
    let error = build(&format!("{HEAD}{}", functions("    f: {call: g}\n    g: {call: f}")), "t").unwrap_err();
    assert!(error.to_string().contains("these functions call each other in a circle: f, g"), "{error}");
    let chain = lines(5_000, |at| format!("    f{at}: {{call: f{}}}\n", at + 1));
    let long = format!("use:\n  functions:\n{chain}    f5000: {{set: {{x: 1}}}}\ndo:\n  - a: {{call: f0}}\n");
    assert_eq!(problems(&long).iter().map(|found| found.0).collect::<Vec<_>>(), [DEEP_CALLS]);
    // A function that is called twice by one that is called twice by one …: 2^40 calls, 41 functions.
    let twice = lines(40, |at| format!("    f{at}: {{do: [{{a: {{call: f{0}}}}}, {{b: {{call: f{0}}}}}]}}\n", at + 1));
    let wide = format!("use:\n  functions:\n{twice}    f40: {{set: {{x: 1}}}}\ndo:\n  - a: {{call: f0}}\n");
    assert_eq!(problems(&wide).iter().map(|found| found.0).collect::<Vec<_>>(), [DEEP_CALLS]);
}

#[test]
fn extensions() {
    let plan = plan(
        r"
use:
  functions: {f: {call: http, with: {method: get, endpoint: 'http://h'}}}
  extensions:
    - log: {extend: all, before: [{note: {set: {x: '${ $task.name }'}, then: exit}}, {skipped: {wait: PT1S, if: .x}}], after: [{f: {call: f}}]}
    - mock: {extend: call, when: '$task.call == $input.x', before: [{m: {do: [{n: {set: {x: 1}}}]}}]}
    - parts: {extend: composite, after: [{x: {set: {y: 1}}}]}
do:
  - a: {do: [{b: {call: f}}, {c: {fork: {branches: [{d: {set: {x: 1}}}]}}}]}
",
    );
    let covered = |reference: &str| task(&plan, reference).extensions.clone();
    assert_eq!(covered("/do/0/a"), [0, 2]);
    assert_eq!(covered("/do/0/a/do/0/b"), [0, 1]);
    assert_eq!((covered("/do/0/a/do/1/c"), covered("/do/0/a/do/1/c/fork/branches/0/d")), (vec![0], vec![0]));
    for extension in &plan.extensions {
        assert!(extension.before.tasks.iter().chain(&extension.after.tasks).all(|id| plan.task(*id).extensions.is_empty()));
    }
    assert_eq!(covered("/use/extensions/1/mock/before/0/m/do/0/n"), [0; 0]);
    assert_eq!(task(&plan, "/use/extensions/0/log/before/0/note").then, Then::Exit);
    assert_eq!((plan.extensions[1].name.as_str(), plan.extensions[1].when.is_some()), ("mock", true));
    // Once for the document, extended, and once for the extension, bare.
    let functions: Vec<_> =
        plan.tasks.iter().filter(|task| &*task.reference == "/use/functions/f").map(|task| &task.extensions[..]).collect();
    assert_eq!(functions, [&[0, 1][..], &[]]);
    assert_eq!(plan.warnings.iter().map(|found| found.code).collect::<Vec<_>>(), [UNREACHABLE]);

    for (extension, expected) in [
        ("{extend: fork, before: []}", vec![(BAD_VALUE, 4, 19)]),
        ("{extend: set}", vec![(NO_EFFECT, 4, 7)]),
        ("{before: [], befor: []}", vec![(MISSING_KEY, 4, 10), (UNKNOWN_KEY, 4, 23)]),
        ("{extend: set, before: [{a: {set: {x: 1}, then: b}}], after: [{b: {set: {x: 1}}}]}", vec![(UNKNOWN_TARGET, 4, 57)]),
    ] {
        assert_eq!(problems(&format!("use:\n  extensions:\n    - e: {extension}\ndo: []\n")), expected, "{extension}");
    }
}

#[test]
fn schemas_stand_everywhere() {
    let number = "{document: {type: integer}}";
    let plan = plan(&format!(
        "input: {{schema: {number}}}\noutput: {{schema: {number}}}\ndo:\n  - a:\n      listen: {{to: {{any: []}}}}\n      foreach: {{output: {{schema: {number}}}, \
         export: {{schema: {number}}}}}\n      input: {{schema: {number}}}\n      output: {{schema: {number}}}\n      export: {{schema: {number}}}\n"
    ));
    let task = &plan.tasks[0];
    let Kind::Listen(listen) = &task.kind else { panic!("no listen") };
    let foreach = listen.foreach.as_ref().expect("foreach");
    let all = [
        &plan.input_schema,
        &plan.output_schema,
        &task.input_schema,
        &task.output_schema,
        &task.export_schema,
        &foreach.output_schema,
        &foreach.export_schema,
    ];
    for schema in all {
        let schema = schema.as_ref().expect("a schema");
        assert!(schema.validate(&Data::from(1)).is_ok() && schema.validate(&Data::from("x")).is_err());
    }
    for (schema, expected) in [
        ("{document: {type: intger}}", vec![(BAD_SCHEMA, 2, 17)]),
        ("{document: {$ref: 'https://example.org/other.json'}}", vec![(BAD_SCHEMA, 2, 17)]),
        ("{document: text}", vec![(BAD_SCHEMA, 2, 17)]),
        ("{document: {pattern: '((a{999}){999}){999}'}}", vec![(BAD_SCHEMA, 2, 17)]),
        ("{document: {anyOf: [{$ref: '#'}]}}", vec![(BAD_SCHEMA, 2, 17)]),
        ("{resource: {endpoint: 'https://h/s.json'}}", vec![]),
        ("{resource: {endpoint: {uri: 'https://h', authentication: {bearer: {token: x}}}}}", vec![(ADDRESS_AT_RUN, 2, 28)]),
    ] {
        assert_eq!(problems(&format!("input: {{schema: {schema}}}\ndo: []\n")), expected, "{schema}");
    }
}

#[test]
fn documents_elsewhere() {
    let body = "input: {schema: {resource: {endpoint: 'file:///s.yaml'}}}\ndo:\n  - a: {call: 'https://h/f.yaml', with: {x: 1}}\n";
    let text = format!("{HEAD}{body}");
    let uris = |outsides: &[(&str, &str)]| -> Vec<(String, OutsideKind)> {
        missing(&text, "t", &texts(outsides)).into_iter().map(|outside| (outside.uri.to_string(), outside.kind)).collect()
    };
    let (schema, function) = (("file:///s.yaml", "type: object"), ("https://h/f.yaml", "do: [{x: {call: 'https://h/g.yaml'}}]"));
    assert_eq!(uris(&[]), [("file:///s.yaml".to_owned(), OutsideKind::Schema), ("https://h/f.yaml".to_owned(), OutsideKind::Function)]);
    assert_eq!(uris(&[schema, function]), [("https://h/g.yaml".to_owned(), OutsideKind::Function)]);
    assert_eq!(needs(&format!("{HEAD}do: []"), "t"), []);
    assert_eq!(check(&text, "t"), [], "what is not fetched is not looked at");
    let error = build_with(&text, "t", &texts(&[schema, function])).unwrap_err();
    assert_eq!(places(error.diagnostics), [(NOT_FETCHED, 4, 15)]);

    let plan = plan_with(body, &[schema, function, ("https://h/g.yaml", "set: {y: '${ .x }'}\noutput: {as: .y}")]);
    assert!(plan.input_schema.as_ref().is_some_and(|schema| schema.validate(&Data::from(1)).is_err()));
    let references: Vec<&str> = plan.tasks.iter().map(|task| &*task.reference).collect();
    let f = "/use/functions/https:~1~1h~1f.yaml";
    assert_eq!(references, ["/do/0/a", f, &format!("{f}/do/0/x"), "/use/functions/https:~1~1h~1g.yaml"]);
    assert_eq!(task(&plan, f).definition.to_json()["do"][0]["x"]["call"], "https://h/g.yaml");
}

#[test]
fn what_is_wrong_elsewhere_is_told_at_the_place_that_names_it() {
    let body = "use: {secrets: [s], retries: {r: {}}}\ndo:\n  - a: {call: 'https://h/f.yaml'}\n  - b: {try: [], catch: {retry: r}}\n";
    for (function, expected, part) in [
        ("set: {x: '${ $secrets.s }'}", UNAVAILABLE_VARIABLE, "`$secrets` does not exist"),
        ("try: []\ncatch: {retry: r}", UNKNOWN_REFERENCE, "in https://h/f.yaml, line 2, column 16: "),
        ("call: https://h/f.yaml", FUNCTION_CYCLE, "calls itself"),
        ("set: [", SYNTAX, "this is not YAML"),
        ("document: {}\ndo: []", UNKNOWN_KEY, "`document`"),
        ("call: agent", MISSING_KEY, "`with` is missing"),
    ] {
        let error = build_with(&format!("{HEAD}{body}"), "t", &texts(&[("https://h/f.yaml", function)])).unwrap_err();
        let found = &error.diagnostics[0];
        assert_eq!((found.code, found.span.line, found.span.column, &*found.file), (expected, 4, 15, "t"), "{function}");
        assert!(found.message.contains(part), "{}", found.message);
    }
}

#[test]
fn loose_mode_tries_every_text() {
    let body = "evaluate: {mode: loose}\ndo:\n  - a: {set: {a: .x, b: hello, c: '${ .x }', d: '.x | error', e: [1, '.x + 1'], f: 'a b', g: ''}}\n  - b: {set: .x}\n  - c: {run: {shell: {command: '1'}}}\n";
    let plan = plan(body);
    assert_eq!(plan.warnings, []);
    let Kind::Set(set) = &plan.tasks[0].kind else { panic!("no set") };
    let value = set.eval(&Data::object([("x", Data::from(3))]), &(), &Fuel::new(10_000)).expect("a value");
    assert_eq!(value.to_string(), r#"{"a":3,"b":"hello","c":3,"d":".x | error","e":[1,4],"f":"a b","g":""}"#);
    let Kind::Set(whole) = &plan.tasks[1].kind else { panic!("no set") };
    assert!(matches!(whole, Template::Loose(..)));
    let Kind::Shell(shell) = &plan.tasks[2].kind else { panic!("no shell") };
    assert_eq!(literal(&shell.command), "\"1\"", "a command is no expression");
}

#[test]
fn lints() {
    for (body, expected) in [
        ("do:\n  - a: {set: {x: 1}, then: end}\n  - b: {set: {x: 1}}\n  - c: {set: {x: 1}}", vec![(UNREACHABLE, 4, 5)]),
        ("do:\n  - a: {set: {x: 1}, then: c}\n  - b: {set: {x: 1}}\n  - c: {set: {x: 1}, then: b}", vec![]),
        ("do:\n  - a: {set: {x: 1}, then: exit, if: .x}\n  - b: {set: {x: 1}}", vec![]),
        ("do:\n  - a: {switch: [{x: {when: .x, then: end}}], then: end}\n  - b: {set: {x: 1}}", vec![(UNREACHABLE, 4, 5)]),
        ("do:\n  - a: {switch: [{x: {when: .x, then: end}}]}\n  - b: {set: {x: 1}}", vec![]),
        ("do:\n  - a: {switch: [{x: {then: end}}]}\n  - b: {set: {x: 1}}", vec![(UNREACHABLE, 4, 5)]),
        ("do:\n  - a: {try: [], catch: {then: c}, then: end}\n  - b: {set: {x: 1}}\n  - c: {set: {x: 1}}", vec![(UNREACHABLE, 4, 5)]),
        ("do:\n  - a: {switch: [{x: {when: .x, then: end}}, {y: {when: '${ .x }', then: exit}}]}", vec![(REPEATED_CASE, 3, 57)]),
        ("do:\n  - a: {run: {script: {language: javascript, code: x}}}", vec![(OLD_WORD, 3, 34)]),
        ("do:\n  - a: {run: {shell: {command: 'echo ${ .x }'}}}", vec![(EMBEDDED_EXPRESSION, 3, 38)]),
        ("do:\n  - a: {run: {workflow: {namespace: n, name: n}, return: all}}", vec![(NO_EFFECT, 3, 50)]),
        (
            "use: {functions: {f: {set: {x: '${ nonsense }'}}}, authentications: {a: {bearer: {token: x}}}}\ndo: []",
            vec![(UNUSED, 2, 19), (UNUSED, 2, 70)],
        ),
        (
            "use: {secrets: [s]}\ndo:\n  - a: {set: {x: '${ \"Bearer \\($secrets.s)\" }', y: '${ $secrets.s | length }'}}",
            vec![(LOOKS_INSIDE_SECRET, 4, 69)],
        ),
        ("do:\n  - a: {set: {x: .customer}}", vec![(LOOKS_LIKE_EXPRESSION, 3, 18)]),
    ] {
        assert_eq!(problems(body), expected, "{body}");
    }
}

#[test]
fn forms_of_events_and_programs() {
    let listen = |to: &str| format!("do:\n  - a: {{listen: {{to: {{{to}}}}}}}");
    for (body, expected) in [
        (listen("one: {}"), vec![(MISSING_KEY, 3, 28)]),
        (listen("one: {with: {}}"), vec![(EMPTY, 3, 28)]),
        (listen("any: [], all: [{with: {type: a}}]"), vec![(EXCLUSIVE_KEYS, 3, 32)]),
        (listen("all: []"), vec![(EMPTY, 3, 28)]),
        (listen("all: [{with: {type: a}}], until: .x"), vec![(EXCLUSIVE_KEYS, 3, 49)]),
        (listen("any: [], until: {any: [], until: .x}"), vec![(UNKNOWN_KEY, 3, 49)]),
        (listen("any: [], until: 3"), vec![(WRONG_TYPE, 3, 39)]),
        (listen("until: .x"), vec![(MISSING_KEY, 3, 22)]),
        (listen("one: {with: {type: 1, data: 2}, correlate: {k: {expect: x}}}"), vec![(WRONG_TYPE, 3, 42), (MISSING_KEY, 3, 70)]),
        ("do:\n  - a: {listen: {to: {any: []}, read: all}, foreach: {item: i, at: j}}".to_owned(), vec![(BAD_VALUE, 3, 39)]),
        ("do:\n  - a: {listen: {to: {any: []}}, foreach: {item: i, at: i}}".to_owned(), vec![(BAD_VARIABLE, 3, 57)]),
        ("do:\n  - a: {emit: {event: {with: {source: x, time: noon}}}}".to_owned(), vec![(MISSING_KEY, 3, 30), (BAD_VALUE, 3, 48)]),
        ("do:\n  - a: {emit: {event: {with: {type: x, time: '2026-05-01T12:30:00.5+02:00'}}}}".to_owned(), vec![]),
        ("do:\n  - a: {run: {}}".to_owned(), vec![(MISSING_KEY, 3, 14)]),
        ("do:\n  - a: {run: {shell: {command: x}, script: {language: js}}}".to_owned(), vec![(EXCLUSIVE_KEYS, 3, 36)]),
        ("do:\n  - a: {run: {script: {language: ruby}}}".to_owned(), vec![(MISSING_KEY, 3, 23), (BAD_VALUE, 3, 34)]),
        (
            "do:\n  - a: {run: {shell: {command: x, arguments: {a: b}}, return: out}}".to_owned(),
            vec![(WRONG_TYPE, 3, 46), (BAD_VALUE, 3, 63)],
        ),
        (
            "do:\n  - a: {call: activity, with: {name: x, arguments: {}}}".to_owned(),
            vec![(MISSING_KEY, 3, 31), (UNKNOWN_KEY, 3, 32), (WRONG_TYPE, 3, 52)],
        ),
        ("schedule: {cron: '* * *', read: data}\ndo: []".to_owned(), vec![(SCHEDULE, 2, 1), (BAD_VALUE, 2, 18), (MISSING_KEY, 2, 27)]),
    ] {
        assert_eq!(problems(&body), expected, "{body}");
    }
}

#[test]
fn what_comes_later_is_valid_and_does_not_run() {
    let body = "schedule: {every: PT1H}\ndo:\n  - a: {call: grpc, with: {proto: {endpoint: 'file:///a.proto'}, service: {name: s, host: h}, method: M}}\n";
    let text = format!("{HEAD}{body}");
    let found = check(&text, "t");
    assert!(found.iter().all(|found| found.severity == crate::dsl::Severity::Unsupported && !found.is_error()), "{found:?}");
    let error = build(&text, "t").unwrap_err().to_string();
    assert!(error.starts_with("t:2:1: unsupported[E0517]: `schedule` cannot be run yet") && error.ends_with("(and 1 more)"), "{error}");
}

#[test]
fn a_bare_duration_is_no_name_of_a_timeout() {
    let found = check(&format!("{HEAD}do:\n  - a: {{wait: PT1S, timeout: PT48H}}\n"), "a.yaml");
    assert_eq!(found[0].help.as_deref(), Some("a time limit is written `timeout: { after: PT48H }`"), "{found:?}");
}
