//! Lists, conditions, data, loops, decisions, errors, programs: rows 8.5 to 8.7, 8.10 and 8.11, and the patterns of 8.13.

use serde_json::{Value, json};

use crate::case::{Row, hold, row};

/// A task that writes its name down behind those before it.
fn step(name: &str) -> Value {
    json!({name: {"set": {"ran": format!("${{ (.ran // []) + [\"{name}\"] }}")}}})
}

fn then(name: &str, target: &str) -> Value {
    let mut task = step(name);
    task[name]["then"] = json!(target);
    task
}

fn ran(names: &[&str]) -> Value {
    json!({"ran": names})
}

#[test]
fn do_lists() {
    let second = json!({"value": "two", "env": "${ $env.APP_ENV.value }", "input": "${ $workflow.input.who }"});
    let two = json!([{"one": {"set": {"value": "one"}}}, {"two": {"set": second}}]);
    hold(vec![
        row("D1", "two tasks in order: the output is the last one's, and sees environment and input", two)
            .env(json!({"APP_ENV": {"value": "test", "is_secret": false}}))
            .input(json!({"who": "Ada"}))
            .gives(json!({"value": "two", "env": "test", "input": "Ada"})),
        row(
            "D1",
            "two tasks that export",
            json!([
            {"one": {"set": {"value": 1}, "export": {"as": {"one": "${ .value }"}}}},
            {"two": {"set": {"value": 2}, "export": {"as": {"two": "${ .value }"}}}},
            {"all": {"set": {"context": "${ $context }"}}}]),
        )
        .gives(json!({"context": {"two": 2}}))
        .instead("a document's `export.as` is the new context; a WorkflowSpec's is merged under the task's name"),
        row(
            "D2",
            "data and environment of the caller",
            json!([
            {"one": {"set": {"from": "${ $data.from }", "env": "${ $env }"}}}]),
        )
        .data(json!({"from": "caller"}))
        .env(json!({"KEEP": {"value": "this", "is_secret": false}}))
        .gives(json!({"from": "caller", "env": {"KEEP": {"value": "this", "is_secret": false}}})),
        row("D3", "a(then c), b, c", json!([then("a", "c"), step("b"), step("c")])).gives(ran(&["a", "c"])),
        row("D4", "a(then task-c), b", json!([then("a", "task-c"), step("b")]))
            .refused("E0303", "task-c")
            .instead("told before the first task, not after the last one"),
        row("D5", "a(then end), b", json!([then("a", "end"), step("b")])).gives(ran(&["a"])),
        row(
            "D5",
            "a(then exit), b in a list of its own, c behind it",
            json!([{"inner": {"do": [then("a", "exit"), step("b")]}}, step("c")]),
        )
        .gives(ran(&["a", "c"])),
        row(
            "D3",
            "a jump backwards",
            json!([
            {"count": {"set": {"n": "${ (.n // 0) + 1 }"}}},
            {"again": {"switch": [{"more": {"when": "${ .n < 3 }", "then": "count"}}]}}]),
        )
        .gives(json!({"n": 3}))
        .instead("the original could only jump forwards"),
    ]);
}

#[test]
fn conditions() {
    let given = |id, given, condition: Value| {
        row(id, given, json!([{"a": {"set": {"ran": true}, "if": condition}}])).input(json!({"ran": false, "flag": "TRUE"}))
    };
    hold(vec![
        row("I1", "no `if`", json!([{"a": {"set": {"ran": true}}}])).gives(json!({"ran": true})),
        given("I1", "true", json!("${ true }")).gives(json!({"ran": true})),
        given("I1", "false", json!("${ false }")).gives(json!({"ran": false, "flag": "TRUE"})),
        given("I1", "the literal TRUE", json!("TRUE")).refused("E0401", "TRUE").instead("a condition is an expression"),
        given("I1", "the literal 1", json!("1"))
            .faults("expression", 400, "true or false")
            .instead("a text or a number is no condition: what is neither true nor false is told"),
        given("I1", "a text that says TRUE", json!("${ .flag }")).faults("expression", 400, "true or false").instead("the same"),
        given("I1", "5: an error that no attempt mends", json!("${ 5 }")).faults("expression", 400, "true or false"),
    ]);
}

