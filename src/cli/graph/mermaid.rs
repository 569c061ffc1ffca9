//! Mermaid's flowcharts, which many viewers of Markdown draw.

use std::fmt::Write as _;

use super::model::{Edge, Graph, Item, Line, Mark, Scope, Shape};

pub fn write(graph: &Graph) -> String {
    let mut text = format!("%% {}\nflowchart TB\n", graph.title);
    scope(&mut text, &graph.flow, 1);
    graph.others.iter().for_each(|other| item(&mut text, other, 1));
    classes(&mut text, graph);
    text
}

/// The colours of a run, where there is one.
fn classes(text: &mut String, graph: &Graph) {
    let marked = graph.marked();
    for mark in Mark::ALL {
        let ids: Vec<&str> = marked.iter().filter(|(_, of)| *of == mark).map(|(id, _)| *id).collect();
        if !ids.is_empty() {
            let (fill, stroke) = mark.colours();
            let word = mark.word();
            let _ = writeln!(text, "  classDef {word} fill:{fill},stroke:{stroke},color:#1f2328\n  class {} {word}", ids.join(","));
        }
    }
}

fn scope(text: &mut String, scope: &Scope, depth: usize) {
    scope.items.iter().for_each(|it| item(text, it, depth));
    scope.edges.iter().for_each(|it| edge(text, scope, it, depth));
}

fn item(text: &mut String, item: &Item, depth: usize) {
    let indent = "  ".repeat(depth);
    let label = item.lines.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("<br/>");
    if let Some(inside) = &item.inside {
        let _ = writeln!(text, "{indent}subgraph {}[\"{label}\"]\n{indent}  direction TB", item.id);
        scope(text, inside, depth + 1);
        let _ = writeln!(text, "{indent}end");
        return;
    }
    let (open, close) = match item.shape {
        Shape::Start | Shape::Exit | Shape::Bar => ("((", "))"),
        Shape::End => ("(((", ")))"),
        Shape::Choice => ("{", "}"),
        Shape::Error => ("{{", "}}"),
        Shape::Handling => ("([", "])"),
        Shape::Task | Shape::Group => ("[", "]"),
    };
    let _ = writeln!(text, "{indent}{}{open}\"{label}\"{close}", item.id);
}

fn edge(text: &mut String, scope: &Scope, edge: &Edge, depth: usize) {
    let arrow = match edge.line {
        Line::Flow => "-->",
        Line::Error => "-.->",
    };
    let label = edge.label.as_ref().map(|label| format!("|\"{}\"|", escaped(label))).unwrap_or_default();
    let (from, to) = (&scope.items[edge.from].id, &scope.items[edge.to].id);
    let _ = writeln!(text, "{}{from} {arrow}{label} {to}", "  ".repeat(depth));
}

/// Everything that could mean something to Mermaid becomes an entity of its own kind, `#35;`.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, c| {
        if c.is_alphanumeric() || " .,:/-_+=()[]?!'…".contains(c) {
            escaped.push(c);
        } else {
            let _ = write!(escaped, "#{};", u32::from(c));
        }
        escaped
    })
}
