//! The shapes, as documents; `hand_written` has the same in Rust.

use serde_json::{Value, json};

pub struct Shape {
    pub name: String,
    /// The hand-written workflow of the same shape.
    pub kind: Kind,
    pub local: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Kind {
    OneSet,
    TwentySets,
    ThreeCalls,
    HundredCalls,
    HundredSets,
    ForkOfTen,
    ThreeWaits,
    TryOne,
}

impl Kind {
    const ALL: [(Self, &'static str, bool); 8] = [
        (Self::OneSet, "one-set", false),
        (Self::TwentySets, "20-sets", false),
        (Self::ThreeCalls, "3-http", true),
        (Self::HundredCalls, "for-100-http", true),
        (Self::HundredSets, "for-100-sets", false),
        (Self::ForkOfTen, "fork-10-http", true),
        (Self::ThreeWaits, "3-waits", false),
        (Self::TryOne, "try-1-http", true),
    ];
}

impl Shape {
    /// Every shape; those with calls also with local ones.
    pub fn all() -> Vec<Self> {
        let shape = |kind, name: &str, local| Self { name: if local { format!("{name} local") } else { name.to_owned() }, kind, local };
        Kind::ALL
            .iter()
            .flat_map(|(kind, name, calls)| {
                [false, true].into_iter().filter(|local| *calls || !*local).map(|local| shape(*kind, name, local))
            })
            .collect()
    }

    pub fn document(&self, url: &str) -> String {
        let metadata = if self.local { ", metadata: {local: true}" } else { "" };
        let get = |name: &str| format!("{name}: {{call: http, with: {{method: get, endpoint: '{url}'}}{metadata}}}");
        let lines = |indent: &str, items: Vec<String>| items.iter().map(|item| [indent, "- ", item, "\n"].concat()).collect::<String>();
        let each = |body: String| format!("  - each:\n      for: {{in: '[range(100)]'}}\n      do:\n{}", lines("        ", vec![body]));
        let tasks = match self.kind {
            Kind::OneSet => lines("  ", vec!["answer: {set: {answer: 42}}".to_owned()]),
            Kind::TwentySets => lines("  ", (0..20).map(|n| format!("set{n}: {{set: '${{ {{n: (.n + {n})}} }}'}}")).collect()),
            Kind::ThreeCalls => lines("  ", ["a", "b", "c"].map(get).to_vec()),
            Kind::HundredCalls => each(get("get")),
            Kind::HundredSets => each("add: {set: '${ {n: (.n + $item)} }'}".to_owned()),
            Kind::ForkOfTen => {
                let branches = (0..10).map(|n| get(&format!("b{n}"))).collect();
                format!("  - all:\n      fork:\n        branches:\n{}", lines("          ", branches))
            }
            Kind::ThreeWaits => lines("  ", ["a", "b", "c"].map(|name| format!("{name}: {{wait: {{milliseconds: 1}}}}")).to_vec()),
            Kind::TryOne => format!("  - guarded:\n      try:\n{}      catch: {{}}\n", lines("        ", vec![get("get")])),
        };
        format!("document: {{dsl: '1.0.3', namespace: bench, name: {}, version: '1.0.0'}}\ndo:\n{tasks}", self.slug())
    }

    pub fn slug(&self) -> String {
        self.name.replace(' ', "-")
    }

    pub fn input() -> Value {
        json!({"n": 1})
    }
}