#[test]
fn types_of_tasks() {
    let http = json!({"call": "http", "with": {"method": "get", "endpoint": "https://h.test/"}});
    let known: Vec<(&'static str, Value, Value)> = vec![
        ("call: http", http, json!({"method": "GET", "uri": "https://h.test/", "output": "content", "redirect": false})),
        ("do", json!({"do": [{"b": {"set": {"x": 1}}}]}), json!({"x": 1})),
        ("for", json!({"for": {"in": [1]}, "do": [{"b": {"set": {"x": "${ $item }"}}}]}), json!({"x": 1})),
        ("fork", json!({"fork": {"branches": [{"b": {"set": {"x": 1}}}]}}), json!([{"x": 1}])),
        ("set", json!({"set": {"x": 1}}), json!({"x": 1})),
        ("switch", json!({"switch": [{"c": {"then": "continue"}}]}), json!({})),
        ("try", json!({"try": [{"b": {"set": {"x": 1}}}], "catch": {}}), json!({"x": 1})),
        ("wait", json!({"wait": {"seconds": 1}}), json!({})),
    ];
    let mut rows: Vec<Row> = known.into_iter().map(|(given, task, want)| row("F1", given, json!([{"a": task}])).gives(want)).collect();
    rows.extend([
        row("F1", "listen", json!([{"a": {"listen": {"to": {"one": {"with": {"type": "go"}}}}}}]))
            .events(&[(1, "go", json!(1))])
            .gives(json!([1])),
        row(
            "F1",
            "raise",
            json!([{"a": {"raise": {"error": {"type": "https://serverlessworkflow.io/spec/1.0.0/errors/runtime", "status": 500}}}}]),
        )
        .faults("runtime", 500, ""),
        row("F1", "run", json!([{"a": {"run": {"shell": {"command": "date"}}}}])).gives(json!("success")),
        row("F1", "none that is known", json!([{"a": {"unknown": {}}}])).refused("E0210", "does not say what to do"),
    ]);
    hold(rows);
}

#[test]
fn set_wait_and_activities() {
    let value = json!({"result": {"value": "${ $env.VALUE.value }"}});
    let activity = |with: Value| json!([{"a": {"call": "activity", "with": with}}]);
    hold(vec![
        row(
            "S1",
            "set from the environment: the output and `$data` hold it",
            json!([{"a": {"set": value}}, {"b": {"set": {"both": ["${ . }", "${ $data.result }"]}}}]),
        )
        .env(json!({"VALUE": {"value": "ok", "is_secret": false}}))
        .gives(json!({"both": [{"result": {"value": "ok"}}, {"value": "ok"}]})),
        row("W1", "wait {seconds: 10}", json!([{"a": {"wait": {"seconds": 10}}}])).gives_after(10.0, json!({})),
        row(
            "AC1",
            "an activity of a queue, with arguments from the input",
            activity(json!({"activity": "dslTestActivity", "queue": "q", "arguments": ["${ .message }"]})),
        )
        .input(json!({"message": "ping"}))
        .gives(json!({"name": "dslTestActivity", "queue": "q", "arguments": ["ping"]})),
        row("AC1", "the original's keys for it", activity(json!({"name": "dslTestActivity", "taskQueue": "q", "arguments": []})))
            .refused("E0202", "`activity`")
            .instead("`name` and `taskQueue` were never reachable but by the original's own YAML; `activity` and `queue` name them"),
        row("O2", "no duration", json!([{"a": {"wait": {}}}])).refused("E0", "duration"),
        row("O2", "ten seconds", json!([{"a": {"wait": {"seconds": 10}}}])).gives_after(10.0, json!({})),
        row("O2", "a minute", json!([{"a": {"wait": {"minutes": 1}}}])).gives_after(60.0, json!({})),
        row("O2", "all units", json!([{"a": {"wait": {"days": 4, "hours": 6, "minutes": 43, "seconds": 32, "milliseconds": 472}}}]))
            .gives_after(369_812.472, json!({})),
        row("O2", "the same in ISO 8601", json!([{"a": {"wait": "P4DT6H43M32.472S"}}]))
            .gives_after(369_812.472, json!({}))
            .instead("the original took such a text for nothing"),
    ]);
}

