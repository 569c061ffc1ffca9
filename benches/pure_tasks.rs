//! What a task costs that makes no call: `set` with one expression, in a loop, in this process.
//!
//! ```text
//! cargo bench --bench pure_tasks
//! ```
//!
//! prints the time of one task, which is the whole of our own: the loop, the variables of the expression, its evaluation, and the flow to the
//! next task. No server, no timer; the document is compiled once. The figure to hold is 20 µs; the median of the rounds is the one to compare.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::json;
use workflow_runner::engine::{Outcome, Start};
use workflow_runner::expr::Data;
use workflow_runner::local::mock::Mock;
use workflow_runner::local::{self, Clock, Options};
use workflow_runner::plan::{Plan, PlanCache, build};

const TASKS: u32 = 10_000;
const ROUNDS: usize = 15;

/// Name, and the tasks of a round: each of them is counted.
const SHAPES: [(&str, &str, u32); 6] = [
    ("set, one path", "[{s: {set: {a: '${ .a }'}}}]", 1),
    ("set, one sum", "[{s: {set: {x: '${ $i + 1 }'}}}]", 1),
    ("set, text", r#"[{s: {set: {x: '${ "item \($i) of \($workflow.input.a)" }'}}}]"#, 1),
    (
        "set, an object of eight",
        "[{s: {set: '${ {a: .a, b: $i, c: (.a // 1), d: [$i, .a], e: {f: .a}, g: \"x\", h: null, i: ($i > 3)} }'}}]",
        1,
    ),
    ("set, reduce over ten", "[{s: {set: {x: '${ reduce range(10) as $k (0; . + $k) }'}}}]", 1),
    ("switch and set", "[{w: {switch: [{big: {when: $i >= 0, then: s}}]}}, {s: {set: {a: '${ .a }'}}}]", 2),
];

fn plan(tasks: &str) -> Plan {
    let document = "document: {dsl: '1.0.3', namespace: bench, name: pure, version: '1.0.0'}";
    let text = format!(
        "{document}\ninput: {{from: '{{items: [range({TASKS})], a: 7}}'}}\ndo:\n- l: {{for: {{in: .items, each: i}}, do: {tasks}}}\n"
    );
    build(&text, "pure.yaml").unwrap_or_else(|error| panic!("{tasks}: {error:?}"))
}

fn run(plan: &Plan) -> Duration {
    let start = Start::new("bench", Data::from(json!({"a": 7})), Timestamp::UNIX_EPOCH);
    let options = Options::new(start, Clock::starting_at(Timestamp::UNIX_EPOCH), Mock::echo());
    let begun = Instant::now();
    let outcome = local::run(plan, options).unwrap_or_else(|error| panic!("no runtime: {error}"));
    let took = begun.elapsed();
    // What the last round made: the loop went to its end.
    assert!(
        matches!(&outcome, Outcome::Completed(output) if output.get("x").or(output.get("a")).is_some_and(|x| !x.is_null())),
        "{outcome:?}"
    );
    took
}

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{:<28}{:>12}{:>12}", "shape", "median", "best")?;
    for (name, tasks, count) in SHAPES {
        let plan = plan(tasks);
        let mut rounds: Vec<Duration> = (0..ROUNDS).map(|_| run(&plan)).collect();
        rounds.sort_unstable();
        let each = |took: Duration| took.as_secs_f64() * 1e6 / f64::from(TASKS * count);
        writeln!(out, "{name:<28}{:>9.1} µs{:>9.1} µs", each(rounds[ROUNDS / 2]), each(rounds[0]))?;
    }
    compile(&mut out)
}

/// A document of 2,000 expressions, as many as one may have, built when a worker meets it for the first time.
fn compile(out: &mut impl Write) -> io::Result<()> {
    let tasks: Vec<_> = (0..2_000).map(|n| format!("- t{n}: {{set: {{x: '${{ .a.b{n} + {n} | tostring }}'}}}}\n")).collect();
    let tasks = tasks.concat();
    let text = format!("document: {{dsl: '1.0.3', namespace: bench, name: many, version: '1.0.0'}}\ndo:\n{tasks}");
    let begun = Instant::now();
    let built = PlanCache::default().get(&text, "many.yaml");
    assert!(built.is_ok());
    writeln!(out, "{:<28}{:>9.0} ms", "a document of 2,000", begun.elapsed().as_secs_f64() * 1e3)
}
