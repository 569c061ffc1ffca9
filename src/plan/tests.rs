//! Whole definitions: what a plan holds, and what keeps one from being built.

use std::time::Duration;

use super::*;
use crate::dsl::codes::*;

const HEAD: &str = "document: {dsl: '1.0.3', namespace: test, name: test, version: '1.0.0'}\n";

fn plan(body: &str) -> Plan {
    build(&format!("{HEAD}{body}"), "test.yaml").unwrap_or_else(|error| panic!("{body}\n{:#?}", error.diagnostics))
}

/// Code, line and column of each problem; what is tested begins in line 2.
fn problems(body: &str) -> Vec<(&'static str, u32, u32)> {
    let diagnostics = match build(&format!("{HEAD}{body}"), "test.yaml") {
        Ok(plan) => plan.warnings,
        Err(error) => error.diagnostics,
    };
    diagnostics.into_iter().map(|found| (found.code, found.span.line, found.span.column)).collect()
}

fn names(plan: &Plan, list: &List) -> Vec<String> {
    list.tasks.iter().map(|id| plan.task(*id).name.to_string()).collect()
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

/// The specification's own documents, where a checkout of them is at hand: `OWS_SPEC_DIR` names the directory with `examples`.
#[test]
fn documents_of_the_specification() {
    let Some(directory) = std::env::var_os("OWS_SPEC_DIR").map(std::path::PathBuf::from) else { return };
    let texts = |folder: &str| -> Vec<(String, String)> {
        let entries = std::fs::read_dir(directory.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| (path.display().to_string(), std::fs::read_to_string(path).unwrap())).collect()
    };
    let (examples, features, invalid) = (texts("examples"), texts("ctk/features"), texts("invalid"));
    assert!(examples.len() >= 60 && features.len() >= 10 && invalid.len() >= 3);
    // The first text of a scenario is its definition.
    let scenarios = features.iter().flat_map(|(path, text)| text.split("Scenario:").skip(1).map(move |scenario| (path, scenario)));
    let definitions =
        scenarios.filter_map(|(path, scenario)| Some((path.clone(), scenario.split("\"\"\"").nth(1)?.strip_prefix("yaml")?.to_owned())));
    let mut built = 0;
    for (path, text) in examples.into_iter().chain(definitions) {
        let errors: Vec<_> = check(&text, &path).into_iter().filter(Diagnostic::is_error).collect();
        assert!(errors.is_empty(), "{path}: {errors:#?}");
        built += usize::from(build(&text, &path).is_ok());
    }
    assert!(built >= 60, "only {built} documents can be built");
    for (path, text) in invalid {
        let found = check(&text, &path);
        assert!(found.iter().any(|found| found.is_error() && found.span.end > 0), "{path}: {found:?}");
    }
}

const EVERYTHING: &str = r#"
use:
  secrets: [apiKey]
  timeouts: {short: {after: PT5S}}
  retries: {some: {delay: {milliseconds: 250}, backoff: {exponential: {}}, limit: {attempt: {count: 3, duration: PT1M}, duration: PT1H}, jitter: {from: PT0S, to: PT1S}, when: $error.status == 503}}
  errors: {late: {type: 'https://example.org/late', status: 408, title: Late, detail: '${ $task.name }'}}
input: {from: .order}
output: {as: {done: '${ . }'}}
timeout: {after: PT1H}
do:
  - prepare:
      if: .ready
      set: {total: '${ .price * 2 }', list: [1, {a: b}], deep: {x: '${ $data.x }'}}
      export: {as: '$context + {total: $output.total}'}
      then: each
  - skipped: {do: [{inner: {wait: PT0.5S}}], then: end}
  - each:
      for: {each: order, in: .orders, at: position}
      while: $position < 10
      do:
        - guarded:
            try:
              - get:
                  call: http
                  with: {method: get, endpoint: 'https://example.org/{id}?q={q}', headers: {authorization: '${ "Bearer \($secrets.apiKey)" }', n: 1}, output: response, redirect: true}
                  timeout: short
                  metadata: {local: true}
            catch:
              errors: {with: {type: x, details: y}}
              as: problem
              when: $problem.status > 400
              retry: {delay: PT1S}
              do: [{note: {set: {why: '${ $problem.title + $order.name }'}}}]
              then: exit
  - decide:
      switch:
        - other: {then: continue}
        - first: {when: .a == 1, then: prepare}
        - second: {when: '${ .a == 2 }', then: end}
  - parallel:
      fork: {compete: true, branches: [{left: {set: '${ . }'}}, {right: {do: [{x: {raise: {error: late}}}]}}]}
  - ask: {call: agent, with: {agent: helper, message: '${ .question }', env: {K: v}, config: {model: m, temperature: 0.5}}}
  - retried: {try: [{y: {set: {z: 1}}}], catch: {retry: some}}
"#;

#[test]
fn a_definition_with_everything() {
    let plan = plan(EVERYTHING);
    assert_eq!(plan.warnings, []);
    assert_eq!((plan.namespace.as_str(), plan.name.as_str(), plan.version.as_str()), ("test", "test", "1.0.0"));
    assert_eq!(names(&plan, &plan.root), ["prepare", "skipped", "each", "decide", "parallel", "ask", "retried"]);
    assert_eq!((plan.secrets.clone(), plan.uses_data, plan.digest.len()), (vec!["apiKey".to_owned()], true, 64));
    assert!(matches!(plan.timeout, Some(DurationSpec::Fixed(length)) if length == Duration::from_hours(1)));
    assert!(matches!((&plan.input_from, &plan.output_as), (Some(Template::Expr(_)), Some(Template::Object(_)))));
    let references: Vec<&str> = plan.tasks.iter().map(|task| &*task.reference).collect();
    let expected = [
        "/do/0/prepare",
        "/do/1/skipped",
        "/do/1/skipped/do/0/inner",
        "/do/2/each",
        "/do/2/each/do/0/guarded",
        "/do/2/each/do/0/guarded/try/0/get",
        "/do/2/each/do/0/guarded/catch/do/0/note",
        "/do/3/decide",
        "/do/4/parallel",
        "/do/4/parallel/fork/branches/0/left",
        "/do/4/parallel/fork/branches/1/right",
        "/do/4/parallel/fork/branches/1/right/do/0/x",
        "/do/5/ask",
        "/do/6/retried",
        "/do/6/retried/try/0/y",
    ];
    assert_eq!(references, expected);
    for task in &plan.tasks {
        assert_eq!(plan.task(task.id).reference, task.reference);
        let pointer = task.reference.to_string();
        assert_eq!(plan.definition.to_json().pointer(&pointer), Some(&task.definition.to_json()), "{pointer}");
    }
    let prepare = &plan.tasks[0];
    assert_eq!(prepare.then, Then::Goto(2));
    assert!(prepare.condition.as_ref().is_some_and(|condition| condition.source() == ".ready") && prepare.export_as.is_some());
    let Kind::Set(Template::Object(members)) = &prepare.kind else { panic!("not a set: {:?}", prepare.kind) };
    assert_eq!(members[1].1.literal().map(ToString::to_string), Some(r#"[1,{"a":"b"}]"#.to_owned()));
}

#[test]
fn loop_and_catch_variables_have_places_by_depth() {
    let plan = plan(EVERYTHING);
    let Kind::For(each) = &plan.tasks[3].kind else { panic!("not a for") };
    let Kind::Try(guarded) = &plan.tasks[4].kind else { panic!("not a try") };
    assert_eq!((each.each, each.at, guarded.error), (Plan::FIRST_LOCAL, Plan::FIRST_LOCAL + 1, Plan::FIRST_LOCAL + 2));
    assert_eq!(each.condition.as_ref().map(|condition| condition.uses().to_vec()), Some(vec![each.at]));
    let Kind::Set(note) = &plan.tasks[6].kind else { panic!("not a set") };
    let mut used = note.programs()[0].uses().to_vec();
    used.sort_unstable();
    assert_eq!(used, [each.each, guarded.error]);
    assert_eq!((guarded.then, guarded.handler.is_some()), (Some(Then::Exit), true));
    assert!(guarded.filter.type_.is_some() && guarded.filter.detail.is_some() && guarded.filter.status.is_none());
}

#[test]
fn calls_switches_and_policies() {
    let plan = plan(EVERYTHING);
    let Kind::Http(get) = &plan.tasks[5].kind else { panic!("not a call") };
    assert!(plan.tasks[5].local && get.redirect && get.output == HttpOutput::Response);
    assert_eq!(get.method.literal().and_then(|method| method.as_str().map(str::to_owned)), Some("GET".to_owned()));
    let Endpoint::Uri(parts) = &get.endpoint else { panic!("not a template") };
    assert_eq!(parts[1], UriPart::Variable("id".to_owned()));
    assert!(matches!(plan.tasks[5].timeout, Some(DurationSpec::Fixed(length)) if length == Duration::from_secs(5)));
    let Kind::Switch(cases) = &plan.tasks[7].kind else { panic!("not a switch") };
    let cases: Vec<_> = cases.iter().map(|case| (case.name.as_str(), case.when.is_some(), case.then)).collect();
    assert_eq!(cases, [("first", true, Then::Goto(0)), ("second", true, Then::End), ("other", false, Then::Continue)]);
    let Kind::Fork(fork) = &plan.tasks[8].kind else { panic!("not a fork") };
    assert_eq!((fork.compete, fork.branches.clone()), (true, vec![TaskId(9), TaskId(10)]));
    let Kind::Try(retried) = &plan.tasks[13].kind else { panic!("not a try") };
    let retry = retried.retry.as_ref().expect("a policy");
    assert_eq!((retry.backoff, retry.attempts, retry.when.is_some()), (Backoff::Exponential, Some(3), true));
    assert!(matches!(retry.delay, Some(DurationSpec::Fixed(length)) if length == Duration::from_millis(250)));
    assert!(retry.jitter.is_some() && retry.attempt_duration.is_some() && retry.total_duration.is_some());
}

#[test]
fn names_that_lead_nowhere() {
    for (body, expected) in [
        ("do:\n  - a: {set: {x: 1}, then: b}", vec![(UNKNOWN_TARGET, 3, 28)]),
        ("do:\n  - a: {do: [{b: {set: {x: 1}, then: c}}]}\n  - c: {set: {x: 1}}", vec![(UNKNOWN_TARGET, 3, 38)]),
        ("do:\n  - a: {switch: [{x: {then: nowhere}}]}", vec![(UNKNOWN_TARGET, 3, 29)]),
        ("do:\n  - a: {try: [], catch: {then: nowhere, retry: often}}", vec![(UNKNOWN_TARGET, 3, 32), (UNKNOWN_REFERENCE, 3, 48)]),
        ("do:\n  - a: {fork: {branches: [{b: {set: {x: 1}, then: c}}, {c: {set: {x: 1}, then: end}}]}}", vec![(UNKNOWN_TARGET, 3, 51)]),
        ("do:\n  - a: {raise: {error: unknown}, timeout: unknown}", vec![(UNKNOWN_REFERENCE, 3, 24), (UNKNOWN_REFERENCE, 3, 43)]),
        ("timeout: unknown\ndo: []", vec![(UNKNOWN_REFERENCE, 2, 10)]),
        ("use: {timeouts: {t: {after: PT1S}}}\ndo: []", vec![(UNUSED, 2, 18)]),
        ("use: {secrets: [tokn]}\ndo:\n  - a: {set: {x: '${ $secrets.token }'}}", vec![(UNKNOWN_REFERENCE, 4, 22)]),
        ("do:\n  - a: {for: {each: $x, at: input, in: .}, do: []}", vec![(BAD_VARIABLE, 3, 21), (BAD_VARIABLE, 3, 29)]),
        ("do:\n  - a: {for: {each: x, at: x, in: .}, do: []}", vec![(BAD_VARIABLE, 3, 28)]),
        ("do:\n  - a: {for: {each: data, at: env, in: .}, do: [{b: {set: '${ $data }'}}]}", vec![]),
        ("do:\n  - a: {try: [], catch: {as: 1x}}", vec![(BAD_VARIABLE, 3, 30)]),
    ] {
        assert_eq!(problems(body), expected, "{body}");
    }
}

#[test]
fn expressions_are_reported_in_their_place() {
    for (body, expected) in [
        ("do:\n  - a: {set: {x: '${ .a + }'}}", vec![BAD_EXPRESSION]),
        ("do:\n  - a: {set: '${}'}", vec![BAD_EXPRESSION]),
        ("do:\n  - a: {if: '', set: {x: 1}}", vec![BAD_EXPRESSION]),
        ("do:\n  - a: {if: '${ .x } == 1', set: {x: 1}}", vec![BAD_EXPRESSION]),
        ("do:\n  - a: {set: {x: '${ $unknown }'}}", vec![BAD_EXPRESSION]),
        ("do:\n  - a: {set: {x: '${ $output }', y: '${ $error }'}}", vec![UNAVAILABLE_VARIABLE, BAD_EXPRESSION]),
        ("do:\n  - a: {if: $input.x, set: {x: 1}}", vec![UNAVAILABLE_VARIABLE]),
        ("input: {from: $context}\noutput: {as: $input}\ndo: []", vec![UNAVAILABLE_VARIABLE; 2]),
        ("do:\n  - a: {try: [{b: {set: '${ $error }'}}], catch: {do: [{c: {set: '${ $error }'}}]}}", vec![BAD_EXPRESSION]),
        ("do:\n  - a: {for: {in: $item}, do: [], output: {as: $item}}", vec![BAD_EXPRESSION; 2]),
        ("do:\n  - a: {wait: '${ .x | }'}", vec![BAD_EXPRESSION]),
        (
            "do:\n  - a: {set: {x: 'Hello ${ .name }', y: .name, z: $context.a, ok: '$5 . {a}'}}",
            vec![EMBEDDED_EXPRESSION, LOOKS_LIKE_EXPRESSION, LOOKS_LIKE_EXPRESSION],
        ),
    ] {
        assert_eq!(problems(body).iter().map(|problem| problem.0).collect::<Vec<_>>(), expected, "{body}");
    }
}

#[test]
fn the_caret_finds_the_word_in_every_style_of_text() {
    for (value, line, column) in [
        ("${ .a + $output }", 5, 20),
        ("'${ .a + $output }'", 5, 21),
        ("'${ \"it''s\" + $output }'", 5, 26),
        ("\"${ \\\"x\\\" + $output }\"", 5, 24),
        ("|\n          ${\n            .a +\n            $output }", 8, 13),
        (">-\n          ${ .a\n          + $output }", 7, 13),
        ("${ .a\n          + $output }", 6, 13),
        ("\"${ .a \\x2b $output }\"", 5, 12),
    ] {
        let body = format!("do:\n  - a:\n      set:\n        x: {value}\n");
        assert_eq!(problems(&body), [(UNAVAILABLE_VARIABLE, line, column)], "{body}");
    }
}

#[test]
fn problems_of_all_layers_come_at_once_and_in_order() {
    let body =
        "do:\n  - a: {set: {x: '${ $nope }'}, thne: b}\n  - b: {wait: P1Y, then: c}\n  - d: {emit: {event: {}}}\n  - e: {call: nothing}\n";
    let error = build(&format!("{HEAD}{body}"), "flow.yaml").unwrap_err();
    let codes: Vec<_> = error.diagnostics.iter().map(|found| found.code).collect();
    assert_eq!(codes, [BAD_EXPRESSION, UNKNOWN_KEY, BAD_DURATION, UNKNOWN_TARGET, MISSING_KEY, UNKNOWN_REFERENCE]);
    let text = error.to_string();
    assert!(text.starts_with("flow.yaml:3:") && text.ends_with("(and 5 more)"), "{text}");
    assert_eq!(error.diagnostics[1].reference.as_deref(), Some("/do/0/a"));
}

#[test]
fn a_policy_is_checked_where_it_is_used_and_reported_once() {
    let tries = lines(3, |at| format!("  - t{at}: {{try: [], catch: {{retry: p}}}}\n"));
    let body = format!("use: {{retries: {{p: {{when: $oops}}}}}}\ndo:\n{tries}");
    assert_eq!(problems(&body), [(BAD_EXPRESSION, 2, 27)]);
    let body = "use: {retries: {p: {when: $error.status == 1}}}\ndo:\n  - a: {try: [], catch: {as: e, retry: p}}\n";
    assert_eq!(problems(body).len(), 1, "the variable has the name that the try gives it");
}

#[test]
fn large_definitions() {
    let many = lines(MAX_EXPRESSIONS + 1, |at| format!("  - t{at}: {{if: $nope{at}, wait: PT0S}}\n"));
    assert_eq!(problems(&format!("do:\n{many}")).len(), crate::dsl::MAX_DIAGNOSTICS);
    let same = lines(5_000, |at| format!("  - t{at}: {{set: {{x: '${{ .x + 1 }}'}}}}\n"));
    assert_eq!(plan(&format!("do:\n{same}")).tasks.len(), 5_000);
    let lost = lines(5_000, |at| format!("  - t{at}: {{wait: PT0S, then: lost{at}}}\n"));
    assert_eq!(problems(&format!("do:\n{lost}")).len(), crate::dsl::MAX_DIAGNOSTICS);
    let name = "k".repeat(1_000);
    let tall = format!("do:\n  - {name}: {{do: [{{{name}: {{do: [{{a: {{wait: PT0S}}}}]}}}}]}}\n");
    assert_eq!(problems(&tall), [(LONG_REFERENCE, 3, 1014)]);
    let error = build(&format!("{HEAD}do:\n  - a: {{wait: PT0S, then: {}}}\n", "x".repeat(400_000)), "t").unwrap_err();
    assert!(error.to_string().len() < 3_000, "a message does not repeat the document");
    let (open, close) = ("{do: [{a: ".repeat(41), "}]}".repeat(41));
    assert_eq!(plan(&format!("do:\n  - a: {open}{{set: {{x: 1}}}}{close}\n")).tasks.len(), 42);
}
