//! Specifications within the rules of the platform, at random: every kind of task, every form of text.

use serde_json::{Map, Value, json};

use super::convert::Queues;
use super::{from_json, wf};

/// Of the activities that the specifications name.
pub(crate) fn queues() -> Queues {
    Queues::from([("Greet".to_owned(), Ok("people".to_owned())), ("Weigh/v2".to_owned(), Ok("scales".to_owned()))])
}

/// The same specification for the same seed.
pub(crate) fn spec(seed: u64) -> wf::WorkflowSpec {
    let mut random = Random { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, tasks: 0 };
    let tasks = random.list(3);
    let spec =
        json!({"document": {"dsl": "1.0.0", "namespace": "random", "name": format!("spec-{seed}"), "version": "1.0.0"}, "tasks": tasks});
    from_json(&spec).expect("a specification")
}

struct Random {
    state: u64,
    /// Names differ in all lists.
    tasks: usize,
}

/// Kinds of tasks without others in them, and behind them those with.
const LEAVES: usize = 9;

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        // xorshift64
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state >> 33).unwrap_or_default() % limit
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    fn list(&mut self, depth: usize) -> Value {
        let count = 1 + self.below(4);
        let mut tasks: Vec<Value> = (0..count).map(|_| self.task(depth)).collect();
        // Only forward: what is jumped over is reached by nobody, and that is a warning of the plan, not of the text.
        if count > 1 && self.below(3) == 0 {
            let next = tasks[1]["name"].clone();
            tasks[0]["flow"] = json!({ "then": next });
        }
        if self.below(4) == 0 {
            tasks[count - 1]["flow"] = json!({ "then": self.one(&["end", "exit", "continue"]) });
        }
        Value::Array(tasks)
    }

    fn task(&mut self, depth: usize) -> Value {
        self.tasks += 1;
        let name = format!("{}{}", self.one(&["step ", "fetch-", "a/b~", "Übung ", "on"]), self.tasks);
        let (kind, config) = self.kind(depth);
        let mut task = json!({ "name": name, "kind": format!("WORKFLOW_TASK_KIND_{kind}"), "taskConfig": config });
        if self.below(3) == 0 {
            task["export"] = json!({ "as": self.one(&["${.}", "${ .user | {a: .} }", ".items", "done", "${ 'it' + .x }"]) });
        }
        task
    }

    fn kind(&mut self, depth: usize) -> (&'static str, Value) {
        let kinds = if depth == 0 { LEAVES } else { LEAVES + 3 };
        match self.below(kinds) {
            0 => ("SET", json!({ "variables": self.texts(1) })),
            1 => ("HTTP_CALL", self.http()),
            2 => ("AGENT_CALL", self.agent()),
            3 => ("SWITCH", self.switch()),
            4 => ("WAIT", json!({ "seconds": 1 + self.below(100_000) })),
            5 => (
                "RAISE",
                json!({ "error": self.one(&["ValidationError", "timeout", "Out of stock", "https://example.com/errors/odd"]), "message": self.text() }),
            ),
            6 => ("LISTEN", self.listen()),
            7 => ("RUN", self.run()),
            8 => ("CALL_ACTIVITY", self.activity()),
            9 => (
                "FOR",
                json!({ "each": self.one(&["item", "pet", "x_1"]), "in": self.one(&["${ $context.items }", "$data.list", "${ [1, 2] }", ".items"]), "do": self.list(depth - 1) }),
            ),
            10 => ("FORK", self.fork(depth - 1)),
            _ => ("TRY", self.try_(depth - 1)),
        }
    }

    fn text(&mut self) -> &'static str {
        self.one(&[
            "plain",
            "1.0",
            "yes: no",
            "  # not a comment",
            "line\nline\n",
            "it's \"quoted\" \\ and \u{1F43E}",
            "${ $data.a }",
            "${.secrets.KEY}",
            "Bearer ${.secrets.KEY}",
            "https://api-${.env_vars.REGION}.example.com/${ $data.id }",
            "${ $context['fetch'].title | ascii_upcase }",
            "${ {a: 'b', \"c\": [.x]} }",
            "${ .count + 1 }",
            "${ $output }",
            "not closed ${ .a",
        ])
    }

    fn texts(&mut self, least: usize) -> Map<String, Value> {
        let count = least + self.below(3);
        (0..count)
            .map(|index| (self.one(&["a", "b-c", "Content-Type", "x y"]).to_owned() + &index.to_string(), self.text().into()))
            .collect()
    }

    fn json(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 4 } else { 6 }) {
            0 => self.text().into(),
            1 => json!(self.below(1_000)),
            2 => json!(self.one(&[0.5, -2.25, 1e30])),
            3 => self.one(&[Some(true), Some(false), None]).into(),
            4 => (0..self.below(3)).map(|_| self.json(depth - 1)).collect(),
            _ => self.object(depth - 1),
        }
    }

    fn object(&mut self, depth: usize) -> Value {
        (0..self.below(4)).map(|index| (format!("k{index}"), self.json(depth))).collect::<Map<_, _>>().into()
    }

    fn http(&mut self) -> Value {
        let uri = self.one(&["https://example.com/a", "https://${.env_vars.HOST}/v1/${ $data.id }", "${ $context.url + '/x' }"]);
        let mut config = json!({ "method": self.one(&["GET", "POST", "PUT", "DELETE", "PATCH"]), "endpoint": { "uri": uri }, "timeoutSeconds": 1 + self.below(300) });
        if self.below(2) == 0 {
            config["headers"] = self.texts(1).into();
        }
        if self.below(2) == 0 {
            config["body"] = self.object(2);
        }
        config
    }

    fn agent(&mut self) -> Value {
        let mut config = json!({ "agent": self.one(&["reviewer", "helper-2"]), "message": self.text() });
        if self.below(2) == 0 {
            config["env"] = self.texts(1).into();
        }
        if self.below(2) == 0 {
            config["scope"] = self.one(&["organization", "platform"]).into();
        }
        if self.below(2) == 0 {
            config["config"] = json!({ "model": "m", "timeout": 1 + self.below(3_600), "temperature": self.one(&[0.25, 0.7, 1.0]) });
        }
        config
    }

    fn switch(&mut self) -> Value {
        let whens = ["${ .a > 1 }", "$data.ok", "${ $context.a.status } == 'ok'", "'${.env_vars.A}' == 'x'", "${ .a } and ${ .b }"];
        let mut cases: Vec<Value> = (0..self.below(3))
            .map(|index| json!({ "name": format!("case{index}"), "when": whens[index], "then": self.one(&["continue", "end", "exit"]) }))
            .collect();
        cases.push(json!({ "name": "otherwise", "then": "continue" }));
        json!({ "cases": cases })
    }

    fn listen(&mut self) -> Value {
        let ids = ["approve", "order.paid", "what?(x)", "${ .x }"];
        let signals: Vec<Value> = ids.iter().take(1 + self.below(ids.len())).map(|id| json!({ "id": id, "type": "signal" })).collect();
        json!({ "to": { "mode": self.one(&["one", "all"]), "signals": signals } })
    }

    fn run(&mut self) -> Value {
        let mut config = json!({ "workflow": self.one(&["child", "random/child", "pets/buy:1.2.3", "child:latest"]) });
        if self.below(2) == 0 {
            config["input"] = self.object(2);
        }
        config
    }

    fn activity(&mut self) -> Value {
        let mut config = json!({ "activity": self.one(&["Greet", "Weigh/v2"]) });
        if self.below(2) == 0 {
            config["input"] = self.object(2);
        }
        config
    }

    fn fork(&mut self, depth: usize) -> Value {
        let branches: Vec<Value> =
            (0..2 + self.below(2)).map(|index| json!({ "name": format!("branch {index}"), "do": self.list(depth) })).collect();
        json!({ "branches": branches, "compete": self.below(2) == 0 })
    }

    fn try_(&mut self, depth: usize) -> Value {
        let mut config = json!({ "try": self.list(depth) });
        match self.below(3) {
            0 => {}
            1 => config["catch"] = json!({ "do": self.list(depth) }),
            _ => config["catch"] = json!({ "as": "problem", "do": self.list(depth) }),
        }
        config
    }
}