#[test]
fn loops() {
    let whiles = |condition: Option<&str>| {
        let mut task = json!({"for": {"in": [1, 2]}, "do": [{"b": {"set": {"seen": "${ $item }"}}}]});
        if let Some(condition) = condition {
            task["while"] = json!(condition);
        }
        json!([{"a": task}])
    };
    let flags = json!({"flag": true, "no": false, "text": "yes"});
    hold(vec![
        row("FO1", "no while", whiles(None)).gives(json!({"seen": 2})),
        row("FO1", "while true", whiles(Some("${ $data.flag }"))).data(flags.clone()).gives(json!({"seen": 2})),
        row("FO1", "while false", whiles(Some("${ $data.no }"))).data(flags.clone()).gives(json!({})),
        row("FO1", "while a text", whiles(Some("${ $data.text }")))
            .data(flags.clone())
            .faults("expression", 400, "true or false")
            .instead("a text is no condition; to end the loop in silence would hide the mistake"),
        row("FO1", "while what does not parse", whiles(Some("${ $data. }"))).data(flags).refused("E0401", "expected key"),
        row(
            "FO2",
            "each and at are variables, and members of `$data`",
            json!([{"a": {
            "for": {"each": "value", "at": "idx", "in": ["item-value"]},
            "do": [{"b": {"set": {"child_value": "${ $data.value }", "same": "${ $value }", "at": "${ $data.idx }"}}}]}}]),
        )
        .gives(json!({"child_value": "item-value", "same": "item-value", "at": 0}))
        .instead("the loop's output is its last iteration's, not a list of all"),
        row("FO2", "an object, or a number", json!([{"a": {"for": {"in": "${ {a: 1} }"}, "do": [step("b")]}}]))
            .faults("expression", 400, "array")
            .instead("an object has no order to rely on, and a number is a count to some and a mistake to others"),
    ]);
}

#[test]
fn decisions_and_errors() {
    let jump = json!([
        {"route": {"switch": [{"run": {"when": "${ $data.run }", "then": "target"}}, {"rest": {"then": "end"}}]}}, step("between"), step("target")]);
    let raise = |error: Value| json!([{"a": {"raise": {"error": error}}}]);
    let validation = "https://serverlessworkflow.io/spec/1.0.0/errors/validation";
    hold(vec![
        row("SW1", "two cases without when", json!([{"a": {"switch": [{"x": {"then": "end"}}, {"y": {"then": "end"}}]}}]))
            .refused("E0", "`when`"),
        row("SW2", "the case whose `when` is true: a jump", jump.clone()).data(json!({"run": true})).gives(ran(&["target"])),
        row("SW2", "the case whose `when` is false", jump).data(json!({"run": false})).gives(json!({})),
        row("RA1", "a standard error", raise(json!({"type": validation, "status": 400, "title": "Validation error"}))).faults(
            "validation",
            400,
            "Validation error",
        ),
        row(
            "RA1",
            "title and detail by expressions",
            raise(json!({"type": validation, "status": 400, "title": "${ .t }", "detail": "${ .d }"})),
        )
        .input(json!({"t": "Order", "d": "has no item"}))
        .faults("validation", 400, "has no item"),
        row(
            "RA2",
            "a type of one's own",
            raise(json!({"type": "https://example.com/errors/custom", "status": 418, "title": "https://temporal.io/errors/nonretryable"})),
        )
        .faults("custom", 418, "")
        .instead(
            "the title says nothing about attempts: an error with status 400 is final for the caller, any other is the caller's policy's",
        ),
    ]);
}

