use super::model::Mark;
use super::*;
use crate::cli::history::model::{State, Task};
use crate::plan::{self, Plan};

const HEADER: &str = "document: {dsl: '1.0.3', namespace: test, name: drawn, version: '1.0.0'}\n";
const ALL: &str = r#"
use:
  retries:
    patient: {delay: {seconds: 1}, backoff: {linear: {}}, limit: {attempt: {count: 3}}}
do:
  - prepare: {set: {a: 1, b: 2}}
  - loop:
      for: {each: n, in: '.list'}
      while: $n < 5
      do:
        - one: {set: '${ . }', then: exit}
        - two: {set: {"<x>": '"&"'}}
  - choose:
      switch:
        - small: {when: .a < 1, then: prepare}
        - large: {when: .a > 1, then: last}
  - both:
      fork:
        compete: true
        branches:
          - slow: {wait: PT1H}
          - fast: {do: [{deep: {set: {x: 1}, then: end}}]}
  - read:
      try:
        - get: {call: http, with: {method: get, endpoint: 'https://example.com/{id}'}}
      catch:
        errors: {with: {status: 404}}
        retry: patient
        do: [{note: {set: {x: 1}}}]
        then: last
  - refuse:
      if: .a == 3
      raise: {error: {type: 'https://example.com/errors/no', status: 409}}
  - last: {set: {done: true}}
"#;

fn plan_of(tasks: &str) -> Plan {
    plan::build(&format!("{HEADER}{tasks}"), "drawn.yaml").unwrap_or_else(|error| panic!("{error}"))
}

fn edges(scope: &model::Scope) -> Vec<(String, String, String)> {
    let name = |at: usize| scope.items[at].lines[0].clone();
    scope.edges.iter().map(|edge| (name(edge.from), edge.label.clone().unwrap_or_default(), name(edge.to))).collect()
}

fn item<'g>(scope: &'g model::Scope, name: &str) -> &'g model::Item {
    scope.items.iter().find(|item| item.lines[0] == name).unwrap_or_else(|| panic!("no {name}"))
}

fn inside<'g>(scope: &'g model::Scope, name: &str) -> &'g model::Scope {
    item(scope, name).inside.as_ref().unwrap()
}

fn names(edges: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    edges.iter().map(|(from, label, to)| ((*from).to_owned(), (*label).to_owned(), (*to).to_owned())).collect()
}

#[test]
fn edges_are_the_ways_that_the_flow_can_take() {
    let graph = graph(&plan_of(ALL));
    let flow = [
        ("start", "", "prepare"),
        ("prepare", "", "loop"),
        ("loop", "", "choose"),
        ("choose", "small", "prepare"),
        ("choose", "large", "last"),
        ("choose", "otherwise", "both"),
        ("both", "", "read"),
        ("read", "", "refuse"),
        ("read", "caught", "last"),
        ("refuse", "if not", "last"),
        ("last", "", "end"),
    ];
    assert_eq!(edges(&graph.flow), names(&flow));
    let looped = [("start", "", "one"), ("one", "", "exit"), ("two", "", "exit"), ("exit", "next", "start")];
    assert_eq!(edges(inside(&graph.flow, "loop")), names(&looped));
    let forked = [("fork", "", "slow"), ("slow", "", "first"), ("fork", "", "fast"), ("fast", "", "first")];
    assert_eq!(edges(inside(&graph.flow, "both")), names(&forked));
    // `end` leaves the workflow, not the list: it is marked where it stands.
    assert_eq!(edges(inside(inside(&graph.flow, "both"), "fast")), names(&[("start", "", "deep"), ("deep", "", "end")]));
    let tried = [
        ("start", "", "try"),
        ("try", "", "exit"),
        ("try", "status 404", "retry"),
        ("retry", "again", "try"),
        ("retry", "no more", "catch"),
        ("catch", "", "exit"),
    ];
    assert_eq!(edges(inside(&graph.flow, "read")), names(&tried));
}

#[test]
fn boxes_say_what_their_tasks_do() {
    let graph = graph(&plan_of(ALL));
    assert_eq!(item(&graph.flow, "loop").lines, ["loop", "for $n in .list", "while $n < 5"]);
    assert_eq!(item(&graph.flow, "refuse").lines, ["refuse", "raise 409 no", "if .a == 3"]);
    assert_eq!(item(&graph.flow, "both").lines, ["both", "fork the first wins"]);
    let body = inside(inside(&graph.flow, "read"), "try");
    assert_eq!(item(body, "get").lines, ["get", "call http GET https://example.com/{id}"]);
    assert_eq!(item(body, "get").reference.as_deref(), Some("/do/4/read/try/0/get"));
    assert_eq!(item(inside(&graph.flow, "read"), "retry").lines, ["retry", "linear, 3 attempts"]);
}

