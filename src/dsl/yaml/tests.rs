use serde_json::{Value as Json, json};

use super::*;
use crate::dsl::{Diagnostic, codes};

fn read(text: &str) -> (Option<Json>, Vec<Diagnostic>) {
    let mut report = Report::new(text, "test.yaml");
    let node = load(&mut report);
    (node.map(|node| node.to_json()), report.into_diagnostics())
}

/// Code, line and column of each problem.
fn problems(text: &str) -> Vec<(&'static str, u32, u32)> {
    read(text).1.into_iter().map(|found| (found.code, found.span.line, found.span.column)).collect()
}

#[test]
fn values_keys_and_aliases() {
    let text = "\u{feff}on: yes\n200: ok\n'true': !!str 12\nlist: &l [1, 2.50, ~]\nagain: *l\nblock: |\n  a\n  b\n'<<': plain\r\nkey: &s x\n*s : y\n";
    let (value, problems) = read(text);
    assert_eq!(problems, []);
    let expected = json!({
        "on": "yes", "200": "ok", "true": "12", "list": [1, 2.5, null], "again": [1, 2.5, null], "block": "a\nb\n", "<<": "plain", "key": "x",
        "x": "y",
    });
    assert_eq!(value, Some(expected));
    assert_eq!(read("--- {}\n...\n").0, Some(json!({})));
}

#[test]
fn every_node_knows_its_place() {
    let text = "é: ü\nlist:\n  - 'it''s'\n  - \"q\\\"q\"\r\n  - plain text\n";
    let mut report = Report::new(text, "test.yaml");
    let root = load(&mut report).unwrap();
    let written = |node: &Node| &text[node.span.start as usize..node.span.end as usize];
    assert_eq!(written(root.get("é").unwrap()), "ü");
    let Value::Sequence(items) = &root.get("list").unwrap().value else { panic!("no list") };
    assert_eq!(items.iter().map(written).collect::<Vec<_>>(), ["'it''s'", "\"q\\\"q\"", "plain text"]);
    assert_eq!((items[2].span.line, items[2].span.column), (5, 5));
}

#[test]
fn what_is_refused_and_where() {
    for (text, expected) in [
        ("a: [1\n", vec![(codes::SYNTAX, 2, 1)]),
        ("a: b\n c: d\n", vec![(codes::SYNTAX, 2, 3)]),
        ("a: *nowhere\n", vec![(codes::SYNTAX, 1, 4)]),
        ("", vec![(codes::EMPTY_DOCUMENT, 1, 1)]),
        ("# nothing\n", vec![(codes::EMPTY_DOCUMENT, 1, 1)]),
        ("a: 1\nb: 2\na: 3\nc: {x: 1, x: 2}\n", vec![(codes::DUPLICATE_KEY, 3, 1), (codes::DUPLICATE_KEY, 4, 11)]),
        ("a: 1\n---\nb: 2\n", vec![(codes::SEVERAL_DOCUMENTS, 2, 1)]),
        ("a: &x {k: 1}\nb:\n  <<: *x\n", vec![(codes::MERGE_KEY, 3, 3)]),
        (
            "a: !foo x\nb: !!binary aGk=\nc: !bar {}\n",
            vec![(codes::UNKNOWN_TAG, 1, 4), (codes::UNKNOWN_TAG, 2, 4), (codes::UNKNOWN_TAG, 3, 4)],
        ),
        ("? [a]\n: b\n? {c: d}\n: e\n", vec![(codes::BAD_KEY, 1, 3), (codes::BAD_KEY, 3, 3)]),
        (": b\n", vec![(codes::BAD_KEY, 1, 1)]),
        ("a: .inf\nb: 99999999999999999999\n", vec![(codes::BAD_NUMBER, 1, 4), (codes::BAD_NUMBER, 2, 4)]),
        ("a: &x [1, *x]\n", vec![(codes::SYNTAX, 1, 11)]),
    ] {
        assert_eq!(problems(text), expected, "{text:?}");
    }
}

/// Documents made to exhaust whoever reads them end in one diagnostic.
#[test]
fn hostile_text() {
    let bomb = |width: usize| {
        let lines = (1..10).map(|level| format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); width].join(", ")));
        std::iter::once("a0: &a0 [x]\n".to_owned()).chain(lines).collect::<String>()
    };
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), vec!["*a"; 100].join(", "));
    let ladder = (1..200).map(|level| format!("- &a{level} [*a{}]\n", level - 1)).collect::<Vec<_>>().concat();
    for (text, code) in [
        ("x".repeat(MAX_BYTES + 1), codes::TOO_LARGE),
        ("- ".repeat(MAX_BYTES / 2), codes::TOO_DEEP),
        ("a: ".to_owned() + &"[".repeat(200) + &"]".repeat(200), codes::TOO_DEEP),
        // The scanner looks ahead, so its own limit comes first here.
        ("[".repeat(MAX_BYTES), codes::SYNTAX),
        ("? ".repeat(MAX_BYTES / 2), codes::TOO_DEEP),
        ("- a\n".repeat(MAX_BYTES / 4), codes::TOO_MANY_NODES),
        (bomb(10), codes::TOO_MANY_NODES),
        (bomb(2000), codes::TOO_MANY_NODES),
        (long, codes::TOO_MANY_NODES),
        (format!("- &a0 x\n{ladder}"), codes::TOO_DEEP),
        ("---\n".repeat(MAX_BYTES / 4), codes::SEVERAL_DOCUMENTS),
        ("a: 1\n".to_owned() + &"\0".repeat(100), codes::SYNTAX),
    ] {
        let found = problems(&text);
        assert_eq!(found.iter().map(|problem| problem.0).collect::<Vec<_>>(), [code], "{}…", &text[..20.min(text.len())]);
    }
    let keys = (0..40_000).map(|key| format!("k{key}: 1\n")).collect::<Vec<_>>().concat();
    assert_eq!(problems(&keys), []);
    let doubled = "k: 1\n".repeat(500);
    assert_eq!(problems(&doubled).len(), crate::dsl::MAX_DIAGNOSTICS);
}