#[test]
fn programs() {
    let run =
        |run: Value| json!([{"run-task": {"run": run}}, {"after": {"set": {"output": "${ . }", "data": "${ $data[\"run-task\"] }"}}}]);
    let workflow = json!({"workflow": {"namespace": "test", "name": "child", "version": "0.1.0", "input": {"a": 1}}});
    let asked = json!({"namespace": "test", "name": "child", "version": "0.1.0", "input": {"a": 1}});
    let mut detached = workflow.clone();
    detached["await"] = json!(false);
    let script = |more: Value| {
        let mut script = json!({"script": {"language": "js", "code": "1"}});
        script.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        json!([{"script-task": {"run": script}}])
    };
    let success = json!({"output": "success", "data": "success"});
    hold(vec![
        row("RU1", "run.workflow awaits when it does not say", run(workflow.clone())).gives(json!({"output": asked, "data": asked})),
        row("RU2", "await: the result is output and `$data`", run(workflow)).gives(json!({"output": asked, "data": asked})),
        row("RU2", "await: false", run(detached))
            .input(json!({"given": 1}))
            .gives(json!({"output": {"given": 1}, "data": {"given": 1}}))
            .instead("the task's input goes on, as the specification has it, where the original went on with null"),
        row("RU3", "an unknown language", script(json!({"script": {"language": "golang", "code": "1"}}))).refused("E0", "golang"),
        row("RU3", "no code", script(json!({"script": {"language": "js"}}))).refused("E0", "code"),
        row("RU3", "a script that is not awaited", script(json!({"await": false})))
            .input(json!({"a": 1}))
            .gives(json!({"a": 1}))
            .instead("it may be"),
        row("RU4", "a script's result is output and `$data`", run(json!({"script": {"language": "js", "code": "1"}})))
            .gives(success.clone()),
        row("RU4", "a command's result is output and `$data`", run(json!({"shell": {"command": "date"}}))).gives(success),
    ]);
}

#[test]
fn listeners() {
    let listen = |to: Value| json!([{"a": {"listen": {"to": to}}}]);
    let of = |kind: &str| json!({"with": {"type": kind}});
    let both = [(1, "one", json!(1)), (5, "two", json!(2))];
    hold(vec![
        row("LI1", "all: waits for each", listen(json!({"all": [of("one"), of("two")]}))).events(&both).gives_after(5.0, json!([1, 2])),
        row("LI1", "one", listen(json!({"one": of("two")}))).events(&both).gives_after(5.0, json!([2])),
        row("LI1", "no strategy", listen(json!({}))).refused("E0", "one"),
        row("LI1", "an event that says nothing about itself", listen(json!({"one": {"with": {}}})))
            .refused("E0208", "at least one attribute"),
        row(
            "LI1",
            "the original's id and type of a Temporal message",
            listen(json!({"one": {"with": {"id": "approve", "type": "signal"}}})),
        )
        .events(&[(1, "approve", json!(1)), (2, "signal", json!(2))])
        .faults("runtime", 500, "stuck")
        .instead("these are attributes of an event here; a signal is an event of the type that the signal is named"),
        row(
            "LI2",
            "a reply made from `$data`",
            json!([
            {"a": {"listen": {"to": {"one": of("ask")}}, "output": {"as": {"result": "${ $data.message }"}}}}]),
        )
        .data(json!({"message": "hello"}))
        .events(&[(1, "ask", json!({}))])
        .gives(json!({"result": "hello"}))
        .instead("nothing is replied to whoever sends: queries and updates are no events. The template makes the output"),
        row("LI3", "any completes on the first", listen(json!({"any": [of("one"), of("two")]}))).events(&both).gives_after(1.0, json!([1])),
        row(
            "LI3",
            "no time limit but the task's own",
            json!([{"a": {"listen": {"to": {"one": of("late")}}, "timeout": {"after": {"seconds": 60}}}}]),
        )
        .events(&[(90, "late", json!(1))])
        .faults("timeout", 408, "")
        .instead("the original's minute was its own; a listener waits for as long as its document says"),
        row("LI3", "what is not accepted is not taken: it waits on", listen(json!({"one": {"with": {"type": "one", "data": "${ .ok }"}}})))
            .events(&[(1, "one", json!({"ok": false})), (3, "one", json!({"ok": true}))])
            .gives_after(3.0, json!([{"ok": true}])),
    ]);
}