#[test]
fn every_writer_escapes_and_repeats_itself() {
    let plan = plan_of(&ALL.replace("prepare", "'a \"b\" <c> & \\ #d;'"));
    let [mermaid, dot, svg] = [mermaid::write(&graph(&plan)), dot::write(&graph(&plan)), svg::write(&graph(&plan)).unwrap()];
    assert!(mermaid.contains("\"a #34;b#34; #60;c#62; #38; #92; #35;d#59;<br/>set a, b\""), "{mermaid}");
    assert!(dot.contains(r#"label="a \"b\" <c> & \\ #d;\nset a, b""#), "{dot}");
    assert!(svg.contains(">a &quot;b&quot; &lt;c&gt; &amp; \\ #d;</text>"), "{svg}");
    assert!(svg.contains("data-reference=\"/do/4/read/try/0/get\""), "{svg}");
    assert_eq!([mermaid, dot, svg], [mermaid::write(&graph(&plan)), dot::write(&graph(&plan)), svg::write(&graph(&plan)).unwrap()]);
}

/// A story in which these tasks stand so.
fn story(tasks: &[(&str, State, usize)]) -> Story {
    let task = |(reference, state, count): &(&str, State, usize)| {
        let task = Task { reference: (*reference).to_owned(), state: *state, ..Task::default() };
        std::iter::repeat_n(task, *count)
    };
    Story { tasks: tasks.iter().flat_map(task).collect(), ..Story::default() }
}

#[test]
fn a_run_is_painted_onto_its_tasks() {
    let mut painted = graph(&plan_of(ALL));
    let one = "/do/1/loop/do/0/one";
    onto(
        &mut painted,
        &story(&[
            ("/do/0/prepare", State::Completed, 1),
            ("/do/1/loop", State::Waiting, 1),
            (one, State::Waiting, 1),
            (one, State::Completed, 2),
            ("/do/5/refuse", State::Failed, 1),
        ]),
    );
    let last = |name| item(&painted.flow, name).lines.last().unwrap().as_str();
    assert_eq!([last("prepare"), last("loop"), last("refuse"), last("last")], ["done", "waiting", "failed", "not reached"]);
    let body = inside(&painted.flow, "loop");
    assert_eq!(item(body, "one").lines.last().unwrap(), "waiting, ran 3 times", "what is open counts, whatever ended after it began");
    let ids = |mark| painted.marked().iter().filter(|(_, of)| *of == mark).count();
    assert_eq!((ids(Mark::Waiting), ids(Mark::Done), ids(Mark::Failed)), (2, 1, 1));
    let [mermaid, dot, svg] = [mermaid::write(&painted), dot::write(&painted), svg::write(&painted).unwrap()];
    let id = &item(&painted.flow, "refuse").id;
    assert!(mermaid.contains(&format!("\n  class {id} failed\n")) && mermaid.contains("classDef failed fill:#ffebe9"), "{mermaid}");
    assert!(mermaid.contains("classDef waitinggroup fill:transparent"), "{mermaid}");
    assert!(dot.contains("fillcolor=\"#ffebe9\""), "{dot}");
    assert!(svg.contains("class=\"error failed\" data-reference=\"/do/5/refuse\""), "{svg}");
    assert!(svg.contains(".workflow .failed > .box") && !svg.contains(".workflow .cancelled > .box"), "{svg}");
}

#[test]
fn groups_close_and_lines_name_what_there_is() {
    let graph = graph(&plan_of(ALL));
    let mermaid = mermaid::write(&graph);
    let lines = || mermaid.lines().map(str::trim);
    assert_eq!(lines().filter(|line| line.starts_with("subgraph")).count(), lines().filter(|line| *line == "end").count());
    for line in lines().filter(|line| line.contains("->")) {
        let ends = [line.split(' ').next().unwrap(), line.rsplit(' ').next().unwrap()];
        for end in ends {
            assert!(
                lines().any(|line| line.starts_with(&format!("{end}["))
                    || line.starts_with(&format!("{end}("))
                    || line.starts_with(&format!("{end}{{"))
                    || line.starts_with(&format!("subgraph {end}["))),
                "{end} in {line}"
            );
        }
    }
    assert!(mermaid.contains("[\"loop · for $n in .list · while $n ‹ 5\"]"), "{mermaid}");
    let dot = dot::write(&graph);
    assert_eq!(dot.matches('{').count(), dot.matches('}').count(), "{dot}");
    assert!(dot.contains("ltail=cluster_") && dot.contains("style=dashed"), "{dot}");
}

#[test]
fn hostile_definitions_are_drawn_or_refused() {
    let many = (0..8_000).map(|at| format!("  - t{at}: {{set: {{x: 1}}, then: end}}\n")).collect::<Vec<_>>().concat();
    assert!(svg::write(&graph(&plan_of(&format!("do:\n{many}")))).is_err());
    assert!(mermaid::write(&graph(&plan_of(&format!("do:\n{many}")))).contains("t7999"));
    let deep = (0..38).fold("{set: {x: 1}}".to_owned(), |inner, _| format!("{{do: [{{t: {inner}}}]}}"));
    assert!(svg::write(&graph(&plan_of(&format!("do: [{{t: {deep}}}]")))).unwrap().contains("</svg>"));
}