/// The original's golden files hold these patterns.
#[test]
fn golden_patterns() {
    let http = |uri: &str| json!({"call": "http", "with": {"method": "get", "endpoint": {"uri": uri}}});
    let sent = |uri: &str| json!({"method": "GET", "uri": uri, "output": "content", "redirect": false});
    let host = "${ \"https://\" + .host + \"/data\" }";
    let add = json!({"items": "${ .items }", "total": "${ (.total // 0) + $n }"});
    let no = json!({"error": {"type": "https://example.com/no", "status": 500}});
    let caught = json!({"as": "e", "do": [{"yes": {"set": {"caught": "${ $e.status }"}}}]});
    hold(vec![
        row(
            "golden",
            "a value by its name, in the next task",
            json!([{"a": {"set": {"status": "ok"}}}, {"b": {"set": {"seen": "${ .status }"}}}]),
        )
        .gives(json!({"seen": "ok"})),
        row("golden", "an address by expression", json!([{"a": {"set": {"host": "h.test"}}}, {"b": http(host)}]))
            .gives(sent("https://h.test/data")),
        row("golden", "a sum of what was set", json!([{"a": {"set": {"a": 10, "b": 20}}}, {"b": {"set": {"computed": "${ .a + .b }"}}}]))
            .gives(json!({"computed": 30}))
            .instead("`.` is the task's input; the original's was null"),
        row(
            "golden",
            "all at once: set, call, decision, loop, branches, a caught error",
            json!([
            {"start": {"set": {"items": [1, 2, 3]}}},
            {"sum": {"for": {"each": "n", "in": "${ .items }"}, "do": [{"add": {"set": add}}]}},
            {"route": {"switch": [{"large": {"when": "${ .total > 5 }", "then": "both"}}, {"rest": {"then": "end"}}]}},
            {"never": {"set": {"wrong": true}}},
            {"both": {"fork": {"branches": [
                {"left": {"set": {"total": "${ .total }"}}},
                {"right": {"try": [{"no": {"raise": no}}], "catch": caught}}]}}}]),
        )
        .gives(json!([{"total": 6}, {"caught": 500}])),
    ]);
}

/// jq as it is spoken here, beside the original's dialect.
#[test]
fn dialect() {
    let set = |expression: &str| json!([{"a": {"set": {"x": expression}}}]);
    hold(vec![
        row("8.14.10", "single quotes", set("${ 'text' }"))
            .refused("E0401", "double quotes")
            .instead("they are no jq; the converter writes those of a WorkflowSpec in double ones"),
        row("8.14.10", "a variable that nobody defines", set("${ $unknown }")).refused("E0401", "$unknown"),
        row("8.14.10", "uuid", set("${ uuid }"))
            .refused("E0401", "uuid")
            .instead("randomness is no function of data, and would differ on a replay"),
        row("8.14.10", "several results", set("${ 1, 2 }"))
            .faults("expression", 400, "")
            .instead("a first one taken in silence hides the second; `first( )` takes it on purpose"),
        row("8.14.10", "no result", set("${ empty }")).faults("expression", 400, ""),
        row("8.14.10", "the input of an expression", set("${ .a }"))
            .input(json!({"a": 1}))
            .gives(json!({"x": 1}))
            .instead("the original's was null"),
        row("8.14.10", "no environment, no input of a program", set("${ [env, $ENV] }"))
            .refused("E0401", "env")
            .instead("refused, where the original's were empty"),
    ]);
}
